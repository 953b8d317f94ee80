"""The one-time code: sent to the address on an order, typed where the buyer writes."""

from __future__ import annotations

import re

from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.letters import as_letter
from bot.dialogue.turn import Said, Turn
from bot.mailroom import conversations, outbox
from bot.messages import Author
from bot.settings import CodeRules
from bot.shop.codes import OneTimeCodes
from bot.shop.identity import IdentityResult

#: Where the slot ``code_state`` stands: the address is asked for, or a code may be on its way.
ASKED, SENT = "asked", "sent"
# Six digits of any script, in groups or not; nothing else with a digit in it.
_CODE = re.compile(r"\D*(\d(?:[\s-]?\d){5})\D*")


def offered(turn: Turn) -> bool:
    """Whether the store sends codes."""
    rules = turn.rules.identity.one_time_code
    return rules is not None and rules.channel in turn.rules.channels


def send(turn: Turn, speaker: Speaker, address: str) -> Slots:
    """Have a code sent to the address, if it is a customer's; what is said is the same if it is not."""
    rules = _rules(turn)
    issued = OneTimeCodes(turn.connection, turn.rules.identity, rules, turn.clock).issue(
        address, turn.channel_identity
    )
    if issued is not None:
        language, now = turn.words.language, turn.clock.now()
        reply = turn.replies.say(
            "utter_code_letter",
            language,
            {"code": issued.code, "minutes": rules.minutes, "store": turn.rules.store.name},
            channel=rules.channel,
        )
        letter = as_letter(
            turn.replies,
            [Said(reply.text, language=reply.language)],
            channel=rules.channel,
            language=language,
            name=None,
            store=turn.rules.store,
        )
        talk = conversations.open_for(
            turn.connection,
            channel=rules.channel,
            account=rules.account,
            sender=issued.address,
            sender_name=None,
            language=turn.words.language,
            now=now,
        ).conversation
        outbox.post(
            turn.connection,
            talk.id,
            letter[0].text,
            now=now,
            author=Author.BOT,
            language=letter[0].language,
            key=issued.key,
        )
    speaker.say("utter_code_sent", minutes=rules.minutes)
    return {"code_state": SENT, "code_address": address, "code": None, "misunderstandings": 0}


def typed(turn: Turn) -> str | None:
    """The code in a message, in our digits."""
    found = _CODE.fullmatch(turn.understanding.text)
    return None if found is None else "".join(str(int(sign)) for sign in found[1] if sign.isdecimal())


def redeem(turn: Turn, code: str) -> IdentityResult:
    """Whether it is the one that was sent."""
    codes = OneTimeCodes(turn.connection, turn.rules.identity, _rules(turn), turn.clock)
    return codes.redeem(code, turn.channel_identity, turn.row.network)


def _rules(turn: Turn) -> CodeRules:
    rules = turn.rules.identity.one_time_code
    if rules is None:
        raise LookupError("the store sends no codes")
    return rules
