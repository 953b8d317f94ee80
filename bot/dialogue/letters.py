"""Letters: where a channel has them, all that is said in a turn stands in one, greeted and signed."""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue.lettering import lettered
from bot.dialogue.replies import Replies
from bot.dialogue.turn import Said
from bot.settings import StoreRules


def as_letter(
    replies: Replies,
    said: Sequence[Said],
    *,
    channel: str,
    language: str,
    name: str | None,
    store: StoreRules,
) -> list[Said]:
    """What is said as one letter where the channel has them, else as it is.

    Args:
        replies: hold the words of the letter.
        said: what is said, in order.
        channel: the conversation's.
        language: BCP 47.
        name: the buyer's, if it is known.
        store: signs the letter.
    """
    if not said:
        return []
    body = "\n\n".join(one.text for one in said if one.text)
    letter = lettered(replies, body, channel=channel, language=language, name=name, store=store)
    if letter is None:
        return list(said)
    return [Said(letter.text, tuple(button for one in said for button in one.buttons), letter.language)]
