"""Money and goods above the bot's authority: a supervisor is asked, and the buyer told by when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.clocks import SUPERVISOR
from bot.desk.hours import is_open
from bot.desk.requests import Requests
from bot.desk.values.cases import Priority, Reason
from bot.desk.values.requests import Request, RequestState
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.refunds import say_declined, say_requested
from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.turn import Turn
from bot.shop.policy import authority_limit, goods_value, is_agreed, standing
from bot.shop.values import Money, Order, Refund, RefundState, ReturnReason

#: What these requests are about: money that goes back, or goods that are sent again.
REFUND, REPLACE = "refund", "replace"


def tell_asked(
    turn: Turn,
    tracker: Tracker,
    speaker: Speaker,
    order: Order,
    refund: Refund,
    *,
    about: str = "",
    settle: Mapping[str, Any] | None = None,
) -> Slots:
    """Say how much of a refund that was just asked for comes by what way and when, or who decides on it.

    Args:
        turn: the current turn; its flow is the one that goes on with the answer.
        tracker: the conversation so far.
        speaker: says it.
        order: as it was before the refund was asked for.
        refund: what the shop made of it.
        about: what a supervisor must know beside the order, in English.
        settle: the fault that is settled with the money: ``lines``, ``reason``, ``remedy`` and ``key``.
    """
    if refund.state is RefundState.AWAITING_APPROVAL:
        return _ask_refund(turn, tracker, speaker, order, refund, about, settle)
    after = turn.shop.order(order.number) or order
    if refund.state is RefundState.DECLINED:
        # The same wish again: what was decided stands.
        say_declined(turn, speaker, after, refund)
        return {}
    say_requested(turn, speaker, after, refund)
    return {}


def _ask_refund(
    turn: Turn,
    tracker: Tracker,
    speaker: Speaker,
    order: Order,
    refund: Refund,
    about: str,
    settle: Mapping[str, Any] | None,
) -> Slots:
    after = turn.shop.order(order.number) or order
    back = next((one for one in after.returns if one.id == refund.return_id), None)
    told = [_facts(turn, order, refund.amount, refund), f"reason: {refund.reason.value}", about]
    if back is not None:
        told += [goods(order, back.line_ids), "they come back" if back.goods_come_back else "they are kept"]
    asked = Requests(turn.connection, turn.rules, turn.clock).ask_approval(
        turn.conversation.id,
        REFUND,
        refund.amount,
        key=f"{REFUND}:{refund.id}",
        most=refund.amount,
        limit_kind="refund",
        question="; ".join(part for part in told if part),
        language=turn.words.language,
        order_number=order.number,
        data={"refund": refund.id, "flow": turn.flow, "settle": settle, "lines": (settle or {}).get("lines")},
    )
    # A return that waits with its refund is not agreed yet: where to send the goods is told with the yes.
    waits = back is not None and back.goods_come_back and not is_agreed(after, back)
    reply = "utter_return_above_authority" if waits else "utter_refund_above_authority"
    return say_asked(turn, tracker, speaker, order, asked, reply)


def ask_replacement(
    turn: Turn,
    tracker: Tracker,
    speaker: Speaker,
    order: Order,
    lines: Sequence[int],
    reason: ReturnReason,
    *,
    about: str,
    key: str,
) -> Slots:
    """Ask whether these lines may be sent again; nothing is done before the answer.

    Args:
        turn: the current turn.
        tracker: the conversation so far.
        speaker: says by when there is an answer.
        order: whose lines they are.
        lines: their ids.
        reason: what is wrong with them.
        about: what a supervisor must know beside it, in English.
        key: under which the fault is settled after a yes.
    """
    worth = goods_value(order, lines)
    told = [
        f"send again, at our cost: {goods(order, lines)}",
        _facts(turn, order, worth),
        reason.value,
        about,
    ]
    asked = Requests(turn.connection, turn.rules, turn.clock).ask_approval(
        turn.conversation.id,
        REPLACE,
        worth,
        key=replacement_key(order, lines),
        most=worth,
        limit_kind="refund",
        whole=True,
        question="; ".join(told),
        language=turn.words.language,
        order_number=order.number,
        data={"lines": list(lines), "reason": reason.value, "seen": standing(order), "key": key},
    )
    return say_asked(turn, tracker, speaker, order, asked, "utter_replace_above_authority")


def replacement_key(order: Order, lines: Sequence[int]) -> str:
    """The name of the wish to have these lines sent again."""
    return f"{REPLACE}:{order.number}:{'-'.join(map(str, sorted(lines)))}"


def replacement_refused(turn: Turn, order: Order, lines: Sequence[int]) -> bool:
    """Whether it was asked before, and is not granted."""
    asked = Requests(turn.connection, turn.rules, turn.clock).of_key(replacement_key(order, lines))
    return asked is not None and asked.state is RequestState.DECLINED


def say_asked(
    turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, asked: Request, reply: str
) -> Slots:
    """Say by when a supervisor decides; where that is over without a decision, a person takes it up."""
    turn.read("request", id=asked.id, state=asked.state.value, asked=asked.asked_minor)
    if asked.due_at is None:
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.ABOVE_AUTHORITY,
            why=f"asked again; a supervisor was asked already ({asked.state.value}): {asked.question}",
            priority=Priority.HIGH,
            queue=SUPERVISOR,
            order=order if turn.customer else None,
        )
    told = reply if is_open(turn.rules.queues[SUPERVISOR], turn.clock.now()) else f"{reply}_closed"
    # True whatever the store's own system makes of it.
    speaker.say_now(told, by=turn.words.moment(asked.due_at), number=order.number)
    return {}


def say_waiting(turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
    """Say until when somebody decides on goods of this order; None if nobody has to."""
    asked = next((one for one in _waiting(turn, order) if one.data.get("lines")), None)
    if asked is None:
        return None
    kind = "refund" if asked.purpose == REFUND else "replace"
    return say_asked(turn, tracker, speaker, order, asked, f"utter_{kind}_above_authority")


def waiting_lines(turn: Turn, order: Order) -> frozenset[int]:
    """The ids of lines on which a supervisor is deciding."""
    return frozenset(line for one in _waiting(turn, order) for line in one.data.get("lines") or ())


def goods(order: Order, lines: Sequence[int]) -> str:
    """These lines for the store's people."""
    return ", ".join(f"{line.quantity} x {line.title}" for line in order.lines if line.id in lines)


