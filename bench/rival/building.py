"""The rival's project and model: our examples, domain and flows, in stock Rasa's own form; built once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from bench.talk import NO_INTENT, Line

HERE = Path(__file__).resolve().parent
#: What the rival has from us as it is.
SHARED = ("nlu/data/en", "stories")
#: Where the model lies in the project's folder.
MODEL = "models/rival.tar.gz"
#: Seconds that a training may take.
PATIENCE = 900
_YAML = YAML(typ="safe", pure=True)


def build(root: Path, cache: Path, lines: Sequence[Line]) -> Path:
    """The folder of the rival's project with a trained model in it; trained anew only if something changed.

    The rival is trained on the very messages that it will get, beside the shared examples.
    """
    made = _project(root, cache / "rival-new", lines)
    folder = cache / f"rival-{_fingerprint(made)}"
    if (folder / MODEL).exists():
        shutil.rmtree(made)
        return folder
    for old in set(cache.glob("rival-*")) - {made}:
        shutil.rmtree(old)
    made.rename(folder)
    _train(folder)
    return folder


def rasa(*arguments: str) -> list[str]:
    """A command line of stock Rasa."""
    return [sys.executable, "-m", "rasa", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """What every process of the rival gets: no telemetry, byte code as usual, a cache of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_CACHE_DIRECTORY": str(folder.parent / "rasa"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
    }


def _project(root: Path, folder: Path, lines: Sequence[Line]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for part in SHARED:
        shutil.copytree(root / part, folder / "data" / part)
    (folder / "data" / "messages.yml").write_text(_lessons(lines), encoding="utf-8")
    shutil.copy(HERE / "stories.yml", folder / "data")
    shutil.copy(HERE / "config.yml", folder)
    _write_domain(root, folder / "domain.yml")
    (folder / "credentials.yml").write_text("rest:\n", encoding="utf-8")
    return folder


def _lessons(lines: Sequence[Line]) -> str:
    by_intent: dict[str, list[str]] = {}
    for line in lines:
        if line.intent != NO_INTENT:
            by_intent.setdefault(line.intent, []).append(line.text)
    text = 'version: "3.1"\nnlu:\n'
    for intent, texts in by_intent.items():
        examples = "".join(f"      - {said}\n" for said in texts)
        text += f"  - intent: {intent}\n    examples: |\n{examples}"
    return text


def _write_domain(root: Path, path: Path) -> None:
    """Our domain as it is, with those replies that the rival's actions and forms say."""
    domain = _YAML.load((root / "domain.yml").read_text(encoding="utf-8"))
    replies = _YAML.load((root / "replies" / "en.yml").read_text(encoding="utf-8"))["responses"]
    actions = (HERE / "actions.py").read_text(encoding="utf-8")
    spoken = ("utter_order_", "utter_ask_identity_form_")
    domain["responses"] = {
        name: reply for name, reply in replies.items() if f'"{name}"' in actions or name.startswith(spoken)
    }
    # JSON is YAML.
    path.write_text(json.dumps(domain), encoding="utf-8")


def _train(folder: Path) -> None:
    files = ("--data", "data", "--out", "models", "--fixed-model-name", "new")
    with (folder / "train.log").open("wb") as log:
        done = subprocess.run(
            rasa("train", "--skip-validation", *files),
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=PATIENCE,
            check=False,
        )
    if done.returncode != 0:
        tail = (folder / "train.log").read_text(errors="replace")[-3000:]
        raise RuntimeError(f"the rival's training failed:\n{tail}")
    # Whole or not at all: a training may be interrupted while it writes the model.
    (folder / "models" / "new.tar.gz").rename(folder / MODEL)


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yml")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
