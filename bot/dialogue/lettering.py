"""The words around what is said, on channels where one writes letters."""

from __future__ import annotations

from bot.dialogue.replies import Replies, Reply
from bot.settings import StoreRules

#: The reply around ``{body}``; it has words only for the channels on which one writes letters.
LETTER = "utter_letter"
NAMELESS = "utter_letter_nameless"


def lettered(
    replies: Replies, body: str, *, channel: str, language: str, name: str | None, store: StoreRules
) -> Reply | None:
    """A text as a letter, greeted and signed; None where the channel has none.

    Args:
        replies: hold the words of the letter.
        body: what it says.
        channel: where it is said.
        language: BCP 47.
        name: the buyer's, if it is known.
        store: signs the letter.
    """
    key = LETTER if name else NAMELESS
    if not replies.written_for(key, channel):
        return None
    values = {"body": body, "name": name, "store": store.name, "assistant": store.assistant}
    return replies.say(key, language, values, channel=channel)