def _waiting(turn: Turn, order: Order) -> Sequence[Request]:
    return Requests(turn.connection, turn.rules, turn.clock).pending_about(order.number)


def _facts(turn: Turn, order: Order, amount: Money, asked: Refund | None = None) -> str:
    """What a decision stands on, in a line of English; the refund ``asked`` for was not given before."""
    own = None if asked is None else asked.id
    given = (one for one in order.refunds if one.state is not RefundState.DECLINED and one.id != own)
    before = sum(one.amount.minor for one in given)
    limit = authority_limit(turn.rules)
    came = f"delivered {order.delivered_at:%Y-%m-%d}" if order.delivered_at else order.state.value
    standing_of = "new"
    if turn.customer is not None and turn.shop.is_valued(turn.customer.id):
        standing_of = "valued"
    elif turn.customer is not None and turn.shop.is_returning(turn.customer.id, order.number):
        standing_of = "returning"
    return (
        f"{plain(amount)} of order {order.number} ({plain(order.total)}, {came}); "
        f"given or promised back before: {plain(Money(before, order.currency))}; "
        f"the bot may grant {plain(limit)}; the buyer is {standing_of}"
    )


def plain(amount: Money) -> str:
    """A sum for the store's people, who read English."""
    return f"{amount.major} {amount.currency}"
