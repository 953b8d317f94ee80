"""`python3 -m scripts.setup run|dev` readies .venv; `… uv` prints where uv is, for `make lock`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import environment
from .stamp import Level
from .steps import SetupError

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.setup", description=__doc__)
    parser.add_argument("what", choices=["run", "dev", "uv"])
    what = parser.parse_args().what
    try:
        if what == "uv":
            sys.stdout.write(f"{environment.tool(ROOT).path}\n")
        else:
            environment.ready(ROOT, Level[what.upper()])
    except SetupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 2
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        sys.stderr.write(f"setup: {error.strerror or error}{where}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("setup: interrupted; run the same command again to go on\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
