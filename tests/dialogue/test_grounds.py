"""What a turn's words stand on: the clauses of shop.yml behind them, and the version of its rules."""

from __future__ import annotations

import pytest

from bot.dialogue.check.acts import clause_of, shipped
from bot.dialogue.grounds import LONGEST_VALUE, grounds_of, told, version_of
from bot.settings import ROOT, ShopRules, read_rules


def test_the_same_rules_have_the_same_version_and_others_another() -> None:
    first, again = read_rules(ROOT / "shop.yml"), read_rules(ROOT / "shop.yml")
    assert version_of(first) == version_of(again)
    changed = first.copy(update={"returns": first.returns.copy(update={"window_days": 30})})
    assert version_of(changed) != version_of(first)


@pytest.mark.parametrize(
    ("reply", "clauses"),
    [
        ("utter_return_window_closed", {"returns.window_days"}),
        ("utter_refund_above_authority", {"authority.refund", "requests.approval_minutes"}),
        ("utter_refund_above_authority_closed", {"authority.refund"}),
        ("utter_refund_requested", {"authority.refund", "returns.refund_days"}),
        ("utter_return_made", {"returns.address", "returns.window_days"}),
        ("utter_bargain_offer", {"authority.discount", "bargaining.steps"}),
        ("utter_quote", {"wholesale.breaks", "wholesale.valid_days"}),
        ("utter_identity_locked", {"identity.wrong_tries", "identity.lock_minutes"}),
    ],
)
def test_a_reply_stands_on_its_clauses(reply: str, clauses: set[str]) -> None:
    assert clauses <= set(shipped().clauses(reply))


def test_every_clause_that_is_told_is_one_of_the_rules(rules: ShopRules) -> None:
    named = {clause for reply in shipped().places for clause in shipped().clauses(reply)}
    assert len(named) > 30
    assert not [clause for clause in named if clause_of(rules, clause) is None]


def test_what_is_kept_are_the_values_of_then(rules: ShopRules) -> None:
    kept = grounds_of(
        rules, "v1", ["utter_return_window_closed", "utter_greet", "utter_return_window_closed"]
    )
    assert kept["rules"] == "v1"
    assert kept["replies"] == ["utter_return_window_closed", "utter_greet"]
    assert kept["clauses"]["returns.window_days"] == rules.returns.window_days
    assert f"returns.window_days = {rules.returns.window_days}" in told(kept)


def test_long_values_are_left_to_the_version(rules: ShopRules) -> None:
    kept = grounds_of(rules, "v1", ["utter_not_served"])
    assert kept["clauses"]["lanes"] is None
    assert told(kept) == ["lanes"]
    assert LONGEST_VALUE < 1_000


def test_turns_of_before_have_none() -> None:
    assert told(None) == []
