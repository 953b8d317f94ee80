"""Other goods in an order: another variant at the same price is swapped, the rest goes to a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.change import Change, Taken, leaves, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.lines import UNASKED_MATCH, best_titled, titles_of
from bot.dialogue.actions.packed import refused_once_packed
from bot.dialogue.actions.step import Slots, Speaker, inform, remembered
from bot.dialogue.turn import Turn
from bot.shop.policy import replacements
from bot.shop.values import Order, OrderLine, Variant

OTHER = "other"
#: Variants that are offered as buttons.
OFFERED = 8
_TITLE_MATCH = 75.0
#: A number of pieces.
_COUNT = re.compile(r"[xX×]?\s?\d{1,3}\s?[xX×]?")
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
        if line_id is None:
            line_id = self._line(turn, order, asked=asked)
            known = {"line": line_id} if line_id is not None else {}
            if line_id is None:
                # Typed where a line was asked for, and none of them: a wish of another kind.
                wish = wish_in_words(turn) if asked else None
                return Taken({"text": wish}) if wish else Taken()
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
        wish = (wish_in_words(turn) or _pieces(turn)) if asked and part and pressed is None else None
        return Taken({"text": f"{line.title}: {wish}"}) if wish else Taken(part=known)

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:
        """Which line, or what instead, by buttons; what none of them says, in words."""
        other = word(turn, "utter_items_other")
        line = next((one for one in order.lines if part and one.id == part.get("line")), None)
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
        elif not part:
            buttons = [inform(turn.words.line(one), change_line=str(one.id)) for one in order.lines]
            speaker.say(
                "utter_ask_items_line", [*buttons, inform(other, change_line=OTHER)], number=order.number
            )
            return
        speaker.say("utter_ask_items_text")

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The swap, or the words that go to a person."""
        if "text" in detail:
            speaker.say(
                "utter_read_back_items", yes_or_no(turn, again=True), number=order.number, wish=detail["text"]
            )
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
        if "text" in detail:
            text = f"The buyer asks for a change of items: {detail['text']}"
            turn.shop.record_wish(order.number, text, seen, key=key)
            turn.confirms = True
            return done | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why=f"wants other goods, not packed yet: {detail['text']}",
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


def _pieces(turn: Turn) -> str | None:
    """How many are wanted, where that is all that is said: "2", "two of them"."""
    text = " ".join(turn.understanding.text.split())
    return text if turn.understanding.first("quantity") is not None or _COUNT.fullmatch(text) else None


def wish_in_words(turn: Turn) -> str | None:
    """Words that tell a wish for other goods; a question or another topic does not."""
    read = turn.understanding
    text = " ".join(read.text.split())
    # A single word that nothing was made of is a slip, not a wish.
    slip = read.intent == "nlu_fallback" and " " not in text
    words = len(text) >= 4 and any(letter.isalpha() for letter in text)
    return None if leaves(turn) or slip or not words else text[:_LONGEST_WISH]
