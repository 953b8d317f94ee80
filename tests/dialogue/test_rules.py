"""The index over the rules finds what Rasa's own policy finds by looking at all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.shared.core.domain import State

from bot.dialogue.engine import Engine
from bot.dialogue.rules import IndexedRulePolicy, RuleIndex
from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model

LISTEN, LOOP = {"action_name": "action_listen"}, {"name": "identity_form"}


@pytest.fixture(scope="session")
def trained(engine: Engine) -> RulePolicy:
    """The model's policy as it was trained."""
    policy = engine._agent.processor.graph_runner.component(RulePolicy)
    assert type(policy) is RulePolicy
    return policy


def states_of(rule: str) -> list[State]:
    """A rule's states as a conversation has them: its slots' features are tuples."""
    states: list[State] = json.loads(rule)
    for state in states:
        if "slots" in state:
            state["slots"] = {name: tuple(value) for name, value in state["slots"].items()}
    return states


def conversations(states: list[State]) -> Iterator[list[State]]:
    """A rule's own states, and such as differ from them in one thing."""
    yield states
    yield [{}, {"prev_action": LISTEN, "user": {"intent": "service_greeting"}}, *states]
    yield states[-1:]
    newest = states[-1]
    for part in newest:
        yield [*states[:-1], {name: value for name, value in newest.items() if name != part}]
    yield [*states[:-1], {**newest, "user": {"intent": "service_greeting"}}]
    yield [*states[:-1], {**newest, "user": {"text": "hello"}}]
    yield [*states[:-1], {**newest, "prev_action": LISTEN}]
    yield [*states[:-1], {**newest, "active_loop": LOOP}]
    yield [*states[:-1], {**newest, "slots": {"product_step": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)}}]


@pytest.mark.parametrize("kind", [RULES, RULES_FOR_LOOP_UNHAPPY_PATH])
def test_the_same_rules_apply_wherever_a_rule_applies_or_nearly_so(trained: RulePolicy, kind: str) -> None:
    indexed = IndexedRulePolicy.over(trained)
    lookup = trained.lookup[kind]
    assert lookup
    checked = 0
    for key in lookup:
        for states in conversations(states_of(key)):
            found = indexed._get_possible_keys(lookup, states)
            assert found == trained._get_possible_keys(lookup, states)
            checked += bool(found)
    assert checked >= len(lookup)


def test_what_a_prediction_goes_on_from_changes_nothing_that_it_sees(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(policy: IndexedRulePolicy, *given: Any, **named: Any) -> list[State]:
        went_on = policy._past
        quick: list[State] = read(policy, *given, **named)
        kept, policy._past = policy._past, None
        assert quick == read(policy, *given, **named)
        policy._past = kept
        seen.append(kept is went_on)
        return quick

    read, seen = IndexedRulePolicy._prediction_states, []
    monkeypatch.setattr(IndexedRulePolicy, "_prediction_states", both)
    for text in (
        "hello",
        "where is my parcel?",
        "never mind",
        "what can I pay with?",
        "xyzzy plugh",
        "thank you",
    ):
        talk.write(text)
        talk.turns()
    # Within a turn it goes on; with the next one it begins anew.
    assert seen.count(True) > 5
    assert seen.count(False) == 6


@pytest.mark.parametrize(
    "newest",
    [
        {},
        {"prev_action": LISTEN},
        {"prev_action": LISTEN, "user": {"intent": "a"}},
        {"prev_action": LISTEN, "user": {"text": "a"}},
        {"prev_action": LISTEN, "user": {"intent": "a"}, "active_loop": {"name": "should_not_be_set"}},
        {"prev_action": {"action_name": "b"}},
        {"prev_action": {"action_name": "b"}, "user": {"intent": "a"}},
        {"prev_action": {"action_name": "should_not_be_set"}, "user": {"intent": "a"}},
        {"prev_action": {"action_text": "c"}},
        {"user": {"intent": "a"}},
        {"slots": {"asked": [1.0]}},
    ],
    ids=json.dumps,
)
def test_rules_of_every_form_are_found(trained: RulePolicy, newest: State) -> None:
    forms: list[list[State]] = [
        [],
        [{}],
        [{"prev_action": LISTEN}],
        [{"prev_action": LISTEN, "user": {"intent": "a"}}],
        [{"prev_action": LISTEN, "user": {"text": "a"}}],
        [{"prev_action": {"action_name": "b"}}],
        [{"prev_action": {"action_name": "b"}, "user": {"intent": "a"}, "active_loop": LOOP}],
        [{"prev_action": {"action_text": "c"}}],
        [{"slots": {"asked": (1.0,)}}],
        [{"user": {"intent": "a"}}],
    ]
    lookup = {json.dumps([*before, newest]): "x" for before in forms}
    indexed = IndexedRulePolicy.over(trained)
    indexed._indexes = {id(lookup): RuleIndex(lookup)}
    for before in forms:
        for now in forms[1:]:
            states = [*before, *now]
            assert indexed._get_possible_keys(lookup, states) == trained._get_possible_keys(lookup, states)


def test_a_rule_that_asks_for_no_intent_has_texts_looked_at(trained: RulePolicy) -> None:
    assert not RuleIndex(trained.lookup[RULES]).any_without_intent
    for newest in ({"prev_action": LISTEN}, {"prev_action": LISTEN, "user": {"text": "a"}}, {}):
        assert RuleIndex([json.dumps([newest])]).any_without_intent
