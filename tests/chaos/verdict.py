"""The verdict: what was sent in against what the fake channel wrote down.

Tables are asked one thing only: whether what the channel saw twice is a row that was marked unknown.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.script import ANSWER, ASSURED, BACK, PERSON, Letter

#: A turn is given up after three tries; of so many messages one may meet three kills by chance.
GIVEN_UP = 0.01
#: How long the channel and whoever writes down its answer may take, in seconds, also while the disk is full.
ANSWERED_WITHIN = 10.0
#: So many messages a dying deliverer may have taken up at most that had not reached the channel yet.
TAKEN_UP = 4


@dataclass(frozen=True)
class Mark:
    """What the outbox says of a row in the end."""

    key: str
    to: str
    text: str
    state: str
    #: After how many tries nobody knew whether it was sent.
    doubts: int


@dataclass
class Verdict:
    """What is wrong, by kind, and what was counted."""

    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not any(self.wrong.values())

    @property
    def surely_bad(self) -> bool:
        """Whether no later message can make it good."""
        return any(cases for kind, cases in self.wrong.items() if kind not in ("lost", "stuck"))

    def __str__(self) -> str:
        told = [", ".join(f"{count} {name}" for name, count in self.counts.items())]
        for kind, cases in self.wrong.items():
            if not cases:
                continue
            told.append(f"{len(cases)} {kind}: " + "; ".join(cases[:8]) + (" …" if len(cases) > 8 else ""))
        return "\n".join(told)


def read_record(path: Path) -> list[dict[str, Any]]:
    """The lines of the channel's record; a last one that is being written is left out."""
    with path.open("rb") as file:
        return [json.loads(line) for line in file if line.endswith(b"\n")]


def unanswered(letters: Sequence[Letter], record: Iterable[dict[str, Any]]) -> int:
    """How many messages lack their answer, or a part of it."""
    arrived = _arrived(record)
    return sum(_missing(letter, arrived[letter.buyer]) for letter in letters)


#: Where in the record a deliverer died, and when.
Gone = dict[str, tuple[int, float]]
#: What a buyer was told: by the number of their message the parts of the answer, 0 for a person's.
Told = defaultdict[int, set[int]]


def _arrived(record: Iterable[dict[str, Any]]) -> defaultdict[str, Told]:
    arrived: defaultdict[str, Told] = defaultdict(lambda: defaultdict(set))
    for line in record:
        if line["what"] != "sent":
            continue
        for pattern in (ANSWER, ASSURED, PERSON):
            found = pattern.fullmatch(line["text"])
            if found:
                groups = found.groupdict()
                told = arrived[line["to"]][int(groups["number"])]
                told.add(int(groups.get("part", 0)))
                if groups.get("parts"):
                    # The real model's answers have as many parts as they say.
                    told.add(-int(groups["parts"]))
                break
    return arrived


def _missing(letter: Letter, arrived: Told) -> bool:
    told = arrived.get(letter.number, set())
    parts = max(letter.parts, -min(told, default=0))
    return not (0 in told or told.issuperset(range(1, parts + 1)))


def judge(
    letters: Sequence[Letter],
    record: Sequence[dict[str, Any]],
    marks: Sequence[Mark] | None = None,
    died: Sequence[str] = (),
) -> Verdict:
    """Nothing lost, stuck or out of order, nothing twice but what nobody could know, no confirmation twice.

    Args:
        letters: what was sent in.
        record: what the channel was given to send.
        marks: what the outbox says in the end; None while it goes on.
        died: the parts that died without having been killed.
    """
    verdict = Verdict()
    sent: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    gone: dict[str, tuple[int, float]] = {}
    for place, line in enumerate(record):
        if line["what"] == "sent":
            sent[line["to"]].append((place, line))
        elif line["what"] == "gone":
            gone[line["by"]] = (place, line["at"])
    verdict.counts["messages"] = len(letters)
    verdict.counts["sent"] = sum(map(len, sent.values()))
    verdict.counts["timed out"] = sum(line.get("timed_out", False) for line in record)
    verdict.counts["deliverers that died"] = len(gone)
    _judge_losses(verdict, letters, _arrived(record))
    kinds = {(letter.buyer, letter.number): letter.kind for letter in letters}
    doubts = None if marks is None else {mark.key: mark.doubts for mark in marks}
    for buyer, lines in sent.items():
        once = _judge_repeats(verdict, buyer, lines, gone, kinds, doubts)
        _judge_order(verdict, buyer, once)
    if marks is not None:
        _judge_marks(verdict, marks, sent, gone)
    verdict.wrong["died by themselves"] += died
    _judge_exceptions(verdict)
    return verdict


def _judge_losses(verdict: Verdict, letters: Sequence[Letter], arrived: defaultdict[str, Told]) -> None:
    by_buyer: defaultdict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        by_buyer[letter.buyer].append(letter)
    for buyer, theirs in by_buyer.items():
        missing = [letter.number for letter in theirs if _missing(letter, arrived[buyer])]
        last = max(arrived[buyer], default=0)
        verdict.wrong["lost"] += [f"{buyer}-{number}" for number in missing if number < last]
        if missing and missing[-1] >= last:
            verdict.wrong["stuck"].append(f"{buyer} from {min(n for n in missing if n >= last)} on")


