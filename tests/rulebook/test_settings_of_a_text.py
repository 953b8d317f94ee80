"""One setting in the text of a ``shop.yml``; every setting told; what a change comes to."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.tables import turns
from bot.errors import ConfigurationError, CrossdeskError, RulesError
from bot.rulebook.catalog import catalog, find
from bot.rulebook.checking import checked
from bot.rulebook.consequences import DAYS, changes
from bot.rulebook.editing import assigned, without
from bot.rulebook.service import Rulebook
from bot.settings import Settings, ShopRules
from bot.settings.released import AFTER_RESTART
from tests.training.talks import SURE, Talks

TEXT = "# Ours.\nstore:\n  name: Meridian   # the old one\nreturns: {window_days: 9}\n"


def test_one_value_is_changed_and_all_else_stays() -> None:
    text = assigned(TEXT, "returns.window_days", "14")
    assert text == TEXT.replace("9", "14")
    text = assigned(text, "authority.refund", '"60.00"')
    assert text == TEXT.replace("9", "14") + 'authority:\n  refund: "60.00"\n'
    assert without(text, "authority.refund") == TEXT.replace("9", "14")
    assert without(TEXT, "returns.window_days") == TEXT.partition("returns")[0]
    assert without("stock: {low: 2}\n", "stock.low") == ""


def test_a_key_that_is_a_number_to_yaml_is_the_one_that_is_meant(settings: Settings) -> None:
    rules, faults = checked(settings, assigned("", "wholesale.breaks.50", "6"))
    assert faults == ()
    assert rules is not None
    assert rules.wholesale.breaks[50] == 6
    assert len(rules.wholesale.breaks) == 4


def test_values_of_several_lines_and_shapes_are_taken(settings: Settings) -> None:
    text = assigned("", "identity.one_time_code", "channel: mail\naccount: help@meridian.example")
    text = assigned(text, "returns.window_days_by_country.CH", "10")
    rules, faults = checked(settings, text)
    assert faults == ()
    assert rules is not None
    assert rules.identity.one_time_code is not None
    assert rules.returns.window_days_by_country["CH"] == 10


@pytest.mark.parametrize(
    "place", ["", ".", "a..b", "store.name.x", "languages.0", "x" * 300, "a.b.c.d.e.f.g.h.i"]
)
def test_what_is_no_setting_is_refused(place: str) -> None:
    with pytest.raises(RulesError, match=r"is no setting|holds no others"):
        assigned(TEXT, place, "1")
    with pytest.raises(RulesError):
        without(TEXT, place)


@pytest.mark.parametrize("value", ["[1", "a: b: c", "1\nstore: x", "\x00", "*nobody", "'"])
def test_what_is_no_value_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^the value, line [12]: this is not YAML"):
        assigned(TEXT, "returns.window_days", value)


@hypothesis.settings(deadline=None)
@given(place=st.text(max_size=30), value=st.text(max_size=60))
@example(place="0", value="=")
@example(place="0", value="!secret x")
@example(place="0", value="!!set {a, b}")
@example(place="0", value="!!binary aGVsbG8=")
@example(place="0", value="!!timestamp 2026-11-23 09:00:00")
@example(place="0", value="&a [*a]")
@example(place="0", value="!!omap [a: 1]")
def test_whatever_is_typed_is_changed_or_refused(place: str, value: str) -> None:
    try:
        text = assigned(TEXT, place, value)
    except CrossdeskError:
        return
    catalog(text)


def test_every_setting_is_told_with_its_value_and_what_it_is_for() -> None:
    known = {one.place: one for one in catalog(TEXT)}
    window = known["returns.window_days"]
    assert (window.value, window.shipped, window.own) == ("9", "7", True)
    assert window.about.startswith("Days from delivery")
    assert known["store.name"].after_restart
    assert not window.after_restart
    assert not known["stock.low"].own
    # In the order of the file, each part by itself.
    parts = [one.part for one in catalog(assigned(TEXT, "returns.window_days_by_country.CH", "10"))]
    assert len(list(itertools.groupby(parts))) == len(set(parts))
    assert [one.place for one in find(catalog(TEXT), "", own=True)] == ["store.name", "returns.window_days"]
    assert window.place in [one.place for one in find(catalog(TEXT), "DELIVERY destination")]


def test_every_part_is_taken_at_once_or_named_as_waiting_for_a_restart() -> None:
    assert set(AFTER_RESTART) < set(ShopRules.__fields__)


def test_a_change_is_told_with_when_it_is_taken_and_who_tells_of_it(settings: Settings) -> None:
    before = settings.rules
    after, _ = checked(settings, TEXT.replace("Meridian ", "Other "))
    assert after is not None
    found = {one.place: one for one in changes(before, after)}
    assert set(found) == {"store.name", "returns.window_days"}
    window = found["returns.window_days"]
    assert (window.before, window.after, window.after_restart) == (7, 9, "")
    assert "utter_refund_policy" in window.replies or window.replies
    assert found["store.name"].after_restart


def test_what_buyers_heard_of_late_is_counted(
    rulebook: Rulebook, place: Settings, database: Database, clock: SetClock
) -> None:
    rules, _ = rulebook.check("returns: {window_days: 9}\n")
    assert rules is not None
    (change,) = changes(place.rules, rules)
    told = change.replies[0]
    talks = Talks(database, place, clock)
    for number in range(4):
        talks.say("hello", SURE, buyer=f"b{number}")
    old = clock.now() - dt.timedelta(days=DAYS + 1)
    with database.begin() as connection:
        first, second, third, fourth = connection.execute(
            sa.select(turns.c.id).order_by(turns.c.id)
        ).scalars()
        for one, grounds in ((first, [told]), (second, ["utter_greet_day"]), (third, [told, "utter_x"])):
            row = turns.update().where(turns.c.id == one)
            connection.execute(row.values(grounds={"rules": "r", "replies": grounds, "clauses": {}}))
        late = turns.update().where(turns.c.id == fourth)
        connection.execute(late.values(at=old, grounds={"rules": "r", "replies": [told], "clauses": {}}))
    found = rulebook.consequences(rules)
    assert [(one.place, one.turns) for one in found.changes] == [("returns.window_days", 2)]
    assert found.looked_at == 3
    # What is in force already changes nothing.
    assert rulebook.consequences(dataclasses.replace(place).rules).changes == ()
