"""``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import announce
from bot.clock import SystemClock
from bot.database import Database
from bot.operations.archive import Manifest
from bot.settings import Settings
from bot.spelling import counted


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to make; holds personal data and the key.")],
) -> None:
    """Copy database, models, files and the store's folder into one archive; the service may go on."""
    from bot.operations.backup import back_up

    settings = Settings.load()
    database = Database(settings.database_url)
    try:
        made = back_up(settings, database, file, SystemClock())
    finally:
        database.close()
    for line in made.left_out:
        typer.echo(f"Left out: {line}", err=True)
    manifest = made.manifest
    announce(f"Backed up {_told(manifest)}, {_megabytes(file.stat().st_size)}: {file}")
    announce("It holds personal data and the signing key: keep it where only you can read it.")


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `crossdesk backup` made.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there; it is kept aside.")] = False,
) -> None:
    """Put a backup back; the service must be stopped. Restore only archives of your own."""
    from bot.operations.restore import restore as put_back

    settings = Settings.load()
    database = Database(settings.database_url)
    try:
        done = put_back(settings, database, file, force=force)
    finally:
        database.close()
    manifest = done.manifest
    announce(f"Restored {_told(manifest)}, as of {manifest.made_at:%Y-%m-%d %H:%M} UTC.")
    for path in done.aside:
        announce(f"What was there before: {path} (remove it once you do not need it)")
    if done.needs_upgrade:
        announce("The database is older than this version: run `crossdesk db upgrade`.")


def _told(manifest: Manifest) -> str:
    return (
        f"{manifest.backend} at revision {manifest.revision} and {counted(len(manifest.members) - 1, 'file')}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MB"
