"""What the bot says while people have the conversation."""

from __future__ import annotations

import datetime as dt

from bot.desk.clocks import SUPERVISOR
from bot.desk.hours import is_open, promise
from bot.dialogue.replies import Replies
from bot.dialogue.turn import Said
from bot.dialogue.words import Words
from bot.settings import ShopRules


def to_supervisors(replies: Replies, rules: ShopRules, words: Words, now: dt.datetime) -> Said:
    """That the case went straight to the supervisors, and by when they answer."""
    queue = rules.queues[SUPERVISOR]
    key = "utter_threat" if is_open(queue, now) else "utter_threat_closed"
    by = words.moment(promise(queue, rules.clocks, now))
    reply = replies.say(key, words.language, {"by": by})
    return Said(reply.text, language=reply.language)
