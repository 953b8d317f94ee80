"""A turn whose workers vanish one after the other is not tried for ever, also where nobody saw them die."""

from __future__ import annotations

from tests.dialogue.talking import HONEST, Talk


def test_a_message_over_which_every_worker_vanishes_is_given_to_a_person_in_the_end(mute: Talk) -> None:
    mute.write("Where is my parcel?")
    for number in range(mute.rules.serving.turn_tries):
        assert mute.claim(f"vanished-{number}").row.attempts == number
        mute.clock.advance(seconds=60)
    assert mute.turns() == ["buried"]
    assert mute.states() == [("buried", mute.rules.serving.turn_tries + 1)]
    assert [said.startswith(HONEST) for said in mute.said()] == [True]
    case = mute.case()
    assert case is not None
    assert case.card.why.startswith("AbandonedTurnError")
