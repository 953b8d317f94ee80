"""How many pieces of goods are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nlu.entities import numerals
from nlu.entities.letters import CLOSES, OPENS
from nlu.entities.spans import Kind, Span, Utterance

_UNITS = (
    r"pcs?|pieces?|units?|items?|pairs?|sets?|packs?|boxes|box|cartons?|copies|bottles?|"
    r"stuck|stueck|stk|paare?|packungen|flaschen|unidades?|uds?|piezas?|pzas?|pares|par|cajas?|juegos?|"
    r"pecas|caixas?|kits?|unites?|pieces?|paires?|exemplaires?|boites?|lots?|"
    r"штук[аи]?|шт|пары?|пару|комплект(?:а|ов)?|набора?|наборов|коробк[аи]|коробок|упаков(?:ки|ок|ку)|"
    r"قطعه?|قطع|حبات|حبه|وحدات|علب|ازواج|كراتين|اطقم"
)
_WIDE_UNITS = (
    r"[个個](?![月小星礼禮问問人地订訂包多半字])|件(?!事)|套|双|雙|台(?!灣|湾|北|币|幣)|只(?!有|是|能|要|收)|箱|枚|本(?![日人当店社国])|"
    r"足(?![りら]|し(?!か))|点(?!質問|お|ご|確認|目|[半钟鐘])|着(?![いく])|袋|瓶|盒|条|條|张|張|把|支|部(?!分)|つ(?!い)|セット|パック|ケース|"
    r"개(?!월|인)|장(?!바)|켤레|세트|벌|박스|병|매(?!장|일|번)|대(?![한만])|자루|봉지"
)
#: One word for two pieces.
_DUALS = {"قطعتين": 2, "حبتين": 2, "علبتين": 2, "زوجين": 2, "كرتونين": 2, "طقمين": 2, "كوبين": 2, "حقيبتين": 2}
_DUAL = re.compile(rf"{OPENS}(?:{'|'.join(_DUALS)}){CLOSES}")
_TIMES = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d[.,])(?P<before>\d{1,5})\s?[x×](?![A-Za-z0-9]|\s?\d)(?!\s*(?:sem|sin|sans|ohne|без)\b)"
    r"|(?<![A-Za-z0-9])(?<!\d )[x×]\s?(?P<after>\d{1,5})(?![A-Za-z0-9]|[.,]\d)"
    r"|(?:qty|quantity|cantidad|quantite|menge|anzahl|quantidade|количество|数量|數量|수량|الكميه|كميه)"
    r"\s*(?:is|of|:|=|de|は|은|는)?\s*(?P<named>\d{1,6})(?![A-Za-z0-9])"
)
_DOZEN = re.compile(
    rf"{OPENS}(?:(?P<count>\d{{1,3}}|two|three|four|dos|tres|deux|trois|zwei|drei|duas|tres|две|три)\s+)"
    r"(?:dozen|docenas|douzaines|dutzend|duzias|дюжин[ыа]?)(?![a-zа-я])"
)
#: Verbs of ordering, getting and wanting: a number before a noun near them counts goods.
_VERB = re.compile(
    rf"{OPENS}(?:order(?:ed|ing)?|buy|bought|need|want|take|get|got|add|purchased?|received|sent|like|have|"
    r"pedi|pedimos|compre|compramos|compr[oa]r|quiero|queremos|quisiera|necesito|encargue|recibi|llegaron|llego|"
    r"commande|commander|achete|acheter|recu|voudrais|veux|pris|prendre|prends|envoye|livre|"
    r"bestellt|bestellen|gekauft|kaufen|brauche|mochte|mochten|hatte|hatten|will|nehme|bekommen|erhalten|geliefert|"
    r"comprei|comprar|quero|queria|encomendei|recebi|vieram|veio|preciso|"
    r"заказал[аи]?|заказывал[аи]?|заказать|купил[аи]?|купить|взял[аи]?|хочу|нужно|нужны|надо|получил[аи]?|пришл[оаи]|прислали|"
    r"привезли|طلبت|اشتريت|اريد|ابي|ابغي|عايز|احتاج|وصلتني|وصلني|جاني)(?![a-zа-я])"
)
#: Nouns that are no goods.
_NO_GOODS = (
    r"(?!(?:days?|weeks?|months?|years?|hours?|minutes?|mins?|times?|percent|people|persons?|euros?|dollars?|pounds|bucks|"
    r"e-?mails?|calls?|messages?|questions?|reasons?|options?|orders?|parcels?|packages?|stars?|or|to|of|more|and|in|is|"
    r"business|working|different|years|kids|"
    r"dias?|semanas?|mes(?:es)?|anos?|horas?|minutos?|veces|vezes|personas?|pessoas?|correos?|llamadas?|preguntas?|"
    r"pedidos?|paquetes?|opciones|mil|reais|pesos|dolares|de|del|por|para|con|com|e|y|o|a|en|em|que|"
    r"jours?|semaines?|mois|ans?|heures?|fois|personnes?|appels?|questions?|commandes?|colis|mille|et|ou|pour|"
    r"tagen?|tage|wochen?|monaten?|monate|jahren?|stunden?|minuten|mal|personen|fragen|bestellungen|pakete|und|oder|"
    r"uhr|von|bis|mit|der|die|das|fur|"
    r"д[ень]\w*|дн\w*|недел\w*|месяц\w*|год\w*|лет|час\w*|минут\w*|раза?|человек\w*|рубл\w*|тыс\w*|вопрос\w*|заказ\w*|"
    r"посыл\w*|и|в|на|с|к|от|ч|числ\w*|евро|доллар\w*|"
    r"ايام|يوم|اسابيع|اسبوع|شهور|اشهر|شهر|ساعات|ساعه|دقايق|مرات|مره|ريال|درهم|دولار|يورو|جنيه|دينار|اشخاص|اسيله|طلبات|"
    r"الف|الاف|january|february|march|april|may|june|july|august|september|october|november|december)(?![a-zа-я\u0600-\u06ff]))"
)
_STOP_MONTHS = re.compile(r"(?:de\s+)?(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre)")


@lru_cache(maxsize=64)
def _patterns(languages: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    words = numerals.pattern(languages)
    count = rf"(?P<count>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}}|(?:{words})(?![a-zа-я]))"
    edge = rf"(?<![#\-/])(?<!\d[., ]){OPENS}"
    ones = numerals.pattern(("ko",)) if "ko" in languages else "(?!)"
    return (
        re.compile(rf"{edge}{count}\s?-?(?:{_UNITS}){CLOSES}"),
        re.compile(
            rf"(?<![A-Za-z0-9#\-/第])(?<!\d[.,])(?<!{numerals.HAN_NUMBER[:-1]}月])(?P<count>\d{{1,5}}|{numerals.HAN_NUMBER}{{1,4}}"
            rf"|(?<![가-힣])(?:{ones}))\s?(?:{_WIDE_UNITS})"
        ),
        re.compile(rf"{edge}{count}\s+{_NO_GOODS}(?=[^\W\d_]{{2}})"),
        re.compile(rf"{edge}{count}\s+(?:x\s+)?(?:of\s+(?:the|your)\s+|de\s+)?$"),
    )


def find_quantities(utterance: Utterance, products: Sequence[Span]) -> Iterator[Span]:
    """Find counts of goods: with a unit, as ``x2``, before a product's name, or after a verb of ordering."""
    text = utterance.folded
    languages = utterance.languages
    with_unit, with_wide_unit, wanted, before_name = _patterns(languages)
    for match in with_unit.finditer(text):
        yield from _span(match, "count", languages)
    if not text.isascii():
        for match in with_wide_unit.finditer(text):
            # "one" before a thing is mostly no count ("一个问题"); of clothes and pairs it is.
            if match["count"] not in ("一", "１") or match.group()[-1] in "件双雙套箱":
                yield from _span(match, "count", languages)
        for match in _DUAL.finditer(text):
            yield Span(Kind.QUANTITY, *match.span(), _DUALS[match.group()])
    for match in _TIMES.finditer(text):
        group = next(name for name in ("before", "after", "named") if match[name])
        if not text[match.end() :].startswith((" sem", " sin ", " sans")):
            yield Span(Kind.QUANTITY, *match.span(group), int(match[group]))
    for match in _DOZEN.finditer(text):
        count = numerals.read(match["count"], languages)
        if count:
            yield Span(Kind.QUANTITY, *match.span(), 12 * count)
    verbs = [match.start() for match in _VERB.finditer(text)]
    if verbs:
        for match in wanted.finditer(text):
            if any(-40 < match.start() - verb < 48 for verb in verbs) and match["count"] not in ("one", "cent"):
                yield from _span(match, "count", languages)
    for match in _alone(languages).finditer(text):
        yield from _span(match, "count", languages)
    for product in products:
        shift = max(0, product.start - 24)
        before = before_name.search(text[shift : product.start])
        if before:
            value = _value(before["count"], languages)
            if value is not None:
                yield Span(Kind.QUANTITY, shift + before.start("count"), shift + before.end("count"), value)


@lru_cache(maxsize=64)
def _alone(languages: tuple[str, ...]) -> re.Pattern[str]:
    """A number right behind a verb of ordering, with nothing behind itself."""
    return re.compile(
        rf"{_VERB.pattern}\s+(?P<count>[1-9]|1\d|(?:{numerals.pattern(languages)}))(?=\s*(?:[!?;]|[.,](?!\d)|$))"
    )


def _span(match: re.Match[str], group: str, languages: tuple[str, ...]) -> Iterator[Span]:
    value = _value(match[group], languages)
    if value is not None:
        yield Span(Kind.QUANTITY, *match.span(group), value)


def _value(typed: str, languages: tuple[str, ...]) -> int | None:
    return numerals.read(typed.replace(",", ""), languages)
