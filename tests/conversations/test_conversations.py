"""Conversations through the real model, rules, database and mailroom; the scripts lie beside as YAML.

A script has a ``name``, ``lines`` and, where it needs them, a ``situation`` (whose order ``{number}``,
``{email}``, ``{phone}`` and ``{name}`` stand for; ``{number:stuck}`` is that of another one),
``name_on_channel``, ``channel`` and ``network``. Each line is what a buyer types (``buyer``; a mapping of
``text`` and ``times`` repeats it; ``photo: true`` sends one with it), a button by its title, the beginning of
it, or a payload (``press``), or an ``event``, ``at`` a moment or not. What must come of it: ``says``,
``never_says`` or ``silent``, ``offers`` (buttons), ``flow``, ``status``, ``queue``, ``reason``, ``card`` and
``card_never`` (words on the case card).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.desk.cases import Cases
from bot.dialogue.rehearsal import Rehearsal
from bot.shop.values import OrderSample

pytestmark = pytest.mark.model

_PLACE = re.compile(r"\{(number|email|phone|name)(?::(\w+))?\}")
#: What a line may hold: what happens …
_ACTS = {"buyer", "press", "event"}
#: … and what must come of it.
_CHECKS = {
    "says",
    "never_says",
    "silent",
    "offers",
    "flow",
    "status",
    "queue",
    "reason",
    "card",
    "card_never",
}
_SCRIPT = {"name", "situation", "lines", "name_on_channel", "channel", "network"}
#: What the bot never says, whatever it is asked.
_NEVER = re.compile(
    r"\{\w*\}|\bNone\b|\bTraceback\b|\.\.|patient|guarantee|100 ?% (?:sure|safe|certain)|\balways\b|fault of",
    re.IGNORECASE,
)
_APOLOGY = re.compile(r"\bsorry\b|\bapolog", re.IGNORECASE)


def scripts() -> list[Any]:
    """Every script of every file, named by both."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.yml")):
        for script in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
            assert not set(script) - _SCRIPT, f"{path.name}: a script holds {_SCRIPT}"
            for number, line in enumerate(script["lines"], start=1):
                place = f"{path.name}: {script['name']}, line {number}"
                assert len(_ACTS & set(line)) == 1, f"{place}: needs one of {_ACTS}"
                assert not set(line) - _ACTS - _CHECKS - {"at", "photo"}, f"{place}: can only check {_CHECKS}"
            found.append(pytest.param(script, id=f"{path.stem}: {script['name']}"))
    return found


@dataclass
class Player:
    """Plays a script line by line."""

    script: Mapping[str, Any]
    rehearsal: Rehearsal
    samples: Mapping[str, OrderSample]
    #: The buttons offered last, by title.
    offered: dict[str, str] = field(default_factory=dict)

    def play(self, line: Mapping[str, Any]) -> list[str]:
        """Play a line; returns what was not as it should be."""
        played = self.rehearsal.play(self._sent(line))
        texts = [reply["text"] for reply in played["replies"]]
        said = "\n".join(texts).lower()
        buttons = {
            button["title"]: button["payload"] for reply in played["replies"] for button in reply["buttons"]
        }
        self.offered = buttons or self.offered
        case = played["case"] or {}
        wrong = [f"does not say {words!r}" for words in self._words(line, "says") if words not in said]
        wrong += [f"says {words!r}" for words in self._words(line, "never_says") if words in said]
        wrong += [f"does not offer {title!r}" for title in _all(line.get("offers")) if title not in buttons]
        wrong += [
            f"{name} is {found.get(name)!r}, not {line[name]!r}"
            for name, found in {"flow": played, "status": played, "queue": case, "reason": case}.items()
            if name in line and found.get(name) != line[name]
        ]
        card = self._card(case).lower()
        wrong += [f"the card lacks {words!r}" for words in self._words(line, "card") if words not in card]
        wrong += [f"the card holds {words!r}" for words in self._words(line, "card_never") if words in card]
        if line.get("silent") and said:
            wrong.append("the bot speaks")
        if "event" not in line or line["event"]["event"] != "agent_reply":
            wrong += [
                f"a reply holds {found[0]!r}" for text in texts for found in [_NEVER.search(text)] if found
            ]
            wrong += [f"two apologies in {text!r}" for text in texts if len(_APOLOGY.findall(text)) > 1]
        # Whoever writes is answered, or has a person: nobody is left in silence.
        if "event" not in line and not said and played["status"] not in ("queued", "agent"):
            wrong.append("nothing is said, and nobody has the conversation")
        if played["status"] in ("queued", "agent") and not case.get("queue"):
            wrong.append("a person has the conversation without a case in a queue")
        return [f"{one}\n{played}" for one in wrong]

    def _sent(self, line: Mapping[str, Any]) -> dict[str, Any]:
        sent: dict[str, Any] = {"channel": self.script.get("channel", "web"), "sender": "buyer"}
        if "name_on_channel" in self.script:
            sent["sender_name"] = self.script["name_on_channel"]
        if "network" in self.script:
            sent["network"] = self.script["network"]
        if "at" in line:
            sent["at"] = line["at"]
        if "event" in line:
            happened = {
                key: self.filled(value) if isinstance(value, str) else value
                for key, value in line["event"].items()
            }
            return sent | happened
        if "press" in line:
            return sent | {"button": self._button(self.filled(line["press"]))}
        if line.get("photo"):
            photo = {"name": "photo.jpg", "media_type": "image/jpeg", "size": 90_000, "path": "photo.jpg"}
            sent["attachments"] = [photo]
        typed = line["buyer"]
        text = typed if isinstance(typed, str) else typed["text"] * typed["times"]
        return sent | {"text": self.filled(text)}

    def _button(self, named: str) -> str:
        """The payload of the button that was offered last under this title; anything else is forged."""
        found = [payload for title, payload in self.offered.items() if title.startswith(named)]
        return self.offered.get(named) or (found[0] if len(found) == 1 else named)

    def _card(self, case: Mapping[str, Any]) -> str:
        if not case:
            return ""
        with self.rehearsal.database.begin() as connection:
            found = Cases(connection, self.rehearsal.rules, self.rehearsal.clock).get(case["id"])
        return f"{found.card} {found.priority.name}"

    def _words(self, line: Mapping[str, Any], check: str) -> list[str]:
        return [self.filled(words).lower() for words in _all(line.get(check))]

    def filled(self, words: str) -> str:
        """Words with the order of the script's situation, or of another, in its places."""

        def value(place: re.Match[str]) -> str:
            sample = self.samples[place.group(2) or self.script["situation"]]
            return str(getattr(sample, place.group(1)))

        return _PLACE.sub(value, words)


def _all(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())


@pytest.mark.parametrize("script", scripts())
def test_a_conversation_goes_as_its_script_says(
    script: Mapping[str, Any], rehearsal: Rehearsal, seeded: tuple[Path, dict[str, OrderSample]]
) -> None:
    player = Player(script, rehearsal, seeded[1])
    for number, line in enumerate(script["lines"], start=1):
        wrong = player.play(line)
        assert not wrong, f"line {number}: {line}\n" + "\n".join(wrong)
