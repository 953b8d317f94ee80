"""One message in, one JSON-ready record of what the model makes of it out."""

from __future__ import annotations

from typing import Any

from bot.dialogue.engine import FALLBACK_INTENT, Engine, topic_of, typed_text
from bot.dialogue.turn import Understanding

#: Meanings listed with each message.
RANKED = 3


def parse(engine: Engine, text: str) -> dict[str, Any]:
    """What the model makes of a message, as ``crossdesk parse`` writes it."""
    typed = typed_text(text)
    read = engine.understand(typed) if typed else _nothing()
    moved = len(text) - len(typed)
    return {
        "text": text,
        "language": read.language,
        "language_tag": read.language_tag or read.language,
        "intent": read.intent,
        "topic": topic_of(read.intent),
        "confidence": round(read.confidence, 4),
        "ranking": [{"intent": name, "confidence": round(sure, 4)} for name, sure in read.ranking[:RANKED]],
        "entities": [
            {
                **entity,
                "start": entity["start"] + moved,
                "end": entity["end"] + moved,
            }
            for entity in read.entities
        ],
        "requests": [
            {
                "intent": one.intent,
                "confidence": round(one.confidence, 4),
                "start": one.start + moved,
                "end": one.end + moved,
            }
            for one in read.requests
        ],
        "mood": read.mood,
        "threat": read.threat,
    }


def _nothing() -> Understanding:
    return Understanding("", "en", False, FALLBACK_INTENT, 0.0, (), ())
