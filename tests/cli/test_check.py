"""``check``, as whoever changes a flow or a reply runs it."""

from __future__ import annotations

import json

import pytest

from bot.settings import Settings
from tests.cli.conftest import Crossdesk

pytestmark = pytest.mark.usefixtures("place")


def test_the_shipped_scripts_pass(crossdesk: Crossdesk) -> None:
    ran = crossdesk("check")

    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1].endswith("0 findings.")


def test_what_it_found_can_be_read_by_a_program(crossdesk: Crossdesk) -> None:
    ran = crossdesk("check", "--json")

    assert json.loads(ran.out) == {"findings": [], "walked": None}


def test_the_table_has_every_flow_in_every_language(crossdesk: Crossdesk) -> None:
    ran = crossdesk("check", "--table")
    rows = json.loads(crossdesk("check", "--table", "--json").out)

    assert ran.code == 0, ran.out
    assert f"{len(rows)} flows in 10 languages, 0 gaps." in ran.out
    assert all(set(row["gaps"]) == set(Settings.load().rules.languages) for row in rows)
