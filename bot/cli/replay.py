"""``replay`` and ``why``: what the bot said in the past, taken again and explained."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import logs
from bot.cli.mail import Json, as_line
from bot.cli.opening import announce, open_database
from bot.dialogue import spoken
from bot.dialogue.lean import keep_tensorflow_out
from bot.dialogue.replies import Replies
from bot.errors import ConfigurationError, ModelError, WordsError
from bot.settings import Settings
from bot.training import models

if TYPE_CHECKING:
    from bot.dialogue.replay import Replayed, StoredTurn

Conversation = Annotated[
    int, typer.Argument(help="The conversation's number, as `crossdesk mail show` tells it.")
]

#: Exit code where a turn is not as it was.
DIFFERS = 1


def replay(
    conversation: Conversation,
    model: Annotated[
        str | None, typer.Option(help="Another version; without it the one that took the turn.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Take a stored conversation again, turn by turn, on what was read then; acts on nothing.

    Exit code 1: a text, a button or an event is not as it was.
    """
    logs.set_up()
    settings = Settings.load()
    database = open_database(settings)
    taken = _stored(settings, conversation)
    names = {turn.model: _version(settings, model or turn.model) for turn in taken}
    keep_tensorflow_out()
    from bot.dialogue.engine import Engine
    from bot.dialogue.replay import Replayer

    again: list[Replayed] = []
    said = {words: _words(settings, words) for words in {turn.words for turn in taken}}
    for name in dict.fromkeys(names.values()):
        with closing(Engine.load(models.models_folder(settings) / name)) as engine:
            for words, replies in said.items():
                replayer = Replayer(database, settings.rules, replies, engine)
                again += [
                    replayer.take(turn)
                    for turn in taken
                    if (names[turn.model], turn.words) == (name, words) and turn.tape
                ]
    again.sort(key=lambda one: one.turn.id)
    unknown = [turn.id for turn in taken if turn.tape is None]
    if as_json:
        turns = [_as_json(one, names[one.turn.model]) for one in again]
        typer.echo(json.dumps({"turns": turns, "not_kept": unknown}, ensure_ascii=False))
    else:
        for one in again:
            _tell(one, names[one.turn.model])
        if unknown:
            announce(f"Not kept, what these turns read: {', '.join(map(str, unknown))}.")
    return DIFFERS if any(one.differs for one in again) else 0


def why(
    conversation: Conversation,
    turn: Annotated[int | None, typer.Option(help="The turn's number; the latest if left out.")] = None,
) -> None:
    """Tell why the bot said what it said: intent, flow, rule, steps, and the facts that it read."""
    from bot.dialogue.why import why_of

    taken = _stored(Settings.load(), conversation)
    chosen = [one for one in taken if turn in (None, one.id)]
    if not chosen:
        numbers = ", ".join(str(one.id) for one in taken)
        raise ConfigurationError(f"conversation {conversation} has no turn {turn}: its turns are {numbers}")
    announce(why_of(chosen[-1]))


def _stored(settings: Settings, conversation: int) -> list[StoredTurn]:
    keep_tensorflow_out()
    from bot.dialogue.replay import stored

    with open_database(settings).begin() as connection:
        taken = stored(connection, conversation)
    if not taken:
        raise ConfigurationError(f"conversation {conversation} has no turns, or they were removed by age")
    return taken


def _version(settings: Settings, name: str | None) -> str:
    """The version by which a turn is taken again."""
    if name is not None and (models.models_folder(settings) / name).exists():
        return name
    released = models.current(settings)
    if released is None:
        raise ModelError("there is no trained model yet: run `crossdesk train`")
    return released.name


def _words(settings: Settings, words: str | None) -> Replies:
    """The words that were spoken then where they are kept; else those that serve."""
    try:
        return spoken.load(settings, (words or "").partition(":")[0] or None)
    except WordsError:
        return spoken.load(settings)


def _tell(one: Replayed, model: str) -> None:
    turn = one.turn
    other = "" if turn.model == model else f" (then {turn.model})"
    verdict = f"differs: {', '.join(one.differs)}" if one.differs else "the same"
    announce(f"turn {turn.id} of {turn.at:%Y-%m-%d %H:%M} UTC with {model}{other}: {verdict}")
    if one.other_words:
        announce(f"  with other words: then {turn.words}, now {one.words}")
    if not one.differs:
        return
    if one.failed is not None:
        announce(f"  it could not be taken to its end: {as_line(one.failed)}")
    read = one.understanding
    announce(f"  intent {turn.intent} → {read.intent if read else 'unknown'}, flow {turn.flow} → {one.flow}")
    for then, now in zip(turn.said, one.said, strict=False):
        if then != now:
            announce(f"  then: {as_line(then.text)}")
            announce(f"  now:  {as_line(now.text)}")


def _as_json(one: Replayed, model: str) -> dict[str, Any]:
    return {
        "turn": one.turn.id,
        "at": one.turn.at.isoformat(),
        "model": model,
        "model_then": one.turn.model,
        "words": one.words,
        "words_then": one.turn.words,
        "same": not one.differs,
        "differs": list(one.differs),
        "why": one.failed,
        "intent": one.understanding.intent if one.understanding else None,
        "intent_then": one.turn.intent,
        "flow": one.flow,
        "flow_then": one.turn.flow,
        "said": [{"text": said.text, "buttons": [b.title for b in said.buttons]} for said in one.said],
        "said_then": [
            {"text": said.text, "buttons": [b.title for b in said.buttons]} for said in one.turn.said
        ],
    }
