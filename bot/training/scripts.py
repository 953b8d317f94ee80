"""The gate of scripted conversations: a model plays what is written down, and it is kept what it breaks."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from bot.dialogue.engine import Engine
from bot.dialogue.recovery import load_replies
from bot.dialogue.scripted import Player, Script, read_scripts
from bot.settings import ROOT, Settings, ShopRules
from bot.settings.reading import read_rules
from bot.training.staging import Migrate, Stage

#: The shipped scripts, and those of a store below its own folder.
SHIPPED, OWN = ROOT / "tests" / "conversations", Path("conversations")
#: Characters of what is kept of why a script broke.
_LONGEST = 200


def digest(settings: Settings, shipped: Path = SHIPPED) -> str:
    """By which results of the same scripts, words and rules are known."""
    own = settings.store
    found = hashlib.sha256(f"{settings.rules.releases.scripts_of_each}\0".encode())
    for path in (
        *sorted(shipped.glob("*.yml")),
        *sorted((own / OWN).glob("*.yml")),
        *sorted((ROOT / "replies").glob("*.yml")),
        *sorted((own / "replies").glob("*.yml")),
        ROOT / "shop.yml",
        own / "shop.yml",
        settings.files / "words" / "current.json",
    ):
        if path.is_file():
            found.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def play(
    settings: Settings,
    engine: Engine,
    lexicon: Path,
    migrate: Migrate,
    shipped: Path = SHIPPED,
) -> dict[str, Any]:
    """Play scripts with a model: shipped ones as shipped, the store's with its own words and rules.

    Args:
        settings: where the store's scripts, words and rules lie.
        engine: the model.
        lexicon: the file in which it looks for product names; it is written to.
        migrate: gives an empty database its tables.
        shipped: the folder of the shipped scripts.

    Returns:
        What is kept with a version: ``digest``, ``played`` and ``broken``, each with its ``script``, ``line``
        and ``why``.

    Raises:
        ScriptError: a file of scripts cannot be used.
    """
    with tempfile.TemporaryDirectory() as place:
        nowhere = Path(place) / "nowhere"
        rules = read_rules(ROOT / "shop.yml", nowhere / "shop.yml")
        plain = replace(settings, store=nowhere, files=nowhere, rules=rules)
        sets = [(plain, _chosen(settings, shipped)), (settings, read_scripts(settings.store / OWN))]
        broken: list[Mapping[str, Any]] = []
        stages: list[tuple[ShopRules, Stage]] = []
        for whose, scripts in sets:
            # Seeding and looking for situations takes seconds.
            stage = next((one for rules, one in stages if rules == whose.rules), None)
            if stage is None and scripts:
                folder = Path(place) / str(len(stages))
                folder.mkdir()
                stage = Stage.build(folder, whose.rules, lexicon, migrate)
                stages.append((whose.rules, stage))
            if stage is not None:
                broken += _broken(whose, scripts, engine, stage)
        played = sum(len(scripts) for _, scripts in sets)
    return {"digest": digest(settings, shipped), "played": played, "broken": broken}


def _chosen(settings: Settings, shipped: Path) -> list[Script]:
    """The first ones of each file: every flow and every language has its own."""
    most = settings.rules.releases.scripts_of_each
    files = groupby(read_scripts(shipped), key=lambda script: script.file)
    return [script for _, scripts in files for script in islice(scripts, most)]


def _broken(
    settings: Settings, scripts: Sequence[Script], engine: Engine, stage: Stage
) -> Iterator[Mapping[str, Any]]:
    """Each script that does not go as it says, with the line at which it breaks and why."""
    replies = load_replies(settings)
    with stage.set_up(stage.path.parent, settings.rules, replies, engine) as fresh:
        for script in scripts:
            found = Player(script, fresh(), stage.samples).play()
            if found is not None:
                line, wrong = found
                why = "; ".join(one.partition("\n")[0] for one in wrong)
                yield {"script": str(script), "line": line, "why": why[:_LONGEST]}
