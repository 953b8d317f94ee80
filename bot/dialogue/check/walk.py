"""Walks every state of every flow with every class of answer, over the real policies, forms and actions."""

from __future__ import annotations

import inspect
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from bot.clock import SetClock
from bot.dialogue.actions import every_action
from bot.dialogue.actions.identity import FLOW_OF_INTENT, interrupted
from bot.dialogue.actions.step import PLAIN
from bot.dialogue.check import acts
from bot.dialogue.check.answers import (
    CONSENT,
    FINISHED,
    MORE,
    NEVER_ENDING,
    PRICE,
    Answer,
    State,
    World,
    about_order,
    answers,
    kind_of,
    meaning,
    openings,
    pressed,
)
from bot.dialogue.check.answers import FILE as ANSWERS
from bot.dialogue.check.branches import Branches
from bot.dialogue.check.coverage import Finding
from bot.dialogue.check.scope import NEVER_SAID, SITUATIONS, THERE_WITHOUT_YES, WITHOUT_YES
from bot.dialogue.check.world import NOON, fill, look, with_codes
from bot.dialogue.engine import FALLBACK_INTENT, Engine
from bot.dialogue.replies import Replies, Reply
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.turns import TurnTaker
from bot.mailroom import conversations, inbox
from bot.mailroom.conversations import Owner
from bot.messages import Button, Inbound
from bot.settings import ROOT, ShopRules
from bot.shop.values import OrderSample

#: Answers that fill what was asked for.
FILLING = frozenset({"right", "button", "yes", "no"})
#: Asked so often in a row with an answer that fills nothing, a form has no end.
ENDLESS = 6


class _Reader(Engine):
    """The engine with given understanding: nothing is read."""

    def __init__(self, engine: Engine) -> None:
        # The same engine with its event loop, which whoever made it closes.
        self.__dict__.update(engine.__dict__)
        self.meant = meaning(FALLBACK_INTENT)
        self.turn: Turn | None = None

    def begin(self, meant: Understanding) -> None:
        """The next message means this; no turn was taken on it yet."""
        self.meant, self.turn = meant, None

    def understand(self, text: str, metadata: Mapping[str, Any] | None = None) -> Understanding:
        """What was given for this message, or what a button's payload says."""
        del metadata
        if text.startswith("/"):
            return pressed(text)
        return self.meant

    def take(self, turn: Turn) -> list[Said]:
        """Take the turn, and keep it."""
        self.turn = turn
        return super().take(turn)


class _Heard(Replies):
    """Replies that note which were said."""

    def __init__(self, replies: Replies) -> None:
        super().__init__(replies._responses, replies._fallback)
        self.keys: list[str] = []
        #: The code in the letter that was written last.
        self.code = ""

    def say(
        self, key: str, language: str, values: Mapping[str, Any], *, channel: str = "", seed: str = ""
    ) -> Reply:
        """Say it; what stands within another reply has no channel."""
        if channel:
            self.keys.append(key)
        if key == "utter_code_letter":
            self.code = str(values["code"])
        return super().say(key, language, values, channel=channel, seed=seed)


@dataclass(frozen=True)
class Step:
    """What came of one answer."""

    state: State
    buttons: tuple[Button, ...] = ()


@dataclass
class Walk:
    """How far it went."""

    findings: list[Finding] = field(default_factory=list)
    states: int = 0
    steps: int = 0


_Path = tuple[Answer, ...]


class _Edge(NamedTuple):
    """One answer in one state, and where it led."""

    path: _Path
    answer: Answer
    after: State


