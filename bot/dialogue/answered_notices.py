"""Whether a message answers what the store wrote first, and what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.dialogue.actions import answers
from bot.dialogue.turn import Understanding
from bot.notices.kinds import NoticeKind
from bot.spelling import words_in

#: So a conversation remembers what the store wrote first, and that the next message may answer it.
NOTICE, OPEN = "notice", "notice_open"
#: What an answer is acted upon as.
ANSWER_INTENT = "notice_answer"
#: "Stop", whenever it is said; and whatever is said to what the store has just written.
STOP = "stop_notices"
#: By kind, the meanings that words are looked for, and what each answers; the first one found counts.
_TO_PAY = {
    "pay_later": "later",
    "cannot_pay": "cannot",
    "found_cheaper": "cheaper",
    "changed_mind": "changed",
    "doubts": "doubts",
    "pay_now": "pay",
}
ANSWERS: Mapping[NoticeKind, Mapping[str, str]] = {
    NoticeKind.UNPAID: _TO_PAY,
    NoticeKind.BALANCE: _TO_PAY,
    NoticeKind.LATE: {"waits": "wait"},
    NoticeKind.RESTOCK: {},
    NoticeKind.NOT_BOUGHT: {"changed_mind": "no"},
    NoticeKind.DELIVERED: {},
}
#: Meanings that only together with what was asked mean anything.
_SMALL = {"service_affirm": "yes", "service_deny": "no", "service_leave": "no"}
#: A question, or more words than that, is what it surely seems to be, whatever words it holds …
SURE, SHORT = 0.9, 8
#: … and these are it at any length.
_ITSELF = frozenset({"order_cancel", "service_human", "service_threat", "repeated_question"})
_SHORT_STOP = re.compile(
    r"\W*(?:stop|unsubscribe|退订|停|停止|baja|parar|pare|arrêt|arrêter|stopp|abmelden|sair|стоп|отписаться|توقف|إيقاف|停止|配信停止|중지|수신거부|그만)\W*",
    re.IGNORECASE,
)


def as_answer(read: Understanding, memory: dict[str, Any]) -> Understanding:
    """The message as an answer to the store's, where it is one; a "stop" at any time."""
    is_open, told = memory.pop(OPEN, False), memory.get(NOTICE)
    if not told or not read.text or read.intent in (ANSWER_INTENT, "inform", "stale_button"):
        return read
    if answers.means(STOP, read.text) or (is_open and _SHORT_STOP.fullmatch(read.text)):
        return _answer(read, "stop")
    if not is_open or read.threat is not None:
        return read
    kind = NoticeKind(told["kind"])
    if read.intent in _SMALL and kind is not NoticeKind.DELIVERED:
        said = answers.first_meant(ANSWERS[kind], read.text)
        return _answer(read, ANSWERS[kind][said] if said else _SMALL[read.intent])
    if read.first("date") is not None and kind in (NoticeKind.UNPAID, NoticeKind.BALANCE):
        return _answer(read, "later")
    is_long = read.text.rstrip().endswith(("?", "？", "؟")) or words_in(read.text) > SHORT
    if read.intent in _ITSELF or (is_long and read.confidence >= SURE):
        return read
    said = answers.first_meant(ANSWERS[kind], read.text)
    return read if said is None else _answer(read, ANSWERS[kind][said])


def _answer(read: Understanding, answer: str) -> Understanding:
    found = {"entity": "notice_answer", "value": answer, "start": 0, "end": 0}
    return replace(read, intent=ANSWER_INTENT, confidence=1.0, entities=(*read.entities, found), requests=())
