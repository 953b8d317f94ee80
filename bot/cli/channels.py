"""``channels``: how each door and each desk stands, who has it open, and what last went through it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer
from rich.table import Table

from bot.cli.mail import Json, ago, as_line, moment, print_table
from bot.cli.opening import open_database
from bot.clock import SystemClock
from bot.desk.masking import mask_text
from bot.mailroom import overview
from bot.mailroom.overview import Passed
from bot.settings import Settings
from bot.sharing import doors
from bot.sharing.doors import Door


def channels(as_json: Json = False) -> None:
    """Tell of each channel whether it is open, where, since when, and its last messages and errors.

    And of each desk whether its people are reached.
    """
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        standing = doors.listed(connection)
        passed = {name: overview.passed(connection, name) for name in settings.rules.channels}
    by_channel = {name: _named(standing, f"channel {name}") for name in settings.rules.channels}
    by_desk = {name: _named(standing, f"desk {name}") for name in settings.rules.desks}
    if as_json:
        told = [_as_json(name, by_channel[name], passed[name]) for name in by_channel]
        told += [{"desk": name, "doors": _doors_as_json(found)} for name, found in by_desk.items()]
        typer.echo(json.dumps(told))
        return
    now = SystemClock().now()
    table = Table("channel", "state", "since", "open at", "last in", "last out", "errors", "why", box=None)
    for name, found in by_channel.items():
        last = passed[name]
        mail = (ago(last.last_in, now) or "never", ago(last.last_out, now) or "never", str(last.errors))
        for door in found:
            why = as_line(mask_text(door.why or last.last_error or ""))
            table.add_row(name, door.state.value, ago(door.since, now), as_line(door.holder), *mail, why)
        if not found:
            table.add_row(name, "not served", "", "", *mail, as_line(mask_text(last.last_error or "")))
    for name, found in by_desk.items():
        for door in found:
            since, holder = ago(door.since, now), as_line(door.holder)
            why = as_line(mask_text(door.why))
            table.add_row(f"desk {name}", door.state.value, since, holder, "", "", "", why)
        if not found:
            table.add_row(f"desk {name}", "not served")
    print_table(table)


def _named(standing: Sequence[Door], name: str) -> list[Door]:
    return [door for door in standing if door.name == name]


def _as_json(name: str, found: list[Door], last: Passed) -> dict[str, Any]:
    return {
        "channel": name,
        "doors": _doors_as_json(found),
        "last_in": moment(last.last_in),
        "last_out": moment(last.last_out),
        "errors": last.errors,
        "last_error": None if last.last_error is None else mask_text(last.last_error),
    }


def _doors_as_json(found: Sequence[Door]) -> list[dict[str, Any]]:
    return [
        {
            "state": door.state.value,
            "since": moment(door.since),
            "holder": door.holder,
            "why": mask_text(door.why) or None,
        }
        for door in found
    ]
