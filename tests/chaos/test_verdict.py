"""The verdict on records written by hand: it sees what is wrong, and leaves alone what is right."""

from __future__ import annotations

from typing import Any

from tests.chaos.script import Letter, write_letters
from tests.chaos.verdict import Mark, Verdict, judge, unanswered

TALK, PAIR, MONEY = (Letter("b", 1, "talk", 0), Letter("b", 2, "pair", 0), Letter("b", 3, "money", 0))
ASKED = (TALK, PAIR, MONEY)


def sent(
    text: str, *, key: str | None = None, by: str = "one", timed_out: bool = False, at: float = 0
) -> Any:
    return {
        "what": "sent",
        "key": key or text,
        "to": "b",
        "text": text,
        "by": by,
        "timed_out": timed_out,
        "at": at,
    }


GONE = {"what": "gone", "by": "one", "at": 0.0}
ANSWERS = ("1.1/1 after 0", "2.1/2 after 1", "2.2/2 after 1", "3.1/1 after 2")


def kinds(verdict: Verdict) -> set[str]:
    return {kind for kind, cases in verdict.wrong.items() if cases}


def judged(*texts: str) -> set[str]:
    return kinds(judge(ASKED, [sent(text) for text in texts]))


def test_answers_to_everything_in_order_are_good() -> None:
    assert judged(*ANSWERS) == set()
    assert unanswered(ASKED, [sent(text) for text in ANSWERS]) == 0


def test_a_missing_answer_is_lost_or_the_conversation_stuck() -> None:
    assert judged(*ANSWERS[:1]) == {"stuck"}
    assert unanswered(ASKED, [sent(ANSWERS[0])]) == 2
    assert unanswered(ASKED, [sent(text) for text in ANSWERS[:2]]) == 2
    assert "lost" in judged(ANSWERS[0], ANSWERS[3])
    assert "lost" in judged(ANSWERS[0], ANSWERS[1], ANSWERS[3])


def test_an_answer_by_a_person_counts() -> None:
    assert judged(ANSWERS[0], "2 by a person", "3.1/1 after 1") == set()
    assured = [*map(sent, ANSWERS[:3]), GONE, sent("3.1 assured by a person", by="two")]
    assert kinds(judge(ASKED, assured)) == set()


def test_another_order_is_seen() -> None:
    assert "out of order" in judged(ANSWERS[0], ANSWERS[2], ANSWERS[1], ANSWERS[3])


def test_two_turns_on_one_message_are_seen() -> None:
    twice = [sent(text) for text in ANSWERS] + [sent("3.1/1 after 2", key="another")]
    assert "answered twice" in kinds(judge(ASKED, twice))


def test_a_turn_on_a_past_that_was_not_kept_is_seen() -> None:
    assert judged(*ANSWERS[:3], "3.1/1 after 1") == {"said by a turn that knew another past"}


def test_an_answer_that_a_person_gave_in_its_stead_counts_as_known() -> None:
    many = (*ASKED, Letter("b", 4, "talk", 0))
    unsent = [*ANSWERS[:3], "4.1/1 after 3", "3.1 assured by a person"]
    record = [*(sent(text) for text in unsent[:3]), GONE, *(sent(text, by="two") for text in unsent[3:])]
    assert kinds(judge(many, record)) == set()
    assert "lost" in kinds(judge(many, record[:-1]))


def test_talk_may_be_repeated_once_after_a_time_out() -> None:
    repeated = [sent(ANSWERS[0], timed_out=True), *map(sent, ANSWERS)]
    assert kinds(judge(ASKED, repeated)) == set()
    assert kinds(judge(ASKED, [repeated[0], *repeated])) == {"sent three times"}


def test_talk_may_be_repeated_once_by_whoever_follows_a_dead_deliverer() -> None:
    repeated = [sent(ANSWERS[0]), GONE, *(sent(text, by="two") for text in ANSWERS)]
    assert kinds(judge(ASKED, repeated)) == set()
    settled = [*map(sent, ANSWERS), GONE, sent(ANSWERS[0], by="two")]
    assert "repeated without a reason" in kinds(judge(ASKED, settled))


def test_a_deliverer_that_died_long_after_explains_nothing() -> None:
    late = {**GONE, "at": 30.0}
    repeated = [sent(ANSWERS[0]), late, *(sent(text, by="two", at=31) for text in ANSWERS)]
    assert kinds(judge(ASKED, repeated)) == {"repeated without a reason"}


def marks(**doubts: int) -> list[Mark]:
    """All answers are sent; ``a1``: how often nobody knew of the first."""
    return [
        Mark(text, "b", text, "sent", doubts.get(f"a{number}", 0)) for number, text in enumerate(ANSWERS, 1)
    ]


def test_only_what_is_marked_unknown_may_be_repeated() -> None:
    repeated = [sent(ANSWERS[0], timed_out=True), *map(sent, ANSWERS)]
    assert kinds(judge(ASKED, repeated, marks(a1=1))) == set()
    assert kinds(judge(ASKED, repeated, marks())) == {"repeated though not marked unknown"}


def test_what_is_marked_unknown_without_a_death_is_seen() -> None:
    record = list(map(sent, ANSWERS))
    assert kinds(judge(ASKED, record, marks(a1=1))) == {"too many marked unknown"}
    # It died between taking it up and asking the channel.
    assert kinds(judge(ASKED, [{**GONE, "by": "two"}, *record], marks(a1=1))) == set()


def test_a_person_tells_only_what_is_unknown() -> None:
    record = [*map(sent, ANSWERS[:3]), sent(ANSWERS[3], timed_out=True), sent("3.1 assured by a person")]
    left = [*marks()[:3], Mark(ANSWERS[3], "b", ANSWERS[3], "unknown", 1)]
    assert kinds(judge(ASKED, record, left)) == set()
    assert kinds(judge(ASKED, record, marks())) == {"assured though not unknown"}


def test_what_still_waits_in_the_end_is_seen() -> None:
    left = [*marks()[:3], Mark(ANSWERS[3], "b", ANSWERS[3], "queued", 0)]
    assert kinds(judge(ASKED, list(map(sent, ANSWERS)), left)) == {"neither sent nor unknown"}


def test_a_part_that_died_by_itself_is_seen() -> None:
    assert kinds(judge(ASKED, list(map(sent, ANSWERS)), marks(), ["worker-1-7 with 1"])) == {
        "died by themselves"
    }


def test_a_confirmation_is_never_repeated() -> None:
    repeated = [*map(sent, ANSWERS[:3]), sent(ANSWERS[3], timed_out=True), sent(ANSWERS[3])]
    assert kinds(judge(ASKED, repeated)) == {"confirmed twice"}


def test_giving_up_on_everybody_is_no_answer() -> None:
    many = write_letters(1, 100, 10, 10)
    record: list[Any] = []
    for letter in many:
        record.append({**sent("sorry", key=f"sorry {letter.id}"), "to": letter.buyer})
        record.append({**sent(f"{letter.number} by a person", key=letter.id), "to": letter.buyer})
    assert kinds(judge(many, record)) == {"too many given up"}


def test_the_same_seed_writes_the_same_letters() -> None:
    assert write_letters(1, 50, 5, 10) == write_letters(1, 50, 5, 10)
    assert write_letters(1, 50, 5, 10) != write_letters(2, 50, 5, 10)
    assert len({letter.id for letter in write_letters(1, 53, 5, 10)}) == 53
