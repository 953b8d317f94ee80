"""``crossdesk`` and ``python -m bot``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; an error is one clear line and exit code 2."""
    # TensorFlow, which Rasa imports, reads these once and talks a lot; sentence vectors need one thread.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    if not sys.warnoptions:
        import warnings

        warnings.simplefilter("ignore")
    from bot.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
