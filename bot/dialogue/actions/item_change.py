"""Other goods in an order: another variant at the same price is swapped, the rest goes to a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.change import Change, Taken, leaves, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.lines import UNASKED_MATCH, best_titled, named_line, titles_of
from bot.dialogue.actions.packed import refused_once_packed
from bot.dialogue.actions.step import Slots, Speaker, inform, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import CancelWay, cancel_way, replacements
from bot.shop.values import Order, OrderLine, Variant

OTHER = "other"
#: Variants that are offered as buttons.
OFFERED = 8
_TITLE_MATCH = 75.0
#: A number of pieces.
_COUNT = re.compile(r"[xX×]?\s?(\d[\d., '’]*)\s?[xX×]?")
#: One that is none that anybody reads as pieces.
_HUGE = re.compile(r"(?<![\w-])\d{6,}(?![\w-])")
#: Of a longer one the rest makes no difference.
_LONGEST_COUNT = 9
#: How many pieces were asked for, where that can't be passed on: none, or more than anybody sells at once.
NO_PIECES, TOO_MANY = "none", "many"
#: A wish in the buyer's own words, for a person.
_LONGEST_WISH = 300


class ChangeItems(Change):
    """Before packing: colour and size at once, quantities and other articles by a person."""

    flow = "change_items"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """What is packed needs a person, what has left an exchange."""
        return refused_once_packed(
            turn,
            tracker,
            speaker,
            order,
            too_late="utter_items_too_late",
            why="wants other goods in an order that is packed",
            intent="order_change_items",
        )

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:
        """Which line, then what instead; or a wish in the buyer's own words."""
        known = dict(part or {})
        line_id = known.get("line")
        if line_id == OTHER and len(order.lines) == 1 and pieces(turn) is not None:
            line_id = order.lines[0].id
        if line_id is None:
            line_id = self._line(turn, order, asked=asked)
            if line_id is not None and line_id != OTHER and known.get("drop"):
                return Taken({"without": line_id})
            known = {"line": line_id} if line_id is not None else known
            if line_id is None:
                # Typed where a line was asked for, and none of them: a wish of another kind.
                wish = wish_in_words(turn) if asked else None
                return Taken({"text": wish}) if wish else Taken(part=known or None)
        if line_id == OTHER:
            wish = wish_in_words(turn) if part == {"line": OTHER} else None
            return Taken({"text": wish}) if wish else Taken(part=known)
        line = next((one for one in order.lines if one.id == line_id), None)
        if line is None:
            return Taken()
        pressed = turn.understanding.first("change_sku")
        if pressed == OTHER:
            return Taken(part={"line": OTHER})
        product = turn.shop.product(line.sku)
        variant = named_variant(turn, line, replacements(product, line) if product else (), pressed)
        if variant is not None:
            return Taken({"line": line.id, "sku": variant.sku})
        if not asked or not part or pressed is not None:
            return Taken(part=known)
        wish, count = wish_in_words(turn), pieces(turn)
        if count == 0:
            # An order without its only article is none.
            alone = len(order.lines) == 1
            return Taken(part={"line": line.id, "count": NO_PIECES}) if alone else Taken({"without": line.id})
        if count is not None and count > turn.rules.wholesale.most:
            return Taken(part={"line": line.id, "count": TOO_MANY})
        if wish is None and count is not None:
            wish = " ".join(turn.understanding.text.split())
        return Taken({"text": f"{line.title}: {wish}"}) if wish else Taken(part=known)

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:
        """Which line, or what instead, by buttons; what none of them says, in words."""
        other = word(turn, "utter_items_other")
        line = next((one for one in order.lines if part and one.id == part.get("line")), None)
        if line is not None and "count" in part:
            self._ask_count(turn, speaker, order, part["count"])
            return
        if line is not None:
            product = turn.shop.product(line.sku)
            variants = replacements(product, line)[:OFFERED] if product else ()
            buttons = [
                inform(", ".join(trait for trait in (one.colour, one.size) if trait), change_sku=one.sku)
                for one in variants
            ]
            if buttons:
                button = inform(other, change_sku=OTHER)
                item = turn.words.line(line)
                speaker.say("utter_ask_items_variant", [*buttons, button], item=item)
                return
        elif not part or "line" not in part:
            buttons = [inform(turn.words.line(one), change_line=str(one.id)) for one in order.lines]
            speaker.say(
                "utter_ask_items_line", [*buttons, inform(other, change_line=OTHER)], number=order.number
            )
            return
        speaker.say("utter_ask_items_text")

    @staticmethod
    def _ask_count(turn: Turn, speaker: Speaker, order: Order, count: str) -> None:
        """In other words, and with a way out."""
        if count == NO_PIECES:
            cancel = Button(word(turn, "utter_meaning_order_cancel"), "/order_cancel")
            speaker.say("utter_ask_items_none", [cancel], number=order.number)
            return
        human = Button(word(turn, "utter_meaning_service_human"), "/service_human")
        speaker.say("utter_ask_items_count", [human], most=turn.words.number(turn.rules.wholesale.most))

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The swap, or the words that go to a person."""
        if "sku" not in detail:
            wish = detail.get("text") or word(
                turn, "utter_items_without", item=turn.words.line(_line_without(order, detail))
            )
            speaker.say("utter_read_back_items", yes_or_no(turn, again=True), number=order.number, wish=wish)
            return
        old, new = self._swap(turn, order, detail)
        speaker.say(
            "utter_read_back_swap", yes_or_no(turn, again=True), number=order.number, old=old, new=new
        )

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Swap it and hold the pieces, or hand over with the wish."""
        done = {"done": remembered(tracker, self.flow)}
        key = f"items:{order.number}:{len(order.remarks)}"
        if "sku" not in detail:
            wish = detail.get("text") or f"without {_line_without(order, detail).title}"
            text = f"The buyer asks for a change of items: {wish}"
            turn.shop.record_wish(order.number, text, seen, key=key)
            turn.confirms = True
            return done | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why=f"wants other goods, not packed yet: {wish}",
                intent="order_change_items",
                order=order,
                reply="utter_passed_on",
            )
        old, new = self._swap(turn, order, detail)
        turn.shop.swap_variant(order.number, detail["line"], detail["sku"], seen, key=key)
        turn.confirms = True
        speaker.say("utter_swap_done", number=order.number, old=old, new=new)
        return done

    @staticmethod
    def _swap(turn: Turn, order: Order, detail: Any) -> tuple[str, str]:
        line = next(one for one in order.lines if one.id == detail["line"])
        product = turn.shop.product(detail["sku"])
        if product is None:
            return turn.words.line(line), str(detail["sku"])
        variant = next(one for one in product.variants if one.sku == detail["sku"])
        return turn.words.line(line), turn.words.variant(product, variant)

    @staticmethod
    def _line(turn: Turn, order: Order, *, asked: bool) -> Any:
        pressed = turn.understanding.first("change_line")
        if pressed is not None:
            known = [one.id for one in order.lines if str(one.id) == str(pressed)]
            return OTHER if pressed == OTHER else (known[0] if known else None)
        if len(order.lines) == 1:
            return order.lines[0].id
        titles = {one.id: titles_of(turn, one) for one in order.lines}
        return best_titled(turn.understanding.text, titles, _TITLE_MATCH if asked else UNASKED_MATCH)


