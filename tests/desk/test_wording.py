"""What stands in a case's history is said as people say it."""

from __future__ import annotations

import pytest

from bot.desk.values.cases import Reason
from bot.desk.values.people import Person
from bot.desk.wording import lasting, named, plain
from tests.desk.acting import Acting


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (28.9, "28 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3_905, "1 hour 5 minutes"),
        (3_601, "1 hour"),
        (86_400, "1 day"),
        (2 * 86_400 + 3_600 + 59, "2 days 1 hour"),
        (-28, "28 seconds"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0:00:28 after it was opened", "28 seconds after it was opened"),
        ("1 day, 2:03:04 after it was opened", "1 day 2 hours after it was opened"),
        ("not_understood: nlu_fallback; twice", "not understood: not understood; twice"),
        ("spoke of: refund_where_is_it", "spoke of: refund where is it"),
        ("meet at 10:30:00, please", "meet at 10:30:00, please"),
        ("", ""),
    ],
)
def test_what_was_written_down_before_reads_well_too(text: str, said: str) -> None:
    assert plain(text) == said


def test_names_of_the_program_are_told_in_words() -> None:
    assert named("nlu_fallback") == "not understood"
    assert named("refund_damaged") == "refund damaged"


def test_a_history_names_no_part_of_the_program(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    desk.open(case.conversation_id, intent="nlu_fallback", reason=Reason.NOT_UNDERSTOOD)
    told = " ".join(event.text for event in desk.events(case))
    assert "0 seconds after it was opened" in told
    assert "not understood" in told
    assert not {"nlu", "nlu_fallback", "0:00:00"} & set(told.split())
