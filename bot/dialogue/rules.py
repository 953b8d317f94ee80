"""Rasa's RulePolicy with an index: a prediction looks at the few rules that can apply, not at all of them.

It predicts what RulePolicy predicts. The model holds a plain RulePolicy (``config.yml``); the index is laid
over it when the model is loaded.
"""

from __future__ import annotations

import json
import operator
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

#: The action that was taken last and the intent of the last message.
_Place = tuple["str | None", "str | None"]


class RuleIndex:
    """Rules, as the keys that Rasa knows them by, found by where in a conversation they apply."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._lengths: dict[_Place, dict[str, int]] = defaultdict(dict)
        for key in keys:
            states = json.loads(key)
            self._lengths[_place_of_rule(states[-1])][key] = len(states)
        #: No rule looks further back than this many states.
        self.longest = max((max(found.values()) for found in self._lengths.values()), default=0)
        #: Whether one may apply right after a message whatever its intent: by its text, for instance.
        self.any_without_intent = any(
            action in (None, ACTION_LISTEN_NAME) and intent is None for action, intent in self._lengths
        )

    def at(self, state: State) -> dict[str, int]:
        """The rules that may apply in this state, and how many states each looks at."""
        action, intent = state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME), state.get(USER, {}).get(INTENT)
        places = {(one, other) for one in (action, None) for other in (intent, None)}
        return {key: length for place in places for key, length in self._lengths.get(place, {}).items()}


def _place_of_rule(state: State) -> _Place:
    """The place that a rule's newest state names; None for what it leaves open."""
    action = state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME)
    intent = state.get(USER, {}).get(INTENT)
    # A rule for the beginning of a conversation applies there whatever else it names.
    return _named(action), _named(intent) if state.get(PREVIOUS_ACTION) else None


def _named(value: Any) -> str | None:
    return value if value and value != SHOULD_NOT_BE_SET else None


@dataclass
class _Past:
    """A conversation as it was read for the last prediction: the next one of the turn goes on from there."""

    prior: DialogueStateTracker
    events: list[Event] = field(default_factory=list)
    #: The state before each of the last actions.
    states: list[State] = field(default_factory=list)

    def leads_to(self, events: Sequence[Event]) -> bool:
        """Whether these events begin with those that were read."""
        return len(events) >= len(self.events) > 0 and all(map(operator.is_, self.events, events))


def _copy(state: State) -> State:
    return {name: dict(part) if isinstance(part, dict) else part for name, part in state.items()}


class IndexedRulePolicy(RulePolicy):
    """A trained RulePolicy that finds its rules by an index, and reads no more of the past than they do."""

    #: By the identity of Rasa's dictionary of the same rules.
    _indexes: dict[int, RuleIndex]
    _longest: int
    _past: _Past | None

    @classmethod
    def over(cls, trained: RulePolicy) -> IndexedRulePolicy:
        """The same policy with an index over its rules."""
        indexed = cls.__new__(cls)
        indexed.__dict__.update(trained.__dict__)
        lookups = [trained.lookup[name] for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH)]
        indexed._indexes = {id(lookup): RuleIndex(lookup) for lookup in lookups}
        indexed._longest = max(index.longest for index in indexed._indexes.values())
        indexed._past = None
        return indexed

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        if use_text_for_last_user_input and not self._index(self.lookup[RULES]).any_without_intent:
            return None, None, False
        found: tuple[str | None, str | None, bool] = super()._find_action_from_rules(
            tracker, domain, use_text_for_last_user_input
        )
        return found

    def _get_possible_keys(self, lookup: dict[str, str], states: list[State]) -> set[str]:
        newest_first = states[::-1]
        return {
            key
            for key, length in self._index(lookup).at(states[-1]).items()
            if all(
                self._is_rule_applicable(key, turn, state) for turn, state in enumerate(newest_first[:length])
            )
        }

    def _prediction_states(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        use_text_for_last_user_input: bool = False,
        rule_only_data: dict[str, Any] | None = None,  # noqa: ARG002 (only for policies that learn from stories)
    ) -> list[State]:
        """The newest states of the conversation, as many as a rule may look at."""
        events = tracker.applied_events()
        past = self._past
        if past is None or not past.leads_to(events):
            past = self._past = _Past(tracker.init_copy())
        new = events[len(past.events) :]
        unread = 1 + sum(isinstance(event, ActionExecuted) for event in new) - self._longest
        for event in new:
            if isinstance(event, ActionExecuted):
                if unread <= 0:
                    past.states.append(domain.get_active_state(past.prior))
                unread -= 1
            past.prior.update(event)
        past.events = events
        past.states = past.states[max(0, len(past.states) - self._longest + 1) :]
        # What follows takes out of them what this prediction must not see.
        states = [*map(_copy, past.states), domain.get_active_state(past.prior)]
        self.featurizer._choose_last_user_input([states], use_text_for_last_user_input)
        return states

    def _rule_prediction(self, *values: Any, **more: Any) -> PolicyPrediction:
        prediction = super()._rule_prediction(*values, **more)
        # As the configuration calls it: turns record who chose each step.
        prediction.policy_name = RulePolicy.__name__
        return prediction

    @staticmethod
    def format_tracker_states(states: list[State]) -> str:
        """Nothing: Rasa formats them for a debug line that nobody reads."""
        del states
        return ""

    def _index(self, lookup: dict[str, str]) -> RuleIndex:
        return self._indexes[id(lookup)]
