"""Order and tracking numbers, as the store's patterns have them and as careless hands type them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nlu.entities.spans import Kind, Span, Utterance
from nlu.lexicon import NumberPattern

#: What stands for a digit beside one.
_TYPED_FOR = {"O": "0", "o": "0", "I": "1", "l": "1"}
_WRONG_DIGIT = re.compile(r"(?<=[\d\-#])[OoIl](?=[\dOoIl\-]|\b)|(?<![A-Za-z])[OoIl](?=\d)|(?<=\d)[OoIl]")
#: A blank or dash between two characters one of which is a digit.
_GAP = re.compile(r"(?<=\d)[ \-.]{1,2}(?=\w)|(?<=[A-Za-z])[ \-.#:]{1,3}(?=\d)")
#: What makes a bare number an order's, in the store's ten languages.
_CUE = re.compile(
    r"(?:order|pedido|commande|bestell\w*|auftrag\w*|encomenda|заказ\w*|номер\w*|طلب\w*|订单|訂單|單號|"
    r"注文|주문|"
    r"オーダー|number|num|no|nr|#|№|号|번호|رقم|número|numero|n°)"
    r"(?:\s*(?:number|num|no|nr|is|id|番号|번호|号码|號碼|编号|編號|号|號|id|es|ist|est|é|de|n°|número|"
    r"numéro|"
    r":|\.|#|-|=|,|是|は|が|는|은))*\s*$",
    re.IGNORECASE,
)
#: Numbers of something else.
_OTHER_CUE = re.compile(
    r"track|sendung|suivi|seguimi|rastre|трек|تتبع|شحنة|快递|快遞|物流|运单|追跡|운송장|송장|phone|"
    r"\btel\b|telefon|tél|post|zip|plz|"
    r"телефон|هاتف|جوال|电话|電話|전화|code|house|haus|flat|invoice|rechnung|factura|facture|card|"
    r"karte|tarjeta",
    re.IGNORECASE,
)
_CUE_REACH = 40
_BARE = re.compile(
    r"(?<![A-Za-z0-9_.,\-/+])#?\s?(\d[\dOoIl]{3,15})(?![A-Za-z0-9_/]|[.,]\d|\s?(?:€|\$|£|¥|円|元|원))"
)
#: Letters that look like those of a code.
_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТХасеорх", "ABEKMHOPCTXaceopx")


#: "al 600 123 123 al": words around a number are no letters of it.
_WORDS_AROUND = re.compile(
    r"^(?:al|el|de|la|un|en|au|du|le|no|em|do|da|am|im|is|at|in|to|of|my|ou|et|or|so|an|ab|zu|on|by|me|ao)\s"
)


class _View:
    """A rewritten text that remembers where each of its characters stood."""

    def __init__(self, text: str, places: Sequence[int]) -> None:
        self.text = text
        self._places = places

    def span(self, match: re.Match[str], whole: str) -> tuple[int, int] | None:
        """Return the match's place in the whole text, None if it tears a word apart there."""
        if match.start() == match.end():
            return None
        start, end = self._places[match.start()], self._places[match.end() - 1] + 1
        torn = (start > 0 and _joined(whole[start - 1], whole[start])) or (
            end < len(whole) and _joined(whole[end - 1], whole[end])
        )
        return None if torn else (start, end)


def _joined(left: str, right: str) -> bool:
    # Han, kana and Arabic stand right beside numbers without being part of them.
    return left.isascii() and right.isascii() and left.isalnum() and right.isalnum()


def _views(plain: str) -> list[_View]:
    latin = plain.translate(_LOOK_ALIKES) if not plain.isascii() else plain
    digits = _WRONG_DIGIT.sub(lambda match: _TYPED_FOR[match.group()], latin)
    views = [_View(plain, range(len(plain)))]
    if digits != plain:
        views.append(_View(digits, range(len(digits))))
    pieces: list[str] = []
    places: list[int] = []
    last = 0
    for gap in _GAP.finditer(digits):
        pieces.append(digits[last : gap.start()])
        places.extend(range(last, gap.start()))
        last = gap.end()
    if last:
        pieces.append(digits[last:])
        places.extend(range(last, len(digits)))
        squeezed = "".join(pieces)
        views.append(_View(_WRONG_DIGIT.sub(lambda match: _TYPED_FOR[match.group()], squeezed), places))
    return views


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Find overlapping matches too: what comes first may tear a word apart, and hide a good one."""
    place = 0
    while match := pattern.search(text, place):
        yield match
        place = match.start() + 1


def find_numbers(
    utterance: Utterance, order_numbers: Sequence[NumberPattern], tracking_numbers: Sequence[NumberPattern]
) -> Iterator[Span]:
    """Find what the patterns describe, and an order's bare digits where it is clear what they are."""
    if not any(character.isdigit() for character in utterance.plain):
        return
    views = _views(utterance.plain)
    for kind, patterns in ((Kind.ORDER_NUMBER, order_numbers), (Kind.TRACKING_NUMBER, tracking_numbers)):
        for view in views:
            for pattern in patterns:
                for match in _matches(pattern.regex, view.text):
                    place = view.span(match, utterance.plain)
                    if place is not None and not _WORDS_AROUND.search(utterance.plain[slice(*place)]):
                        yield Span(kind, *place, pattern.normalise(match))
    yield from _bare(utterance, order_numbers)


def _bare(utterance: Utterance, order_numbers: Sequence[NumberPattern]) -> Iterator[Span]:
    for found in _BARE.finditer(utterance.plain):
        before = utterance.plain[max(0, found.start() - _CUE_REACH) : found.start()]
        alone = not (utterance.plain[: found.start()] + utterance.plain[found.end() :]).strip(" .!?#")
        cued = "#" in found.group() or (_CUE.search(before) and not _OTHER_CUE.search(before[-24:]))
        if not (alone or cued):
            continue
        typed = _WRONG_DIGIT.sub(lambda match: _TYPED_FOR[match.group()], found[1])
        for pattern in order_numbers:
            # The digits are an order's if, put into the store's form, they make a number of the store's.
            names = list(pattern.regex.groupindex)
            if pattern.normal is None or len(names) != 1:
                continue
            match = pattern.regex.fullmatch(pattern.normal.format(**{names[0]: typed}))
            if match is not None:
                yield Span(Kind.ORDER_NUMBER, found.start(1), found.end(1), pattern.normalise(match))
