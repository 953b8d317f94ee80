"""All that is known of a buyer as one zip of JSON files, to be handed to them."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.errors import BuyerError
from bot.operations.buyers import Belongings, Buyer
from bot.operations.holdings import HOLDINGS, NOBODYS


@dataclass(frozen=True)
class Exported:
    """What was written."""

    #: Rows by table.
    rows: Mapping[str, int]
    files: int


def export(connection: Connection, buyer: Buyer, files: Path, target: Path, clock: Clock) -> Exported:
    """Write a new zip: a JSON file a table, the files that came with messages, and ``about.json``.

    Left out is what is not the buyer's: the store's own people and how the program works.

    Raises:
        BuyerError: the file is there already, or its folder is not.
        OSError: the disk is full, or refuses.
    """
    if target.exists():
        raise BuyerError(f"{target} is there already: give another name, or remove it")
    if not target.absolute().parent.is_dir():
        raise BuyerError(f"there is no folder {target.absolute().parent}: make it first")
    belongings = Belongings(connection, buyer)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    rows: dict[str, int] = {}
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
                for table, holding in HOLDINGS.items():
                    held = [
                        {
                            name: _plain(value)
                            for name, value in row._mapping.items()
                            if name not in holding.inward
                        }
                        for row in belongings.rows(table)
                    ]
                    rows[table] = len(held)
                    packed.writestr(f"{table}.json", _json(held))
                attached = belongings.attachments(files)
                for name, path in attached:
                    packed.write(path, f"files/{name}")
                packed.writestr("about.json", _json(_about(buyer, rows, clock.now())))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return Exported(rows, len(attached))


def _about(buyer: Buyer, rows: Mapping[str, int], at: dt.datetime) -> dict[str, Any]:
    return {
        "made_at": at.isoformat(),
        "customer": buyer.customer_number,
        "conversations": list(buyer.conversations),
        "tables": {
            table: {"rows": rows[table], "what": holding.why, "left_out": sorted(holding.inward)}
            for table, holding in HOLDINGS.items()
        },
        "not_about_buyers": dict(NOBODYS),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (dt.datetime, dt.date)) else value