def partly_cancelled(turn: Turn, order: Order, said: str) -> Taken | None:
    """What goes of an order of which not all is to be cancelled, as ``ChangeItems`` takes it.

    None where all of it is meant, or where its state leaves nothing to change.
    """
    if len(order.lines) == 1 or cancel_way(order) in (CancelWay.DELIVERED, CancelWay.OVER):
        return None
    if answers.means(answers.ALL_BUT, said):
        return Taken({"text": " ".join(said.split())[:_LONGEST_WISH]})
    line = named_line(turn, order, said)
    if line is not None:
        return Taken({"without": line})
    return Taken(part={"drop": True}) if answers.means(answers.PARTLY, said) else None


def named_variant(
    turn: Turn, line: OrderLine, offered: Sequence[Variant], pressed: Any = None
) -> Variant | None:
    """The one variant among these that a button, or a colour and size in the words, tells."""
    if pressed is not None:
        return next((one for one in offered if one.sku == pressed), None)
    product = turn.shop.product(line.sku)
    bought = next((one for one in product.variants if one.sku == line.sku), None) if product else None
    read = turn.understanding
    named = {str(one["value"]).casefold() for one in read.entities if one["entity"] in ("size", "colour")}
    said = read.text.casefold()
    for field in ("colour", "size"):
        own = {getattr(one, field) for one in offered}
        named |= {trait.casefold() for trait in own if len(trait) > 2 and trait.casefold() in said}
    if not named or bought is None:
        return None

    def differs(one: Variant) -> bool:
        """Each trait is the one that is named or, unnamed, the one that was bought."""
        traits = ((one.colour, bought.colour), (one.size, bought.size))
        new = [wanted for wanted, before in traits if wanted != before]
        return bool(new) and all(trait.casefold() in named for trait in new)

    fitting = [one for one in offered if differs(one)]
    return fitting[0] if len(fitting) == 1 else None


def pieces(turn: Turn) -> int | None:
    """How many are wanted, where that is all that is said: "2", "two of them"."""
    read = turn.understanding
    if answers.says_only(answers.NO_PIECES, read.text):
        return 0
    digits = _COUNT.fullmatch(" ".join(read.text.split()))
    if digits is not None:
        return int("".join(sign for sign in digits[1] if sign.isdecimal())[:_LONGEST_COUNT])
    count = read.first("quantity")
    if count is None:
        count = next(iter(_HUGE.findall(read.text)), None)
    return None if count is None else int(str(count)[:_LONGEST_COUNT])


def _line_without(order: Order, detail: Any) -> OrderLine:
    return next(line for line in order.lines if line.id == detail["without"])


def wish_in_words(turn: Turn) -> str | None:
    """Words that tell a wish for other goods; a question or another topic does not."""
    read = turn.understanding
    text = " ".join(read.text.split())
    # A single word that nothing was made of is a slip, not a wish.
    slip = read.intent == "nlu_fallback" and " " not in text
    words = len(text) >= 4 and any(letter.isalpha() for letter in text)
    return None if leaves(turn) or slip or not words else text[:_LONGEST_WISH]
