"""``channels``: how each door stands, who has it open, and what last went through it."""

from __future__ import annotations

import json
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
    """Tell of each channel whether it is open, where, since when, and its last messages and errors."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        standing = doors.listed(connection)
        passed = {name: overview.passed(connection, name) for name in settings.rules.channels}
    by_channel = {
        name: [door for door in standing if door.name == f"channel {name}"]
        for name in settings.rules.channels
    }
    if as_json:
        typer.echo(json.dumps([_as_json(name, by_channel[name], passed[name]) for name in by_channel]))
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
    print_table(table)


def _as_json(name: str, found: list[Door], last: Passed) -> dict[str, Any]:
    return {
        "channel": name,
        "doors": [
            {
                "state": door.state.value,
                "since": moment(door.since),
                "holder": door.holder,
                "why": mask_text(door.why) or None,
            }
            for door in found
        ],
        "last_in": moment(last.last_in),
        "last_out": moment(last.last_out),
        "errors": last.errors,
        "last_error": None if last.last_error is None else mask_text(last.last_error),
    }
