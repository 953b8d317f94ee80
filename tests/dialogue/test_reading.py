"""What the model held likely is stored with the turn: of what was typed, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.dialogue.tables import turns
from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model


def _readings(talk: Talk) -> list[Any]:
    with talk.database.begin() as connection:
        return list(connection.execute(sa.select(turns.c.reading).order_by(turns.c.id)).scalars())


def test_a_typed_message_keeps_the_likeliest_meanings_and_a_button_none(talk: Talk) -> None:
    talk.write("where is my parcel")
    talk.turns()
    talk.press()
    talk.turns()
    typed, pressed = _readings(talk)
    assert typed["ranking"][0][0] == "logistics_where_is_parcel"
    assert len(typed["ranking"]) == 5
    assert sorted((sure for _, sure in typed["ranking"]), reverse=True) == [
        sure for _, sure in typed["ranking"]
    ]
    assert typed["form"] is None
    assert pressed is None


def test_an_answer_to_a_form_is_told_by_its_form(talk: Talk) -> None:
    talk.write("where is my parcel")
    talk.turns()
    talk.write("it is somewhere in the big blue house")
    talk.turns()
    assert _readings(talk)[-1]["form"] == "identity_form"