class Walker:
    """Walks one store; everything it does is taken back."""

    def __init__(
        self,
        branches: Branches,
        engine: Engine,
        replies: Replies,
        rules: ShopRules,
        clock: SetClock,
        samples: Mapping[str, OrderSample],
        world: World,
    ) -> None:
        self._branches = branches
        self._reader = _Reader(engine)
        self._heard = _Heard(replies)
        self._clock = clock
        self._samples = samples
        self._world = world
        self._taker = TurnTaker(branches, rules, self._heard, clock, self._reader, "walk")
        self._found: dict[tuple[str, int, str, str], Finding] = {}
        self._steps = self._states = 0
        self._places = {action().name(): _place(action) for action in every_action()}

    def walk(
        self,
        intents: Sequence[str],
        situations: Sequence[str] | None = None,
        deepest: int | None = None,
        forms: Mapping[str, Sequence[str]] | None = None,
    ) -> Walk:
        """Begin with each intent, and go on with every class of answer until no state is new.

        Args:
            intents: those that conversations begin with.
            situations: of orders that wishes about orders begin with; ``SITUATIONS`` if left out.
            deepest: so many turns in a row at most; as many as there are states if left out.
            forms: whose every slot must be asked for, and filled, on the way.
        """
        nothing: _Path = ()
        begin = [one for one in intents if one not in NEVER_SAID]
        first = [*openings(begin, tuple(FLOW_OF_INTENT), self._world), *self._about_orders(begin, situations)]
        seen: set[Any] = set()
        queue: deque[tuple[State, _Path, tuple[Button, ...], bool]] = deque([(State(), nothing, (), True)])
        edges: dict[tuple[State, str], _Edge] = {}
        while queue:
            state, path, buttons, in_full = queue.popleft()
            tried: Iterable[Answer] = first if not path else answers(state, buttons, self._world)
            self._states += 1
            with self._branches.branch():
                self._replay(path)
                for answer in tried:
                    if not in_full and answer.kind not in FINISHED:
                        continue
                    with self._branches.branch():
                        step = self._step(state, answer, path)
                    if step is None:
                        continue
                    after = step.state
                    edges[state, str(answer)] = _Edge(path, answer, after)
                    is_new, is_other = after.question not in seen, (after.question, after.intent) not in seen
                    goes_on = not after.is_over and (deepest is None or len(path) + 1 < deepest)
                    if goes_on and (is_new or is_other):
                        seen |= {after.question, (after.question, after.intent)}
                        queue.append((after, (*path, answer), step.buttons, is_new))
        self._find_endless(edges)
        self._find_unfilled(edges, forms or {})
        return Walk(list(self._found.values()), self._states, self._steps)

    def _about_orders(self, intents: Sequence[str], situations: Sequence[str] | None) -> Iterator[Answer]:
        for name, sample in self._samples.items():
            if name in (SITUATIONS if situations is None else situations):
                for intent in intents:
                    if intent in FLOW_OF_INTENT:
                        yield about_order(intent, sample.number, sample.email)

    def _replay(self, path: _Path) -> None:
        state = State()
        for answer in path:
            step = self._step(state, answer, path)
            if step is None:
                return
            state = step.state

    def _step(self, before: State, answer: Answer, path: _Path) -> Step | None:
        """Take one turn; None where it failed."""
        self._steps += 1
        self._branches.watch.clear()
        self._heard.keys.clear()
        answer = answer.with_code(self._heard.code)
        self._reader.begin(answer.meant)
        made = self._branches.actions()
        now = self._clock.now()
        with self._branches.begin() as connection:
            message = Inbound(
                channel="web",
                account="store",
                message_id=uuid4().hex,
                sender="walker",
                text="" if answer.payload or answer.attachments else answer.meant.text,
                sent_at=now,
                button=answer.payload,
                attachments=answer.attachments,
            )
            inbox.accept(connection, message, language="en", now=now)
        report = self._taker.take_next()
        turn = self._reader.turn
        whole = (*path, answer)
        if report is None or turn is None or report.note in ("put off", "buried", "lost"):
            self._failed(turn, whole)
            return None
        last = str(report.steps[-1]["action"]) if report.steps else ""
        self._judge(before, answer, whole, turn, last, made)
        tracker = turn.tracker
        with self._branches.begin() as connection:
            talk = conversations.get(connection, turn.conversation.id)
        form, buttons = tracker.active_loop_name, tuple(one for said in report.said for one in said.buttons)
        state = State(
            is_over=talk.owner is not Owner.BOT,
            form=form,
            slot=tracker.get_slot("requested_slot") if form else None,
            intent=interrupted(tracker),
            paused=tracker.get_slot("paused_intent"),
            asked=str(tracker.get_slot("asked")),
            awaits=tracker.get_slot("awaits"),
            is_known=turn.customer is not None,
            misunderstandings=int(tracker.get_slot("misunderstandings") or 0),
            said=tuple(self._heard.keys[-1:]) if form else (),
            offered=tuple(sorted({kind_of(one.payload) for one in buttons})),
        )
        return Step(state, buttons)

    def _judge(
        self, before: State, answer: Answer, path: _Path, turn: Turn, last: str, made: Mapping[str, str]
    ) -> None:
        """What must hold after every turn."""
        watch = self._branches.watch
        for table, file, line in watch.unidentified:
            place = (Path(file), line) if file else self._place_of(last)
            self._find(place, last, f"looks at {table} of an order before the buyer is identified", path)
        for fact in turn.facts:
            number = fact.get("number") if fact["what"] == "order" else None
            owner = self._branches.owner(str(number)) if number else None
            if owner is not None and (turn.customer is None or owner != turn.customer.id):
                self._find(self._place_of(last), last, "tells of an order of another buyer", path)
        new = {key: kind for key, kind in self._branches.actions().items() if key not in made}
        asked = before.slot is not None and before.slot.endswith(CONSENT)
        consents = (asked and _is_yes(answer, before.slot or "")) or _takes(before, answer)
        for kind in sorted(set(new.values()) - set(WITHOUT_YES)):
            if not consents and (last, kind) not in THERE_WITHOUT_YES:
                self._find(self._place_of(last), last, f"does '{kind}' without the buyer's yes", path)
        if watch.written and not new:
            table, file, line = watch.written[0]
            place = (Path(file), line) if file else self._place_of(last)
            self._find(place, last, f"writes to {table} beside the actions that happen once", path)
        persons = [key for key in self._heard.keys if acts.shipped().of(key).apology == acts.PERSON]
        if persons and turn.case is None:
            self._find(
                self._place_of(last), persons[0], "names a person as the remedy and opens no case", path
            )

    def _failed(self, turn: Turn | None, path: _Path) -> None:
        error = turn.failure if turn is not None else None
        action = _last_action(turn)
        if error is None:
            reason = "a dead end: neither a reply nor a case"
            self._find(self._place_of(action), action or "turn", reason, path)
            return
        frames = [one for one in traceback.extract_tb(error.__traceback__) if "/bot/" in one.filename]
        place = (Path(frames[-1].filename), frames[-1].lineno or 1) if frames else self._place_of(action)
        self._find(place, action or "turn", f"{type(error).__name__}: {error}", path)

    def _find_endless(self, edges: Mapping[tuple[State, str], _Edge]) -> None:
        """Forms that ask on and on, whatever is answered."""
        alike: dict[tuple[State, str], tuple[_Path, list[Answer]]] = {}
        for (state, _), (path, answer, after) in edges.items():
            if state.form is None or answer.kind not in NEVER_ENDING or after.form != state.form:
                continue
            if after.slot == state.slot and after.misunderstandings <= state.misunderstandings:
                way = " → ".join(map(str, path))
                alike.setdefault((state, way), (path, []))[1].append(answer)
        for (state, _), (path, given) in alike.items():
            with self._branches.branch():
                self._replay(path)
                for answer in given:
                    with self._branches.branch():
                        self._give_for_ever(state, answer, path)

    def _give_for_ever(self, state: State, answer: Answer, path: _Path) -> None:
        now = state
        for _ in range(ENDLESS):
            step = self._step(now, answer, path)
            if step is None or (step.state.form, step.state.slot) != (state.form, state.slot):
                return
            now = step.state
        form = str(state.form)
        reason = f"asks for {state.slot} for ever where the answer is '{answer.kind}'"
        self._find(self._place_of(f"validate_{form}"), form, reason, path)

    def _find_unfilled(
        self, edges: Mapping[tuple[State, str], _Edge], forms: Mapping[str, Sequence[str]]
    ) -> None:
        """Slots that were never asked for, or that nothing filled: what lies behind them was not walked."""
        asked = {(state.form, state.slot) for state, _ in edges}
        filled = {
            (state.form, state.slot)
            for (state, _), edge in edges.items()
            if edge.answer.kind in FILLING
            and ((edge.after.form, edge.after.slot) != (state.form, state.slot) or edge.after.is_over)
        }
        for form, slots in forms.items():
            for slot in slots:
                if (form, slot) not in asked:
                    reason = f"the walk never came to where '{slot}' is asked for"
                elif (form, slot) not in filled:
                    reason = f"nothing that was tried fills '{slot}': list an answer in {ANSWERS.name}"
                else:
                    continue
                self._found[form, 0, slot, reason] = Finding(*self._place_of(form), form, reason)

    def _place_of(self, action: str) -> tuple[Path, int]:
        return self._places.get(action) or self._places.get(f"validate_{action}") or (ROOT / "domain.yml", 1)

    def _find(self, place: tuple[Path, int], key: str, reason: str, path: _Path) -> None:
        at = (str(place[0]), place[1], key, reason)
        way = " → ".join(map(str, path))
        self._found.setdefault(at, Finding(place[0], place[1], key, f"{reason}; after: {way}"))


