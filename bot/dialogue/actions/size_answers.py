"""Sizes told: the chart in the buyer's language, and the one that fits where the buyer has told measures."""

from __future__ import annotations

from bot.dialogue.actions.sizing import measures_in, size_for, worn_elsewhere
from bot.dialogue.actions.step import Speaker
from bot.dialogue.actions.units import tells_body
from bot.dialogue.turn import Turn
from bot.shop.values import Product, SizeRow


def tell_sizes(turn: Turn, speaker: Speaker, product: Product, text: str) -> None:
    """The sizes that a product comes in, with the one for the buyer's measures first if they were told.

    Args:
        turn: the current turn; the message may tell measures.
        speaker: says it.
        product: comes in sizes.
        text: the question that led here, which may tell them too.
    """
    _advise(turn, speaker, product, text)
    chart = "\n".join(_chart_row(turn, row) for row in product.size_chart)
    name, sizes = turn.words.product(product), turn.words.all_of(product.sizes)
    if chart:
        speaker.say("utter_product_size_chart", product=name, sizes=sizes, chart=chart)
    else:
        speaker.say("utter_product_sizes", product=name, sizes=sizes)


def _advise(turn: Turn, speaker: Speaker, product: Product, text: str) -> None:
    """Where the buyer has told their measures, now or with the question: the size that fits them."""
    chart = product.size_chart
    said = turn.understanding.text
    told = measures_in(said, chart) or measures_in(text, chart)
    worn = worn_elsewhere(said, chart) or worn_elsewhere(text, chart)
    if not told and worn is not None:
        label, fits = worn
        speaker.say("utter_size_fits", measures=label, size=fits, product=turn.words.product(product))
        return
    if not told:
        needed = list(dict.fromkeys(name for row in chart for name in row.body))
        if needed and (tells_body(said) or tells_body(text)):
            # Height and weight say nothing here: what the chart goes by is asked for.
            measures = turn.words.all_of([_measure(turn, name) for name in needed])
            speaker.say("utter_size_needs", product=turn.words.product(product), measures=measures)
        return
    own = [f"{_measure(turn, name)} {turn.words.centimetre(value)}" for name, value in told.items()]
    values = {"product": turn.words.product(product), "measures": turn.words.all_of(own)}
    size = size_for(told, chart)
    if size is None:
        speaker.say("utter_size_none", **values)
    else:
        speaker.say("utter_size_fits", size=size, **values)


def _measure(turn: Turn, name: str) -> str:
    """A body measure in the buyer's language, or as the catalogue calls it."""
    reply = f"utter_measure_{name}"
    known = turn.replies.has(reply)
    return turn.replies.say(reply, turn.words.language, {}).text if known else name.replace("_", " ")


def _chart_row(turn: Turn, row: SizeRow) -> str:
    words = turn.words
    body = [f"{_measure(turn, name)} {words.centimetres(*span)}" for name, span in row.body.items()]
    elsewhere = [f"{system} {size}" for system, size in row.equivalents.items()]
    values = {"size": row.size, "measures": words.beside([*body, *elsewhere])}
    return turn.replies.say("utter_size_chart_row", words.language, values).text
