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
    r"[个個](?![月小星礼禮问問人地订訂包多半字口])|件(?![事目])|套|双|雙|台(?!灣|湾|北|币|幣)|只(?!有|"
    r"是|能|要|收)|箱|枚(?!のカード)|本(?![日人当店社国])|"
    r"足(?![りら]|し(?!か))|着(?![いく])|袋|瓶|盒|[条條](?![扣信记記消短评評])|"
    r"[张張](?![单單卡票订訂优])|把|支|部(?!分)|つ(?!い)|セット|パック|ケース|"
    r"개(?!월|인)|장(?!바)|켤레|세트|벌|박스|병|매(?!장|일|번)|대(?![한만])|자루|봉지"
)
#: One word for two pieces.
_DUALS = {
    "قطعتين": 2,
    "حبتين": 2,
    "علبتين": 2,
    "زوجين": 2,
    "كرتونين": 2,
    "طقمين": 2,
    "كوبين": 2,
    "حقيبتين": 2,
}
_DUAL = re.compile(rf"{OPENS}(?:{'|'.join(_DUALS)}){CLOSES}")
_JAPANESE_UNITS = r"点(?!質問|お|ご|確認|目|中)"
_TIMES = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d[.,])(?P<before>\d{1,5})\s?[x×](?![A-Za-z0-9]|\s?\d)(?!\s*(?:sem|sin|sans|"
    r"ohne|без)\b)"
    r"|(?<![A-Za-z0-9])(?<!\d )[x×]\s?(?P<after>\d{1,5})(?![A-Za-z0-9]|[.,]\d)"
    r"|(?:qty|quantity|cantidad|quantite|menge|anzahl|quantidade|количество|数量|數量|수량|الكميه|كميه)"
    r"\s*(?:is|of|:|=|de|は|은|는)?\s*(?P<named>\d{1,6})(?![A-Za-z0-9])"
)
_DOZEN = re.compile(
    rf"{OPENS}(?:(?P<count>\d{{1,3}}|two|three|four|dos|tres|deux|trois|zwei|drei|duas|tres|две|три)\s+)"
    r"(?:dozen|docenas|douzaines|dutzend|duzias|дюжин[ыа]?)(?![a-zа-я])"
)
#: Verbs of ordering, getting and wanting, in all forms that buyers use: a number before a noun near them
#: counts goods.
_VERB = re.compile(
    rf"{OPENS}(?:order(?:s|ed|ing)?|buy(?:s|ing)?|bought|need(?:s|ed)?|want(?:s|ed)?|tak(?:e|en|ing)|took|"
    r"get(?:ting)?|got|gimme|give me|grab|add(?:ed|ing)?|purchas(?:ed?|ing)|receiv(?:ed?|ing)|sent|like|"
    r"ha(?:ve|d)|"
    r"pid(?:o|e|en|iendo)|pedi(?:r|do|mos)?|pedire|"
    r"compr(?:o|as?|an?|e|es|en|ando|ado|aste|aron|are|aria|amos|ar)|"
    r"llev(?:o|a|amos|are|ar|e|ando)|tomo|dame|deme|denme|ponme|quier[oa]|quieres?|queremos|quisieramos|"
    r"quisiera|queria|necesit(?:o|a|amos|aria)|encarg(?:o|ue|ar|amos|ado)|recib(?:i|imos|ido|io)|"
    r"llegaron|llego|han llegado|"
    r"command(?:e|er|ee?s?|ons|ais|erai)|achet(?:e|er|ee?s?|ons|ais|erai|ant)|recu(?:e?s)?|voudrai(?:s|t)|"
    r"voudrions|aimerais|veux|voulons|souhaite|pris|prend(?:s|re|rai|rais|rons)|prenons|prenant|donnez-moi|"
    r"envoye|livre|"
    r"bestell(?:t|en|e|te|ten)|gekauft|kauf(?:en|e|te|ten)?|brauch(?:e|en|te)?|mocht(?:e|en)|hatte|hatten|"
    r"will|wollen|wollte|nehm(?:e|en)?|genommen|nahme|bekommen|bekam|erhalten|erhielt|geliefert|"
    r"return(?:ed|ing)?|devolver|retourner|rendre|zuruckgeben|zuruckschicken|вернуть|ارجع|استرجاع|"
    r"compr(?:ei|ou|amos|arei|aria|armos|assem?)|quero|queremos|queria|encomend(?:ei|ar|o|amos|ado)|"
    r"receb(?:i|emos|ido|eu)|vieram|veio|precis(?:o|amos|ava)|lev(?:o|ar|ei|amos|ando|armos|arei)|"
    r"peg(?:o|ar|ei|ando)|vou querer|"
    r"заказ(?:ал[аи]?|ать|ываю|ываем|ывал[аи]?|ывать|ано|аны|ала|жу|жем)|"
    r"куп(?:ил[аи]?|ить|лю|им|лен[ыо]?)|покупа(?:ю|ем|л[аи]?|ть)|"
    r"вз(?:ял[аи]?|ять)|возьм(?:у|ем|ете)|бер(?:у|ем)|брал[аи]?|брать|хо(?:чу|чется|тел[аи]?|тим|телось)|"
    r"нужн(?:о|ы|а|ен)|надо|дайте|"
    r"получил[аи]?|пришл[оаи]|прислали|привезли|"
    r"طلبت|طلبنا|اطلب|بطلب|هطلب|نطلب|اشتريت|اشترينا|اشتري|نشتري|"
    r"بشتري|هشتري|حشتري|ناخذ|خذت|خذينا|اخذت|اخذنا|اخذ|باخذ|باخد|هاخد|اخدت|اريد|نريد|ابي|نبي|ابغي|نبغي|"
    r"عايز|عايزه|عاوز|بدي(?!ل)|اعطني|اعطيني|"
    r"احتاج|نحتاج|محتاج|وصلتني|وصلني|وصلنا|جاني|جتني)(?![a-zа-я])"
)
#: Nouns that are no goods.
_NO_GOODS = (
    r"(?!(?:days?|weeks?|months?|years?|hours?|minutes?|mins?|times?|percent|people|persons?|euros?|"
    r"dollars?|pounds|bucks|"
    r"e-?mails?|calls?|messages?|questions?|reasons?|options?|friends|colleagues|cards?|accounts?|"
    r"address(?:es)?|offers?|written|things|other|thirds?|shops?|orders?|parcels?|packages?|stars?|or|"
    r"to|of|more|and|in|is|"
    r"business|working|different|years|kids|points?|kgs?|kilos?|grams?|gb|go|tb|mb|gbs|watts?|volts?|"
    r"cm|mm|ml|inch|"
    r"inches|liters?|litres?|naira|pro|plus|max|final|instead|from|for|on|at|with|by|when|but|if|as|"
    r"per|the|we|it|was|"
    r"were|are|today|yesterday|left|am|pm|th|st|nd|rd|refunds?|charges?|payments?|"
    r"dias?|semanas?|mes(?:es)?|anos?|horas?|minutos?|veces|vezes|personas?|pessoas?|correos?|"
    r"llamadas?|preguntas?|"
    r"pedidos?|paquetes?|opciones|mil|reais|pesos|dolares|de|del|por|para|con|com|e|y|o|a|en|em|que|"
    r"puntos|pontos|pavos|lucas|cobros|cobrancas|millones|milhoes|amigos|tarjetas|al|la|el|los|las|un|"
    r"una|pero|cuando|hoy|ayer|cuesta|mas|no|na|nos|pra|"
    r"quando|hoje|como|ordenes|encomendas|parcelas|cuotas|tarjetas|cartoes|"
    r"jours?|semaines?|mois|ans?|heures?|fois|personnes?|appels?|questions?|commandes?|colis|mille|et|"
    r"ou|pour|"
    r"le|les|des|du|au|aux|sur|vers|mais|quand|avant|apres|dans|aujourd|avec|euros|reprises|cartes|"
    r"debits|collegues|amis|paiements|par|"
    r"tagen?|tage|wochen?|monaten?|monate|jahren?|stunden?|minuten|mal|personen|fragen|bestellungen|"
    r"pakete|und|oder|"
    r"uhr|von|bis|mit|der|die|das|fur|statt|anstatt|bei|auf|an|im|zu|aus|um|ab|wenn|weil|aber|heute|"
    r"zoll|liter|punkte|"
    r"jahre|euro|grad|"
    r"д[ень]\w*|дн\w*|недел\w*|месяц\w*|год\w*|лет|час\w*|минут\w*|раза?|человек\w*|рубл\w*|тыс\w*|"
    r"вопрос\w*|заказ\w*|"
    r"посыл\w*|балл\w*|от|до|по|за|из|у|под|без|что|а|не|или|как|вместо|айфон\w*|номер\w*|карт\w*|и|в|"
    r"на|с|к|от|ч|числ\w*|евро|доллар\w*|"
    r"ايام|يوم|اسابيع|اسبوع|شهور|اشهر|شهر|ساعات|ساعه|دقايق|مرات|مره|ريال|درهم|دولار|يورو|جنيه|دينار|"
    r"اشخاص|اسيله|طلبات|"
    r"كيلو|نقطه|بوينت|دفعات|سنوات|سنين|الف|الاف|january|february|march|april|may|june|july|august|"
    r"september|october|november|december)(?![a-zа-я\u0600-\u06ff]))"
)
_LEAST_SIZE = 20
#: "should it happen that", "a thousand to ten thousand" = "by all means".
_NO_NUMBERS = ("万一", "千万", "十分", "一一", "百万")


@lru_cache(maxsize=64)
def _patterns(
    languages: tuple[str, ...],
) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    words = numerals.pattern(languages)
    japanese = f"|{_JAPANESE_UNITS}" if "ja" in languages else ""
    count = rf"(?P<count>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}}|(?:{words})(?![a-zа-я]))"
    edge = rf"(?<![#\-/])(?<!\d[., ]){OPENS}"
    ones = numerals.pattern(("ko",)) if "ko" in languages else "(?!)"
    return (
        re.compile(rf"{edge}{count}\s?-?(?:{_UNITS}){CLOSES}"),
        re.compile(
            rf"(?<![A-Za-z0-9#\-/第])(?<!\d[.,])(?<!{numerals.HAN_NUMBER[:-1]}月])(?P<count>\d{{1,5}}|"
            rf"{numerals.HAN_NUMBER}{{1,4}}"
            rf"|(?<![가-힣])(?:{ones}))\s?(?:{_WIDE_UNITS}{japanese})(?!あたり|当たり|당)"
        ),
        re.compile(
            rf"{edge}{count}\s+(?:{_NO_GOODS}(?=[^\W\d_]{{2}})|of\s+(?:these|those|them)|de\s+(?:estos|"
            rf"estas|esos|ellos))"
        ),
        re.compile(rf"{edge}{count}\s+(?:x\s+)?(?:of\s+(?:the|your)\s+|de\s+)?$"),
    )


def find_quantities(utterance: Utterance, goods: Sequence[Span]) -> Iterator[Span]:
    """Find counts of goods: with a unit, as ``x2``, before a name or colour, by a verb of ordering."""
    text = utterance.folded
    languages = utterance.languages
    with_unit, with_wide_unit, wanted, before_name = _patterns(languages)
    for match in with_unit.finditer(text):
        yield from _span(match, "count", languages)
    if not text.isascii():
        for match in with_wide_unit.finditer(text):
            if match["count"] in _NO_NUMBERS:
                continue
            # "one" before a thing is mostly no count ("一个问题"); of clothes and pairs it is.
            if match["count"] != "一" or (match.group()[-1] in "件双雙套箱" and "ja" not in languages):
                if "ja" in languages and match.group()[-1] == "件":
                    continue
                yield from _span(match, "count", languages)
        for match in _DUAL.finditer(text):
            yield Span(Kind.QUANTITY, *match.span(), _DUALS[match.group()])
    for match in _TIMES.finditer(text):
        group = next(name for name in ("before", "after", "named") if match[name])
        if group == "named" or not _no_times(utterance, match):
            yield Span(Kind.QUANTITY, *match.span(group), int(match[group]))
    for match in _DOZEN.finditer(text):
        count = numerals.read(match["count"], languages)
        if count:
            yield Span(Kind.QUANTITY, *match.span(), 12 * count)
    verbs = [match.start() for match in _VERB.finditer(text)]
    if verbs:
        for match in wanted.finditer(text):
            near = any(-40 < match.start() - verb < 48 for verb in verbs)
            if near and match["count"] not in ("one", "cent") and _is_count(text, match):
                yield from _span(match, "count", languages)
    for match in _alone(languages).finditer(text):
        if match["count"] == "one":
            continue
        yield from _span(match, "count", languages)
    for named in goods:
        shift = max(0, named.start - 24)
        before = before_name.search(text[shift : named.start])
        if before:
            value = _value(before["count"], languages)
            # A number before a colour may be a size.
            if value is not None and (named.kind is Kind.PRODUCT or value < _LEAST_SIZE):
                yield Span(Kind.QUANTITY, shift + before.start("count"), shift + before.end("count"), value)


@lru_cache(maxsize=64)
def _alone(languages: tuple[str, ...]) -> re.Pattern[str]:
    """A number right behind a verb of ordering, with nothing behind itself."""
    return re.compile(
        rf"(?:{_VERB.pattern}|{OPENS}(?:instead of|statt|anstatt|вместо|au lieu de|en vez de|em vez "
        rf"de))\s+(?P<count>[1-9]|1\d|(?:{numerals.pattern(languages)}))(?=\s*(?:[!?;]|[.,](?!\d)|$))"
    )


#: Charged twice, paid in ten parts, or a term of an equation.
_PAID = re.compile(
    r"(?:cobr|charg|debit|factur|abgebucht|списа|pag|parcel|divid|split|em |in |en )[^.!?]{0,24}$"
)
_PARTS = re.compile(r"\s*(?:[+\-=*/^]|sem\b|sin\b|sans\b|no\b|pro\b|max\b)")


def _no_times(utterance: Utterance, match: re.Match[str]) -> bool:
    start, end = match.span()
    # "X2" and "X200" are models.
    model = utterance.plain[start] == "X"
    before = utterance.folded[max(0, start - 32) : start]
    return model or _PARTS.match(utterance.folded, end) is not None or _PAID.search(before) is not None


#: After these a number is a name's or a place's.
_NUMBERED = re.compile(
    r"(?:iphone|айфон|galaxy|samsung|windows|version|bild|photo|foto|volume|nummer|nr\.?|number|no\.?|"
    r"numero|error|"
    r"fehler|page|seite|step|room|code|код|дом|modell?|модель|size|grosse|größe|große|talla|taille|"
    r"tamanho|размер)\s$"
)
_MOST_WANTED = 1_000


def _is_count(text: str, match: re.Match[str]) -> bool:
    typed = match["count"].replace(",", "")
    if typed.isdecimal() and int(typed) > _MOST_WANTED:
        return False
    return _NUMBERED.search(text[max(0, match.start() - 14) : match.start()]) is None


def _span(match: re.Match[str], group: str, languages: tuple[str, ...]) -> Iterator[Span]:
    value = _value(match[group], languages)
    if value is not None:
        yield Span(Kind.QUANTITY, *match.span(group), value)


def _value(typed: str, languages: tuple[str, ...]) -> int | None:
    return numerals.read(typed.replace(",", ""), languages)
