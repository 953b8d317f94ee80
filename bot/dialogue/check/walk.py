"""Walks every state of every flow with every class of answer, over the real policies, forms and actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.dialogue.actions.identity import FLOW_OF_INTENT
from bot.dialogue.check.answers import FILE as ANSWERS
from bot.dialogue.check.answers import (
    FINISHED,
    NEVER_ENDING,
    Answer,
    State,
    World,
    about_order,
    answers,
    openings,
)
from bot.dialogue.check.coverage import Finding
from bot.dialogue.check.scope import NEVER_SAID, SITUATIONS
from bot.dialogue.check.trying import Steps, Task, Tried, place_of
from bot.messages import Button
from bot.shop.values import OrderSample

#: Answers that fill what was asked for.
FILLING = frozenset({"right", "button", "yes", "no"})
#: Openings that are tried in one task: few enough that several processes have their share.
TOGETHER = 25

#: Does tasks, here or in other processes; yields what came of them in the tasks' order.
Doing = Callable[[Iterable[Task]], Iterable[Tried]]


@dataclass
class Walk:
    """How far it went."""

    findings: list[Finding] = field(default_factory=list)
    states: int = 0
    steps: int = 0


class _Edge(NamedTuple):
    """One answer in one state, and where it led."""

    path: Steps
    answer: Answer
    after: State


@dataclass(frozen=True)
class _Stop:
    """A state to go on from."""

    state: State
    path: Steps = ()
    buttons: tuple[Button, ...] = ()
    #: With every class of answer, or only with those that fill what is asked.
    in_full: bool = True


class Walker:
    """Chooses what to try next; what tries it takes everything back.

    Args:
        doing: does the tasks.
        samples: an order for each situation.
        world: what a buyer can name.
    """

    def __init__(self, doing: Doing, samples: Mapping[str, OrderSample], world: World) -> None:
        self._doing = doing
        self._samples = samples
        self._world = world
        self._found: dict[tuple[str, int, str, str], Finding] = {}
        self._steps = self._states = 0
        self._seen: set[Any] = set()
        self._edges: dict[tuple[State, str], _Edge] = {}

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
        self._found.clear()
        self._seen, self._edges, self._steps, self._states = set(), {}, 0, 0
        begin = [one for one in intents if one not in NEVER_SAID]
        first = [*openings(begin, tuple(FLOW_OF_INTENT), self._world), *self._about_orders(begin, situations)]
        tasks = [Task(State(), (), tuple(first[at : at + TOGETHER])) for at in range(0, len(first), TOGETHER)]
        self._states = 1
        depth = 0
        while tasks:
            depth += 1
            goes_on = deepest is None or depth < deepest
            stops = [stop for tried in self._did(tasks) for stop in self._reached(tried, goes_on=goes_on)]
            self._states += len(stops)
            tasks = [Task(stop.state, stop.path, tuple(self._answers(stop))) for stop in stops]
        for _ in self._did(self._doubtful()):
            pass
        self._find_unfilled(forms or {})
        return Walk(list(self._found.values()), self._states, self._steps)

    def _about_orders(self, intents: Sequence[str], situations: Sequence[str] | None) -> Iterator[Answer]:
        for name, sample in self._samples.items():
            if name in (SITUATIONS if situations is None else situations):
                for intent in intents:
                    if intent in FLOW_OF_INTENT:
                        yield about_order(intent, sample.number, sample.email)

    def _answers(self, stop: _Stop) -> Iterator[Answer]:
        for answer in answers(stop.state, stop.buttons, self._world):
            if stop.in_full or answer.kind in FINISHED:
                yield answer

    def _did(self, tasks: Iterable[Task]) -> Iterator[Tried]:
        for tried in self._doing(tasks):
            self._steps += tried.turns
            for place, key, reason, path in tried.found:
                way = " → ".join(map(str, path))
                self._note((*place, key, reason), f"{reason}; after: {way}")
            yield tried

    def _reached(self, tried: Tried, *, goes_on: bool) -> Iterator[_Stop]:
        """The states that are new, in the order in which they were come to."""
        task = tried.task
        for answer, step in zip(task.answers, tried.led, strict=True):
            if step is None:
                continue
            after = step.state
            self._edges[task.state, str(answer)] = _Edge(task.path, answer, after)
            is_new = after.question not in self._seen
            is_other = (after.question, after.intent) not in self._seen
            if goes_on and not after.is_over and (is_new or is_other):
                self._seen |= {after.question, (after.question, after.intent)}
                yield _Stop(after, (*task.path, answer), step.buttons, is_new)

    def _doubtful(self) -> list[Task]:
        """Forms that ask again whatever is answered: whether that ends is tried out."""
        alike: dict[tuple[State, str], tuple[Steps, list[Answer]]] = {}
        for (state, _), (path, answer, after) in self._edges.items():
            if state.form is None or answer.kind not in NEVER_ENDING or after.form != state.form:
                continue
            if after.slot == state.slot and after.misunderstandings <= state.misunderstandings:
                way = " → ".join(map(str, path))
                alike.setdefault((state, way), (path, []))[1].append(answer)
        return [Task(state, path, tuple(given), for_ever=True) for (state, _), (path, given) in alike.items()]

    def _find_unfilled(self, forms: Mapping[str, Sequence[str]]) -> None:
        """Slots that were never asked for, or that nothing filled: what lies behind them was not walked."""
        asked = {(state.form, state.slot) for state, _ in self._edges}
        filled = {
            (state.form, state.slot)
            for (state, _), edge in self._edges.items()
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
                self._note((*place_of(form), form, reason), reason)

    def _note(self, at: tuple[Any, int, str, str], reason: str) -> None:
        file, line, key, bare = at
        self._found.setdefault((str(file), line, key, bare), Finding(file, line, key, reason))
