"""``buyer``: what is known of a buyer, told or erased."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.operations.buyers import find
from bot.operations.buyers import unlink as part
from bot.operations.erase import Erased
from bot.operations.holdings import HOLDINGS, Fate
from bot.settings import Settings

app = typer.Typer(help="What is known of one buyer.", no_args_is_help=True)

Who = Annotated[
    str, typer.Argument(help="A customer's number, or a conversation's (customer:N, conversation:N).")
]

#: What is not in tables, told after every erasure.
_ELSEWHERE = (
    "Not touched: backups and models made before; the store's own systems, from which an import brings a "
    "customer back; sentences that you put into training examples yourself. The cache of sentence vectors "
    "holds no words; remove CROSSDESK_FILES/cache if even that must go."
)


class _OnlyToldError(Exception):
    """Takes back what was done to find out what would be."""


@app.command()
def export(
    who: Who,
    file: Annotated[Path | None, typer.Argument(help="The zip to make; buyer.zip if left out.")] = None,
) -> None:
    """Write all that is known of a buyer into a zip of JSON files, to be handed to them."""
    from bot.operations.export import export as write

    settings = Settings.load()
    target = file or Path("buyer.zip")
    with open_database(settings).begin() as connection:
        buyer = find(connection, who)
        done = write(connection, buyer, settings.files, target, SystemClock())
    held = ", ".join(f"{count} {table}" for table, count in done.rows.items() if count) or "nothing"
    announce(f"Exported {buyer}.")
    announce(f"{target}: {held}; {done.files} attached files.")


@app.command()
def unlink(
    conversation: Annotated[str, typer.Argument(help="A conversation's number.")],
) -> None:
    """Part a conversation from its customer, where somebody else turned out to write in it."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        customer = part(connection, conversation)
    announce(f"Conversation {conversation} is no longer customer {customer}'s: its sender is asked again.")


@app.command()
def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of what.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Forget a buyer; what the law makes the store keep stays, without name and address, and is listed."""
    from bot.operations.erase import erase as forget
    from bot.operations.erase import overwriting
    from bot.training import examples
    from bot.training.words import write_words

    settings = Settings.load()
    database = open_database(settings)
    clock = SystemClock()
    with database.begin() as connection:
        buyer = find(connection, who)
    if not (yes or dry_run):
        typer.confirm(f"Erase {buyer}? This cannot be undone.", abort=True, err=True)
    try:
        with overwriting(database) as connection:
            done = forget(connection, buyer, settings.files, clock.now())
            if dry_run:
                raise _OnlyToldError
        for path in done.files:
            path.unlink(missing_ok=True)
        # What was learnt of them goes out of the store's files, too.
        examples.write(database, settings)
        with database.begin() as connection:
            write_words(connection, settings)
    except _OnlyToldError:
        pass
    if as_json:
        typer.echo(json.dumps(_as_json(str(buyer), done, dry_run=dry_run)))
        return
    announce(f"{'Would erase' if dry_run else 'Erased'} {buyer}.")
    for table, count in done.rows.items():
        holding = HOLDINGS[table]
        announce(f"  {holding.fate.value:8} {count:6} {table} ({holding.why})")
    announce(f"  {Fate.REMOVED.value:8} {len(done.files):6} attached files")
    if done.whole:
        announce(
            f"Kept whole, with the customer's name and address, until they are at their end: "
            f"{', '.join(done.whole)}. Run this again then."
        )
    announce(_ELSEWHERE)


def _as_json(buyer: str, done: Erased, *, dry_run: bool) -> dict[str, object]:
    return {
        "buyer": buyer,
        "dry_run": dry_run,
        "tables": {
            table: {"rows": count, "fate": HOLDINGS[table].fate.value, "what": HOLDINGS[table].why}
            for table, count in done.rows.items()
        },
        "files": len(done.files),
        "kept_whole": list(done.whole),
        "not_touched": _ELSEWHERE,
    }