def walk_store(
    url: str,
    engine: Engine,
    replies: Replies,
    rules: ShopRules,
    intents: Sequence[str],
    situations: Sequence[str] | None = None,
    deepest: int | None = None,
    forms: Mapping[str, Sequence[str]] | None = None,
) -> Walk:
    """Fill an empty SQLite database with a store, and walk it; see ``Walker.walk``."""
    fill(url)
    branches = Branches(url)
    try:
        samples, world = look(branches, rules)
        walker = Walker(branches, engine, replies, with_codes(rules), SetClock(NOON), samples, world)
        return walker.walk(intents, situations, deepest, forms)
    finally:
        branches.close()


def _is_yes(answer: Answer, slot: str) -> bool:
    read = answer.meant
    # An offer's yes names the offer, such as `yes-2`.
    return str(read.first(slot)).partition("-")[0] == "yes" or (
        read.intent == "service_affirm" and read.confidence >= PLAIN
    )


def _takes(before: State, answer: Answer) -> bool:
    """Whether what it names was agreed to, whatever else was asked: by a button, or by naming more."""
    if before.slot == PRICE and answer.meant.text == MORE:
        return True
    pressed_yes = (
        str(one["value"]).partition("-")[0] == "yes"
        for one in answer.meant.entities
        if str(one["entity"]).endswith(CONSENT)
    )
    return answer.kind == "button" and any(pressed_yes)


def _last_action(turn: Turn | None) -> str:
    return str(turn.steps[-1]["action"]) if turn is not None and turn.steps else ""


def _place(action: type[Any]) -> tuple[Path, int]:
    return Path(inspect.getfile(action)), inspect.getsourcelines(action)[1]
