"""Measure understanding on public sets, beside what others have published: ``make bench-nlu DATA=folder``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bot.dialogue.lean import keep_tensorflow_out
from bot.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench-nlu", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds the sets as .tsv files")
    parser.add_argument("--only", action="append", help="one of the sets; may be repeated")
    chosen = parser.parse_args(arguments)
    keep_tensorflow_out()
    from bench.nlu.data import DataError, read
    from bench.nlu.protocols import SETS

    unknown = set(chosen.only or ()) - set(SETS)
    if unknown:
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    rows = []
    for name in chosen.only or SETS:
        files, protocol = SETS[name]
        started = time.monotonic()
        try:
            found = protocol(read(chosen.data, files))
        except DataError as error:
            parser.error(str(error))
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
        rows += found
    missed = False
    for row in rows:
        wanted = " / ".join(f"{target:.1f}" for target in row.targets)
        reached = all(figure >= target for figure, target in zip(row.figures, row.targets, strict=False))
        missed |= not reached
        verdict = (f" (wanted {wanted}: {'reached' if reached else 'MISSED'})") if wanted else ""
        print(f"{row.name}: {' / '.join(f'{figure:.1f}' for figure in row.figures)}{verdict}")
        print(f"    published: {row.published}")
    path = Settings.load().files / "bench" / "nlu.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
