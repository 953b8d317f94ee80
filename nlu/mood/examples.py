"""What moods and threats are learnt from, beside the examples of intents.

``examples/<language>.yml`` holds four blocks, each a list of messages as in Rasa's files:

``angry``
    The writer's tone is angry, whatever the matter: insults, scorn, indignation, shouting, bitter sarcasm.
``calm``
    Something is wrong and told in a civil way: a fault, a delay, disappointment, worry, a formal complaint.
``threats``
    By kind (`nlu.mood.kinds.Threat`). Their tone is not judged: a threat may come in either.
``harmless``
    The words of threats in another sense, or about something else; the tone is calm.

The files have no key that Rasa looks for: they are no examples of intents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nlu.mood.kinds import Mood, Threat

FOLDER = Path(__file__).parent / "examples"


class MoodExamplesError(ValueError):
    """A file of examples cannot be used; the message says which and why."""


@dataclass(frozen=True)
class MoodExample:
    """A message, and what is known of it."""

    text: str
    language: str
    #: None where it was not judged.
    mood: Mood | None
    threat: Threat | None


def read_examples(folder: Path = FOLDER) -> list[MoodExample]:
    """Read all files of a folder, named by language.

    Raises: MoodExamplesError.
    """
    found: list[MoodExample] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            blocks = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
            found += _angry_and_calm(blocks, path.stem)
            for kind, lines in blocks["threats"].items():
                found += [MoodExample(text, path.stem, None, Threat(kind)) for text in _messages(lines)]
        except (
            OSError, UnicodeDecodeError, YAMLError, KeyError, AttributeError, TypeError, ValueError
        ) as error:  # fmt: skip
            raise MoodExamplesError(f"{path}: {type(error).__name__}: {error}") from error
    if not found:
        raise MoodExamplesError(f"{folder} holds no examples of moods")
    return found


def _angry_and_calm(blocks: dict[str, str], language: str) -> Iterator[MoodExample]:
    for block, mood in (("angry", Mood.ANGRY), ("calm", Mood.CALM), ("harmless", Mood.CALM)):
        for text in _messages(blocks[block]):
            yield MoodExample(text, language, mood, None)


def _messages(lines: str) -> list[str]:
    return [line.strip()[2:].strip() for line in lines.splitlines() if line.strip().startswith("- ")]
