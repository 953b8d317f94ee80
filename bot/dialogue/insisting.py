"""What is asked once more after something else was answered, and when that would be insisting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rasa.shared.core.events import BotUttered, Event, UserUttered

from bot.dialogue.turn import Said, Turn

#: So many turns in a row may end with one and the same question beneath another answer.
MOST = 2
#: What asks only what a message is about. What a plain yes would set in motion stands above each yes.
_ABOUT = frozenset({"order_number", "contact", "product", "destination", "coupon", "advice_answer"})


def unless_insisting(turn: Turn, said: Sequence[Said]) -> list[Said]:
    """What is said, without a form's question that ended the turns before as well.

    Whoever asks one thing after another sees what is still open and does not want it said below each
    answer; the form waits all the same. A question stays that is all there is to say, or that follows on an
    answer that was not understood.
    """
    if len(said) < 2 or turn.tracker is None:
        return list(said)
    slot = turn.tracker.get_slot
    if slot("requested_slot") not in _ABOUT or slot("misunderstandings"):
        return list(said)
    asked = [text for text, _ in zip(_last_words(turn.tracker.events), range(MOST + 1), strict=False)]
    is_insisting = len(asked) > MOST and set(asked) == {said[-1].text}
    return list(said[:-1]) if is_insisting else list(said)


def _last_words(events: Sequence[Event]) -> Iterator[str]:
    """What each of the bot's turns ended with, the newest first."""
    ended = False
    for event in reversed(events):
        if isinstance(event, UserUttered):
            ended = False
        elif isinstance(event, BotUttered) and not ended:
            ended = True
            yield event.text or ""
