"""After a person has helped, the buyer is asked once for stars, and what they say stays with the case."""

from __future__ import annotations

from typing import Any

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.values.cases import Case, CaseState, Outcome
from bot.dialogue.macros import ReplyMacros
from bot.dialogue.replies import Replies
from bot.mailroom.timers import TimerRoom
from bot.messages import Button
from bot.settings import ShopRules
from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model

QUESTION = "How was the help from Sue"


def helped(talk: Talk, outcome: Outcome = Outcome.SOLVED) -> Case:
    """A buyer whom Sue has answered, and whose case she has closed."""
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    case = talk.case()
    assert case is not None
    with talk.database.begin() as connection:
        cases, sue = Cases(connection, talk.rules, talk.clock), talk.person()
        mine = cases.claim(case.id, sue)
        cases.reply(case.id, sue, "It is at customs.", mine.fence)
        return cases.close(case.id, sue, outcome, "", mine.fence)


def later(talk: Talk, minutes: int = 1) -> list[str]:
    """What comes of it once the question's time has come."""
    talk.clock.advance(minutes=minutes)
    TimerRoom(talk.database, talk.clock).fire_due()
    return talk.turns()


def now(talk: Talk, case: Case) -> Case:
    with talk.database.begin() as connection:
        return Cases(connection, talk.rules, talk.clock).get(case.id)


def kinds(talk: Talk, case: Case) -> list[str]:
    with talk.database.begin() as connection:
        events = Cases(connection, talk.rules, talk.clock).events(case.id)
    return [event.kind.value for event in events]


def test_stars_and_a_word_to_them_are_kept_with_the_case(talk: Talk) -> None:
    case = helped(talk)
    assert later(talk) == ["silent", "asked for a rating"]
    (asked,) = [line for line in talk.lines() if line.text.startswith(QUESTION)]
    assert [button.title for button in asked.buttons] == [
        "★", "★★", "★★★", "★★★★", "★★★★★", "Talk to a person",
    ]  # fmt: skip
    talk.write(button=asked.buttons[4].payload)
    talk.turns()
    assert talk.said()[-1].startswith("Thank you, Sue will read it.")
    talk.write("So quick, I had my answer before the coffee was ready")
    talk.turns()
    kept = now(talk, case)
    assert (kept.satisfaction, kept.comment) == (5, "So quick, I had my answer before the coffee was ready")
    assert kinds(talk, case)[-2:] == ["rated", "commented"]
    talk.write("hello again")
    talk.turns()
    assert now(talk, case).comment == kept.comment


def test_the_number_of_stars_may_be_typed(talk: Talk) -> None:
    case = helped(talk)
    later(talk)
    talk.write("4")
    talk.turns()
    assert now(talk, case).satisfaction == 4


def test_of_few_stars_the_cause_is_asked_for_and_kept(talk: Talk) -> None:
    case = helped(talk)
    later(talk)
    talk.write("2")
    talk.turns()
    assert "What was the cause?" in talk.said()[-1]
    talk.write("My question was not answered at all")
    talk.turns()
    kept = now(talk, case)
    assert (kept.satisfaction, kept.comment) == (2, "My question was not answered at all")


@pytest.mark.parametrize("outcome", [Outcome.SPAM, Outcome.NO_ANSWER_NEEDED])
def test_some_are_never_asked(talk: Talk, outcome: Outcome) -> None:
    helped(talk, outcome)
    later(talk)
    assert not [text for text in talk.said() if text.startswith(QUESTION)]


def test_who_needs_a_person_again_is_not_asked_and_meets_the_same_one(talk: Talk) -> None:
    case = helped(talk)
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    again = talk.case()
    assert again is not None
    assert (again.id, again.state, again.owner_id) == (case.id, CaseState.CLAIMED, case.owner_id)
    later(talk)
    assert not [text for text in talk.said() if text.startswith(QUESTION)]


def test_a_case_closed_twice_is_asked_about_once(talk: Talk) -> None:
    case = helped(talk)
    later(talk)
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    with talk.database.begin() as connection:
        cases, sue = Cases(connection, talk.rules, talk.clock), talk.person()
        fence = cases.get(case.id).fence
        cases.reply(case.id, sue, "Now it is.", fence)
        cases.close(case.id, sue, Outcome.SOLVED, "", fence)
    later(talk)
    assert len([text for text in talk.said() if text.startswith(QUESTION)]) == 1


def test_stars_long_after_are_not_the_helps(talk: Talk) -> None:
    case = helped(talk)
    later(talk)
    talk.clock.advance(minutes=4 * 24 * 60)
    talk.write("3")
    talk.turns()
    assert now(talk, case).satisfaction is None


def test_macros_are_told_as_the_buyers_language_does(
    database: Database, rules: ShopRules, replies: Replies, clock: SetClock
) -> None:
    del database
    book = ReplyMacros(lambda: replies, rules.store.timezone)
    assert {"hello", "looking", "photo"} <= set(book.names())
    about: dict[str, Any] = {"channel": "web", "timezone": "Europe/Berlin", "now": clock.now()}
    values = {"agent": "Ana", "store": "Meridian Goods", "by": clock.now()}
    text, language, missing = book.fill("looking", "de", values, **about)
    assert (language, missing) == ("de", ())
    assert text.startswith("Ich sehe mir das an, und Sie erhalten hier bis ")
    text, _, missing = book.fill("hello", "en", {"store": "Meridian Goods"}, **about)
    assert missing == ("agent",)
    assert "{agent}" in text
