"""What a worker answers to those who try the model: what it makes of a message, and why."""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa

from bot.clock import Clock
from bot.database import Database
from bot.dialogue.engine import Engine, typed_text
from bot.dialogue.nearness import Near, are_same, nearest
from bot.dialogue.parsing import parse
from bot.settings import Settings
from bot.training import corpus
from bot.training.corpus import Corpus, Example
from bot.training.tables import model_trials
from bot.training.trials import LATE

log = logging.getLogger(__name__)

#: Examples that are told of each intent.
TOLD = 3


def tried(engine: Engine, settings: Settings, text: str) -> dict[str, Any]:
    """What ``crossdesk parse`` tells of a message, the model's name, and why: its nearest examples.

    ``why`` has for each of the likeliest intents the examples that the model finds nearest, as it measures
    itself, with their cosine; ``text`` is None where the files have changed since the training.
    """
    read = parse(engine, text)
    likeliest = [one["intent"] for one in read["ranking"]]
    found = nearest(engine, typed_text(text), likeliest, TOLD) if typed_text(text) else []
    words = _words(engine, corpus.read(settings), found)
    why = [
        {
            "intent": intent,
            "examples": [
                {
                    "text": example.text if example else None,
                    "language": example.language if example else None,
                    "own": example.own if example else None,
                    "nearness": round(near.nearness, 3),
                }
                for near, example in words
                if near.intent == intent
            ],
        }
        for intent in likeliest
    ]
    return {**read, "model": engine.model, "why": [one for one in why if one["examples"]]}


def answer_next(database: Database, settings: Settings, clock: Clock, engine: Engine | None) -> bool:
    """Answer the next one who waits; False if nobody does. Of two workers one answers.

    Raises:
        TryLaterError: the database is away.
    """
    now, own = clock.now(), model_trials.c
    with database.look() as connection:
        waiting = connection.execute(
            sa.select(own.id, own.text)
            .where(own.taken_at.is_(None), own.at >= now - LATE)
            .order_by(own.id)
            .limit(1)
        ).one_or_none()
    if waiting is None:
        return False
    with database.begin() as connection:
        taken = connection.execute(
            model_trials.update().where(own.id == waiting.id, own.taken_at.is_(None)).values(taken_at=now)
        ).rowcount
    if not taken:
        return True
    answer = _answer(engine, settings, waiting.text)
    with database.begin() as connection:
        connection.execute(model_trials.update().where(own.id == waiting.id).values(answer=answer))
    return True


def _answer(engine: Engine | None, settings: Settings, text: str) -> dict[str, Any]:
    if engine is None:
        return {"error": "no model serves: train one first"}
    try:
        return tried(engine, settings, text)
    except Exception as error:
        # Whoever asked must hear of it; the words may be a buyer's.
        log.error("a trial of the model failed: %s", type(error).__name__)
        return {"error": f"the model failed on this message ({type(error).__name__})"}


def _words(engine: Engine, known: Corpus, found: list[Near]) -> list[tuple[Near, Example | None]]:
    """The examples that the model remembers, in words: those of which it is sure that they are the same.

    What was added or taken away since the training, before an example or after it, moves its place.
    """
    pairs: list[tuple[Near, Example]] = []
    for near in found:
        here = known.of(near.intent)
        moved = len(here) - near.count
        for place in dict.fromkeys((near.place, near.place + moved)):
            if 0 <= place < len(here):
                pairs.append((near, here[place]))
    same = are_same(engine, [(near, example.text) for near, example in pairs])
    sure = {near: example for (near, example), is_same in zip(pairs, same, strict=True) if is_same}
    return [(near, sure.get(near)) for near in found]
