"""Takes one turn of the walk after another and judges each: what is wrong, and on which way."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from bot.clock import SetClock
from bot.dialogue.actions import every_action
from bot.dialogue.actions.interruptions import interrupted
from bot.dialogue.actions.step import PLAIN
from bot.dialogue.check import acts
from bot.dialogue.check.answers import (
    CONSENT,
    Answer,
    State,
    kind_of,
    meaning,
    pressed,
)
from bot.dialogue.check.branches import Branches
from bot.dialogue.check.scope import WITHOUT_YES
from bot.dialogue.engine import FALLBACK_INTENT, Engine
from bot.dialogue.replies import Replies, Reply
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.turns import TurnTaker
from bot.mailroom import conversations, inbox
from bot.mailroom.conversations import Owner
from bot.messages import Button, Inbound
from bot.settings import ROOT, ShopRules

#: Asked so often in a row with an answer that fills nothing, a form has no end.
ENDLESS = 6

#: How a conversation came to where it is.
Steps = tuple[Answer, ...]


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
        self, key: str, language: str, values: Mapping[str, Any], *, channel: str = "", heard: int = 0
    ) -> Reply:
        """Say it; what stands within another reply has no channel."""
        if channel:
            self.keys.append(key)
        if key == "utter_code_letter":
            self.code = str(values["code"])
        return super().say(key, language, values, channel=channel, heard=heard)


@dataclass(frozen=True)
class Step:
    """What came of one answer."""

    state: State
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Task:
    """What to try in one state; needs nothing of what was tried before."""

    state: State
    path: Steps
    answers: Steps
    #: Give each again and again, and find out whether that has an end.
    for_ever: bool = False


class Found(NamedTuple):
    """Something wrong, and on which way."""

    place: tuple[Path, int]
    key: str
    reason: str
    path: Steps


@dataclass(frozen=True)
class Tried:
    """What came of a task."""

    task: Task
    #: For each answer, where it led; None where the turn failed.
    led: tuple[Step | None, ...]
    found: tuple[Found, ...]
    #: Turns that were taken, those on the way there among them.
    turns: int


class Trier:
    """Tries answers in one store; everything it does is taken back."""

    def __init__(
        self, branches: Branches, engine: Engine, replies: Replies, rules: ShopRules, clock: SetClock
    ) -> None:
        self._branches = branches
        self._reader = _Reader(engine)
        self._heard = _Heard(replies)
        self._clock = clock
        self._taker = TurnTaker(branches, rules, self._heard, clock, self._reader, "walk")
        self._found: list[Found] = []
        self._turns = 0

    def try_all(self, task: Task) -> Tried:
        """Go where the task's path leads, and give each of its answers there."""
        self._found, self._turns = [], 0
        led: list[Step | None] = []
        with self._branches.branch():
            self._replay(task.path)
            for answer in task.answers:
                with self._branches.branch():
                    if task.for_ever:
                        self._give_for_ever(task.state, answer, task.path)
                    else:
                        led.append(self._step(task.state, answer, task.path))
        return Tried(task, tuple(led), tuple(self._found), self._turns)

    def _replay(self, path: Steps) -> None:
        state = State()
        for answer in path:
            step = self._step(state, answer, path)
            if step is None:
                return
            state = step.state

    def _step(self, before: State, answer: Answer, path: Steps) -> Step | None:
        """Take one turn; None where it failed."""
        self._turns += 1
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
        self, before: State, answer: Answer, path: Steps, turn: Turn, last: str, made: Mapping[str, str]
    ) -> None:
        """What must hold after every turn."""
        watch = self._branches.watch
        for table, file, line in watch.unidentified:
            place = (Path(file), line) if file else place_of(last)
            self._find(place, last, f"looks at {table} of an order before the buyer is identified", path)
        for fact in turn.facts:
            number = fact.get("number") if fact["what"] == "order" else None
            owner = self._branches.owner(str(number)) if number else None
            if owner is not None and (turn.customer is None or owner != turn.customer.id):
                self._find(place_of(last), last, "tells of an order of another buyer", path)
        new = {key: kind for key, kind in self._branches.actions().items() if key not in made}
        asked = before.slot is not None and before.slot.endswith(CONSENT)
        consents = (asked and _is_yes(answer, before.slot or "")) or _takes(answer)
        for kind in sorted(set(new.values()) - set(WITHOUT_YES)):
            if not consents:
                self._find(place_of(last), last, f"does '{kind}' without the buyer's yes", path)
        if watch.written and not new:
            table, file, line = watch.written[0]
            place = (Path(file), line) if file else place_of(last)
            self._find(place, last, f"writes to {table} beside the actions that happen once", path)
        persons = [key for key in self._heard.keys if acts.shipped().of(key).apology == acts.PERSON]
        if persons and turn.case is None:
            self._find(place_of(last), persons[0], "names a person as the remedy and opens no case", path)

    def _failed(self, turn: Turn | None, path: Steps) -> None:
        error = turn.failure if turn is not None else None
        action = _last_action(turn)
        if error is None:
            reason = "a dead end: neither a reply nor a case"
            self._find(place_of(action), action or "turn", reason, path)
            return
        frames = [one for one in traceback.extract_tb(error.__traceback__) if "/bot/" in one.filename]
        place = (Path(frames[-1].filename), frames[-1].lineno or 1) if frames else place_of(action)
        self._find(place, action or "turn", f"{type(error).__name__}: {error}", path)

    def _give_for_ever(self, state: State, answer: Answer, path: Steps) -> None:
        now = state
        for _ in range(ENDLESS):
            step = self._step(now, answer, path)
            if step is None or (step.state.form, step.state.slot) != (state.form, state.slot):
                return
            now = step.state
        form = str(state.form)
        reason = f"asks for {state.slot} for ever where the answer is '{answer.kind}'"
        self._find(place_of(f"validate_{form}"), form, reason, path)

    def _find(self, place: tuple[Path, int], key: str, reason: str, path: Steps) -> None:
        self._found.append(Found(place, key, reason, path))


def place_of(action: str) -> tuple[Path, int]:
    """Where an action, or a form's, stands; the domain where no code does it."""
    places = _places()
    return places.get(action) or places.get(f"validate_{action}") or (ROOT / "domain.yml", 1)


@cache
def _places() -> Mapping[str, tuple[Path, int]]:
    return {
        action().name(): (Path(inspect.getfile(action)), inspect.getsourcelines(action)[1])
        for action in every_action()
    }


def _is_yes(answer: Answer, slot: str) -> bool:
    read = answer.meant
    # An offer's yes names the offer, such as `yes-2`.
    return str(read.first(slot)).partition("-")[0] == "yes" or (
        read.intent == "service_affirm" and read.confidence >= PLAIN
    )


def _takes(answer: Answer) -> bool:
    """Whether a button agreed to what it names, whatever else was asked."""
    pressed_yes = (
        str(one["value"]).partition("-")[0] == "yes"
        for one in answer.meant.entities
        if str(one["entity"]).endswith(CONSENT)
    )
    return answer.kind == "button" and any(pressed_yes)


def _last_action(turn: Turn | None) -> str:
    return str(turn.steps[-1]["action"]) if turn is not None and turn.steps else ""