def _judge_repeats(
    verdict: Verdict,
    buyer: str,
    lines: Sequence[tuple[int, dict[str, Any]]],
    gone: Gone,
    kinds: dict[tuple[str, int], str],
    doubts: dict[str, int] | None,
) -> list[dict[str, Any]]:
    """The lines without those repeats that are allowed."""
    once: list[dict[str, Any]] = []
    first: dict[str, tuple[int, dict[str, Any]]] = {}
    last_of: dict[str, int] = {line["by"]: place for place, line in lines}
    repeated: set[str] = set()
    for place, line in lines:
        key = line["key"]
        if key not in first:
            first[key] = (place, line)
            once.append(line)
            continue
        before, earlier = first[key]
        answer = ANSWER.fullmatch(line["text"])
        money = answer and (answer["money"] or kinds.get((buyer, int(answer["number"]))) == "money")
        if money:
            verdict.wrong["confirmed twice"].append(f"{buyer}: {line['text']}")
        elif key in repeated:
            verdict.wrong["sent three times"].append(f"{buyer}: {line['text']}")
        elif doubts is not None and not doubts.get(key):
            verdict.wrong["repeated though not marked unknown"].append(f"{buyer}: {line['text']}")
        elif earlier["timed_out"]:
            verdict.counts["repeated after a time-out"] += 1
        elif (
            _died_over(earlier, before, gone)
            and last_of[earlier["by"]] == before < gone[earlier["by"]][0] < place
        ):
            verdict.counts["repeated after a kill"] += 1
        else:
            verdict.wrong["repeated without a reason"].append(f"{buyer}: {line['text']}")
        repeated.add(key)
        if once[-1]["key"] != key:
            verdict.wrong["repeated late"].append(f"{buyer}: {line['text']}")
    return once


def _died_over(line: dict[str, Any], place: int, gone: Gone) -> bool:
    """Whether its deliverer died before it could take down that this was sent: nobody could know."""
    death = gone.get(line["by"])
    return death is not None and place < death[0] and death[1] - line["at"] <= ANSWERED_WITHIN


def _judge_marks(
    verdict: Verdict,
    marks: Sequence[Mark],
    sent: defaultdict[str, list[tuple[int, dict[str, Any]]]],
    gone: Gone,
) -> None:
    """What is marked unknown is so for a reason, and what a person told in its stead was marked."""
    nobody_knew: Counter[str] = Counter()
    for place, line in (one for lines in sent.values() for one in lines):
        nobody_knew[line["key"]] += bool(line["timed_out"] or _died_over(line, place, gone))
    unknown: set[tuple[str, int, int]] = set()
    for mark in marks:
        verdict.counts["marked unknown"] += mark.doubts
        # The channel knows nothing of what was taken up by a deliverer that died before it asked.
        verdict.counts["marked unknown, and never sent"] += max(0, mark.doubts - nobody_knew[mark.key])
        answer = ANSWER.fullmatch(mark.text)
        if mark.state == "unknown" and answer:
            unknown.add((mark.to, int(answer["number"]), int(answer["part"])))
        if mark.state not in ("sent", "unknown"):
            verdict.wrong["neither sent nor unknown"].append(f"{mark.to}: {mark.text} is {mark.state}")
    for buyer, lines in sent.items():
        for _, line in lines:
            told = ASSURED.fullmatch(line["text"])
            if told and (buyer, int(told["number"]), int(told["part"])) not in unknown:
                verdict.wrong["assured though not unknown"].append(f"{buyer}: {line['text']}")


def _judge_order(verdict: Verdict, buyer: str, lines: Sequence[dict[str, Any]]) -> None:
    """Answers in the order of the questions, each by a turn that knew of the one before, none by two."""
    at, known = (0, 0), 0
    # Of what a person tells the buyer in its stead, the bot's own words may never have come.
    assured = {int(found["number"]) for line in lines if (found := ASSURED.fullmatch(line["text"]))}
    for line in lines:
        text = line["text"]
        answer, person = ANSWER.fullmatch(text), PERSON.fullmatch(text)
        if answer:
            here = (int(answer["number"]), int(answer["part"]))
            before = int(answer["before"])
            if here[1] == 1 and before != known and not (before > known and before in assured):
                verdict.wrong["said by a turn that knew another past"].append(f"{buyer}: {text}")
            known = here[0]
            verdict.counts["answers"] += here[1] == 1
        elif person:
            here = (int(person["number"]), 0)
            verdict.counts["answered by a person"] += 1
        else:
            verdict.counts[_kind(text)] += 1
            continue
        if here == at:
            verdict.wrong["answered twice"].append(f"{buyer}: {text}")
        elif here < at:
            verdict.wrong["out of order"].append(f"{buyer}: {text} after {at[0]}.{at[1]}")
        at = max(at, here)


def _kind(text: str) -> str:
    if ASSURED.fullmatch(text):
        return "assured by a person"
    return "handed back" if text.startswith(BACK) else "given up"


def _judge_exceptions(verdict: Verdict) -> None:
    """What is allowed now and then must stay rare."""
    counts = verdict.counts
    if counts["given up"] > 2 + GIVEN_UP * counts["messages"]:
        verdict.wrong["too many given up"].append(str(counts["given up"]))
    if counts["marked unknown, and never sent"] > TAKEN_UP * counts["deliverers that died"]:
        verdict.wrong["too many marked unknown"].append(str(counts["marked unknown, and never sent"]))
    if counts["repeated after a time-out"] > counts["timed out"]:
        verdict.wrong["more repeats than time-outs"].append(str(counts["repeated after a time-out"]))
