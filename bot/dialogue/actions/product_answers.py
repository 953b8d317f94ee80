"""Product facts and stock, from the catalogue; a fact that it lacks is never invented."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rasa_sdk import Tracker

from bot.desk.hours import is_open
from bot.desk.requests import Requests
from bot.desk.values.cases import Priority, Reason
from bot.desk.values.requests import Request, RequestState
from bot.dialogue.actions.change import word
from bot.dialogue.actions.facts import fact_asked, told_elsewhere
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import back_to
from bot.dialogue.actions.products import TRAITS
from bot.dialogue.actions.sizing import measures_in, size_for
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.actions.told import description_of, fact_of
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.notices import telling
from bot.privacy import mask_cards
from bot.shop.policy import local_day, stock_state
from bot.shop.values import Product, SizeRow, StockState, Variant

#: Stands for the product's description among its facts.
DESCRIPTION = "description"
#: Names like a sold-out product's that are looked at for something to have instead.
ALIKE = 8
#: The request's purpose.
PURPOSE = "fact"
#: Characters of the buyer's question that the department reads and the answer quotes.
LONGEST_QUESTION = 200


def _known(turn: Turn, tracker: Tracker) -> Product:
    product = turn.shop.product(tracker.get_slot("product"))
    if product is None:
        raise LookupError(f"the product {tracker.get_slot('product')} has left the catalogue")
    turn.read("product", code=product.code)
    return product


def _question(turn: Turn, tracker: Tracker) -> tuple[str, str]:
    wish = tracker.get_slot("product_wish") or turn.understanding.intent
    return wish, tracker.get_slot("product_question") or turn.understanding.text


class TellFacts(Step):
    """A fact of the catalogue, or an honest word that it is not there and who will find out."""

    title = "action_product_facts"
    flow = "product_facts"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Answer with the fact that was asked for."""
        product = _known(turn, tracker)
        wish, text = _question(turn, tracker)
        done: Slots = {"done": remembered(tracker, "product")}
        ask_why_later(turn, product)
        told = self._tell(turn, tracker, speaker, product, wish, text)
        return done | told if turn.case else done | back_to(turn, tracker, speaker)

    def _tell(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, product: Product, wish: str, text: str
    ) -> Slots:
        words, name = turn.words, turn.words.product(product)
        if wish == "product_price":
            speaker.say("utter_product_price", product=name, price=words.money(product.price))
            return {}
        if wish == "product_size":
            return self._sizes(turn, tracker, speaker, product, text)
        if wish == "product_certificate":
            names = [certificate.name for certificate in product.certificates]
            if names:
                speaker.say(
                    "utter_product_certificates",
                    product=name,
                    certificates=words.all_of(names),
                )
                return {}
            return self._open_question(turn, tracker, speaker, product)
        fact = fact_asked(wish, text, words.language, " ".join((product.name, *product.names.values())))
        if fact is None:
            self._overview(turn, speaker, product)
            return {}
        if fact not in product.facts:
            where = told_elsewhere(fact, {DESCRIPTION: product.description, **product.facts})
            if where is None:
                return self._open_question(turn, tracker, speaker, product)
            of = description_of(turn, product) if where == DESCRIPTION else fact_of(turn, product, where)
            speaker.say("utter_fact", product=name, fact=of.rstrip("."))
            return {}
        speaker.say(
            f"utter_fact_{fact}" if turn.replies.has(f"utter_fact_{fact}") else "utter_fact",
            product=name,
            fact=fact_of(turn, product, fact),
        )
        return {}

    @staticmethod
    def _overview(turn: Turn, speaker: Speaker, product: Product) -> None:
        words = turn.words
        colours = product.colours
        speaker.say(
            "utter_product_overview",
            product=turn.words.product(product),
            description=description_of(turn, product),
            price=words.money(product.price),
            material=fact_of(turn, product, "material") if "material" in product.facts else "–",
        )
        if colours:
            speaker.say(
                "utter_product_colours", colours=words.all_of([colour_name(turn, one) for one in colours])
            )

    def _sizes(self, turn: Turn, tracker: Tracker, speaker: Speaker, product: Product, text: str) -> Slots:
        name = turn.words.product(product)
        if not product.sizes:
            if "dimensions" in product.facts:
                speaker.say(
                    "utter_fact_dimensions",
                    product=name,
                    fact=fact_of(turn, product, "dimensions"),
                )
                return {}
            return self._open_question(turn, tracker, speaker, product)
        self._advise(turn, speaker, product, text)
        chart = "\n".join(_chart_row(turn, row) for row in product.size_chart)
        sizes = turn.words.all_of(product.sizes)
        if chart:
            speaker.say("utter_product_size_chart", product=name, sizes=sizes, chart=chart)
        else:
            speaker.say("utter_product_sizes", product=name, sizes=sizes)
        return {}

    @staticmethod
    def _advise(turn: Turn, speaker: Speaker, product: Product, text: str) -> None:
        """Where the buyer has told their measures, now or with the question: the size that fits them."""
        told = measures_in(turn.understanding.text, product.size_chart) or measures_in(
            text, product.size_chart
        )
        if not told:
            return
        own = [f"{_measure(turn, name)} {turn.words.centimetre(value)}" for name, value in told.items()]
        values = {"product": turn.words.product(product), "measures": turn.words.all_of(own)}
        size = size_for(told, product.size_chart)
        if size is None:
            speaker.say("utter_size_none", **values)
        else:
            speaker.say("utter_size_fits", size=size, **values)

    @staticmethod
    def _open_question(turn: Turn, tracker: Tracker, speaker: Speaker, product: Product) -> Slots:
        """Not in the catalogue: the product department is asked, and the bot stays with the buyer."""
        _, text = _question(turn, tracker)
        words = mask_cards(text)[:LONGEST_QUESTION] or str(tracker.get_slot("product_wish"))
        asked = Requests(turn.connection, turn.rules, turn.clock).ask_department(
            turn.conversation.id,
            PURPOSE,
            "product",
            key=f"fact:{turn.row.id}",
            question=f"{product.name} ({product.code}): {words}",
            language=turn.words.language,
            data={"product": product.code, "words": words},
        )
        open_now = is_open(turn.rules.queues[asked.queue], turn.clock.now())
        speaker.say(
            "utter_fact_unknown" if open_now else "utter_fact_unknown_closed",
            by=turn.words.moment(asked.due_at or turn.clock.now()),
        )
        return {}


