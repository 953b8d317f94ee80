"""Product facts, from the catalogue; a fact that it lacks is never invented."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.hours import is_open
from bot.desk.requests import Requests
from bot.desk.values.cases import Priority, Reason
from bot.desk.values.requests import Request, RequestState
from bot.dialogue.actions.facts import fact_asked, told_elsewhere
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.leads import MOST_PIECES, say_breaks
from bot.dialogue.actions.size_answers import tell_sizes
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.actions.told import description_of, fact_of
from bot.dialogue.actions.units import fact_of_unit, in_asked_unit
from bot.dialogue.turn import Turn
from bot.notices import telling
from bot.privacy import mask_cards
from bot.shop.policy import price_breaks, price_for
from bot.shop.values import Product

#: Stands for the product's description among its facts.
DESCRIPTION = "description"
#: The request's purpose.
PURPOSE = "fact"
#: Characters of the buyer's question that the department reads and the answer quotes.
LONGEST_QUESTION = 200


def known_product(turn: Turn, tracker: Tracker) -> Product:
    """The product that is spoken of; a LookupError where it has left the catalogue meanwhile."""
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
        product = known_product(turn, tracker)
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
            self._price(turn, speaker, product)
            return {}
        if wish == "product_size":
            if product.sizes:
                tell_sizes(turn, speaker, product, text)
                return {}
            if "dimensions" not in product.facts:
                return self._open_question(turn, tracker, speaker, product)
            speaker.say("utter_fact_dimensions", product=name, fact=fact_of(turn, product, "dimensions"))
            return {}
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
        called = " ".join((product.name, *product.names.values()))
        fact = fact_asked(wish, text, words.language, called) or fact_of_unit(text)
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
        told = fact_of(turn, product, fact)
        measured = in_asked_unit(fact, product.facts[fact], text, words)
        speaker.say(
            f"utter_fact_{fact}" if turn.replies.has(f"utter_fact_{fact}") else "utter_fact",
            product=name,
            fact=words.beside([measured, told]) if measured else told,
        )
        return {}

    @staticmethod
    def _price(turn: Turn, speaker: Speaker, product: Product) -> None:
        """Of one piece, or of as many as are asked about."""
        name, pieces = turn.words.product(product), turn.understanding.first("quantity")
        if not isinstance(pieces, int) or not 1 < pieces <= MOST_PIECES:
            speaker.say("utter_product_price", product=name, price=turn.words.money(product.price))
        elif price_for(pieces, price_breaks(product, turn.rules)) is not None:
            say_breaks(turn, speaker, product, pieces)
        else:
            several = f"{turn.words.number(pieces)} × {name}"
            speaker.say(
                "utter_product_price", product=several, price=turn.words.money(product.price * pieces)
            )

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


def ask_why_later(turn: Turn, product: Product) -> None:
    """A known buyer who asks about a product and does not buy it is asked once, later, what keeps them."""
    told = turn.rules.notices
    if turn.customer is not None and turn.customer.consents_to_notices and "not_bought" in told.kinds:
        hours = told.not_bought_hours
        telling.ask_later(turn.connection, turn.conversation.id, product.code, turn.clock.now(), hours)


def colour_name(turn: Turn, colour: str) -> str:
    """A colour in the buyer's language, or as the catalogue calls it."""
    reply = f"utter_colour_{colour.casefold().replace(' ', '_')}"
    return turn.replies.say(reply, turn.words.language, {}).text if turn.replies.has(reply) else colour