def fact_answered(turn: Turn, tracker: Tracker, speaker: Speaker, request: Request) -> Slots:
    """The department has told what the catalogue lacks, or nobody did in time."""
    turn.flow = TellFacts.flow
    if request.state is RequestState.ANSWERED:
        product = turn.shop.product(request.data["product"])
        speaker.say(
            "utter_fact_answered",
            product=turn.words.product(product) if product else request.data["product"],
            question=request.data["words"],
            answer=request.answer,
        )
        return {}
    return hand_over(
        turn,
        tracker,
        speaker,
        Reason.POLICY,
        why=f"nobody answered in time: {request.question}",
        intent="product_details",
        priority=Priority.HIGH,
        reply="utter_request_nobody",
    )


class TellStock(Step):
    """In stock, low, or out: with the date of more, or an alternative."""

    title = "action_product_stock"
    flow = "product_stock"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Answer for the colour and size that were asked for, or for all there are."""
        product = _known(turn, tracker)
        asked = dict(tracker.get_slot("product_variant") or {})
        for trait in TRAITS:
            asked[trait] = turn.understanding.first(trait) or asked.get(trait)
        chosen = [
            variant
            for variant in product.variants
            if _same(variant.colour, asked["colour"]) and _same(variant.size, asked["size"])
        ]
        done: Slots = {"done": remembered(tracker, "stock")}
        ask_why_later(turn, product)
        if not chosen:
            offered = [_label(turn, variant) for variant in product.variants if variant.stock > 0]
            speaker.say(
                "utter_stock_no_such_variant",
                product=turn.words.product(product),
                variants=turn.words.all_of(list(dict.fromkeys(offered))[:8]) or "–",
            )
        else:
            self._answer(turn, speaker, product, chosen)
        return done | back_to(turn, tracker, speaker)

    @staticmethod
    def _answer(turn: Turn, speaker: Speaker, product: Product, chosen: Sequence[Variant]) -> None:
        words = turn.words
        there = [variant for variant in chosen if variant.stock > 0]
        values = {
            "product": words.product(product),
            "price": words.money(min(chosen, key=lambda v: v.price.minor).price),
        }
        named = words.all_of([_label(turn, one) for one in (there or chosen) if one.colour or one.size][:8])
        values["variants"] = f" ({named})" if named else ""
        if there:
            states = {stock_state(variant.stock, turn.rules) for variant in there}
            few = states == {StockState.LOW}
            speaker.say(
                "utter_stock_low" if few else "utter_stock_in",
                count=str(sum(v.stock for v in there)),
                **values,
            )
            return
        tell_me = _restock_button(turn, product, chosen)
        today = local_day(turn.clock.now(), turn.rules.store.timezone)
        coming = [
            variant.restock_on for variant in chosen if variant.restock_on and variant.restock_on >= today
        ]
        if coming:
            speaker.say("utter_stock_out_until", tell_me, day=words.day(min(coming)), **values)
            return
        alternatives = [
            words.product(other)
            for other in turn.shop.products_named(product.name, limit=ALIKE)
            if other.code != product.code
            and other.category == product.category
            and any(variant.stock > 0 for variant in other.variants)
        ]
        elsewhere = [_label(turn, variant) for variant in product.variants if variant.stock > 0]
        if elsewhere:
            speaker.say(
                "utter_stock_out_other_variant", tell_me, others=words.any_of(elsewhere[:6]), **values
            )
        elif alternatives:
            speaker.say(
                "utter_stock_out_alternative", tell_me, others=words.any_of(alternatives[:3]), **values
            )
        else:
            speaker.say("utter_stock_out", tell_me, **values)


def ask_why_later(turn: Turn, product: Product) -> None:
    """A known buyer who asks about a product and does not buy it is asked once, later, what keeps them."""
    told = turn.rules.notices
    if turn.customer is not None and turn.customer.consents_to_notices and "not_bought" in told.kinds:
        hours = told.not_bought_hours
        telling.ask_later(turn.connection, turn.conversation.id, product.code, turn.clock.now(), hours)


def _restock_button(turn: Turn, product: Product, chosen: Sequence[Variant]) -> list[Button]:
    """The offer to tell when it is there again."""
    if "restock" not in turn.rules.notices.kinds:
        return []
    code = chosen[0].sku if len(chosen) == 1 else product.code
    payload = json.dumps({"notice_answer": "restock", "product": code})
    return [Button(word(turn, "utter_notice_restock_offer"), f"/notice_answer{payload}")]


def _measure(turn: Turn, name: str) -> str:
    """A body measure in the buyer's language, or as the catalogue calls it."""
    reply = f"utter_measure_{name}"
    known = turn.replies.has(reply)
    return turn.replies.say(reply, turn.words.language, {}).text if known else name.replace("_", " ")


def _same(have: str, asked: object) -> bool:
    return asked is None or have.casefold() == str(asked).casefold()


def colour_name(turn: Turn, colour: str) -> str:
    """A colour in the buyer's language, or as the catalogue calls it."""
    reply = f"utter_colour_{colour.casefold().replace(' ', '_')}"
    return turn.replies.say(reply, turn.words.language, {}).text if turn.replies.has(reply) else colour


def _label(turn: Turn, variant: Variant) -> str:
    colour = colour_name(turn, variant.colour) if variant.colour else ""
    return " ".join(part for part in (colour, variant.size) if part)


def _chart_row(turn: Turn, row: SizeRow) -> str:
    words = turn.words
    body = [f"{_measure(turn, name)} {words.centimetres(*span)}" for name, span in row.body.items()]
    elsewhere = [f"{system} {size}" for system, size in row.equivalents.items()]
    values = {"size": row.size, "measures": words.beside([*body, *elsewhere])}
    return turn.replies.say("utter_size_chart_row", words.language, values).text
