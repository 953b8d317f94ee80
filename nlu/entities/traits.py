"""Sizes, colours and quantities of goods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nlu.entities.spans import Kind, Span, Utterance

_SIZE_CUE = (
    r"sizes?|sz|talla|talle|taille|pointure|größe|groesse|grösse|gr\.|tamanho|numeração|tam\.|размер[ае]?|"
    r"مقاس|قياس|尺码|尺碼|码|サイズ|사이즈"
)
_SYSTEM = r"EU|EUR|US|UK|IT|FR|DE|JP|CN|KR|BR"
_LETTERS = r"\d?XS|XXS|XS|S|M|L|XL|XXL|XXXL|[2-6]XL"
_SIZE_WORDS = {
    "extra small": "XS", "extra large": "XL", "extra-large": "XL", "small": "S", "medium": "M", "large": "L",
}  # fmt: skip
_CUED = re.compile(
    rf"(?<!\w)(?:{_SIZE_CUE})\s*(?:is|of|:|=|n°|nº|a|an|für)?\s*"
    rf"(?P<size>(?:(?:{_SYSTEM})\s?)?\d{{1,3}}(?:[.,]5|½)?(?![\w.,]?\d)|(?:{_LETTERS})(?!\w)"
    rf"|{'|'.join(_SIZE_WORDS)})(?!\w)|(?P<size2>\d{{1,3}}(?:[.,]5)?|{_LETTERS})\s?(?:码|碼|サイズ|사이즈|号)",
    re.IGNORECASE,
)
_BY_SYSTEM = re.compile(rf"(?<!\w)(?P<system>{_SYSTEM})\s?(?P<number>\d{{1,2}}(?:[.,]5)?)(?![\w]|[.,]\d)")
_ALONE = re.compile(r"(?<![\w'\-&/.])(?:[2-6]XL|X{1,3}[SL]|x{1,3}[sl]|[2-6]xl)(?![\w'&])")
#: One letter is a size only as a capital, and where a size may stand.
_LETTER = re.compile(
    r"(?:\b(?:an?|in|the|to|into|for|my|or|wear|between|and|vs|than)\s+|^|/)(?P<size>[SML])(?![\w'&.])"
)
_WORD_AFTER = re.compile(
    r"\b(?:in|a|to|the)\s+(?:an?\s+)?(?P<size>extra[ -]small|extra[ -]large)(?!\w)"
    r"|(?<!\w)(?P<size2>extra[ -]small|extra[ -]large|small|medium|large)\s+size(?!\w)",
    re.IGNORECASE,
)

_COLOURS: dict[str, str] = {
    "black": (
        "negro negra negros negras noir noire noirs noires schwarz schwarze schwarzen "
        "schwarzer preto preta pretos pretas чёрный черный чёрная черная чёрное черное чёрные "
        "черные чёрного أسود سوداء 黑色 黒 黒い 검정 검은색 블랙"
    ),
    "white": (
        "blanco blanca blancos blancas blanc blanche blancs blanches weiß weiss weiße weißen "
        "branco branca brancos brancas белый белая белое белые белого أبيض بيضاء 白色 白 白い 흰색 "
        "하얀색 화이트"
    ),
    "grey": (
        "gray gris grises grise grau graue grauen cinza cinzento серый серая серое серые "
        "رمادي 灰色 グレー 회색"
    ),
    "red": (
        "rojo roja rojos rojas rouge rouges rot rote roten roter vermelho vermelha vermelhos "
        "красный красная красное красные красного أحمر حمراء 红色 紅色 赤 赤い 빨간색 빨강 레드"
    ),
    "blue": (
        "azul azules azuis bleu bleue bleus bleues blau blaue blauen blauer синий синяя синее "
        "синие синего голубой أزرق زرقاء 蓝色 藍色 青 青い 파란색 파랑 블루"
    ),
    "green": (
        "verde verdes vert verte verts vertes grün gruen grüne grünen зелёный зеленый зелёная "
        "зеленая зелёные أخضر خضراء 绿色 綠色 緑 緑色 초록색 녹색"
    ),
    "yellow": (
        "amarillo amarilla amarillos jaune jaunes gelb gelbe gelben amarelo amarela жёлтый "
        "желтый жёлтая желтая أصفر صفراء 黄色 黃色 노란색"
    ),
    "orange": "naranja anaranjado orangefarben laranja оранжевый оранжевая برتقالي 橙色 オレンジ 주황색",
    "pink": (
        "rosado rosada rose roses rosafarben cor-de-rosa розовый розовая وردي زهري 粉色 粉红色 ピンク "
        "분홍색 핑크"
    ),
    "purple": (
        "violet morado morada violet violette lila roxo roxa фиолетовый фиолетовая بنفسجي 紫色 紫 보라색"
    ),
    "brown": (
        "marrón marron marrons braun braune braunen castanho marrom коричневый коричневая بني "
        "棕色 褐色 茶色 갈색"
    ),
    "beige": "бежевый бежевая بيج 米色 ベージュ 베이지",
    "silver": "plateado argenté silbern prateado серебристый فضي 银色 銀色 은색",
    "gold": "dorado doré golden goldfarben dourado золотой золотистый ذهبي 金色 금색",
    "navy": "marineblau 藏青色 ネイビー 네이비",
}
#: Words that are a colour in one language and common in another.
_COLOUR_ONLY = {"rose": "fr", "roses": "fr", "rot": "de", "marron": "fr", "rote": "de"}

_UNITS = (
    r"pcs?|pieces?|units?|items?|pairs?|sets?|packs?|boxes|box|cartons?|copies|dozens?|"
    r"stück|stueck|paar|unidades?|piezas?|pares|peças|unités?|pièces?|paires?|штук[аи]?|шт|пары?|комплект\w*|"
    r"قطع[ةه]?|حبات|حبة|وحدات"
)
_WIDE_UNITS = r"个|個|件|套|双|雙|台|只|箱|枚|本|足|点|개|장|켤레|세트"
_NUMBER_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "fifty": 50, "hundred": 100, "both": 2,
}  # fmt: skip
_WORDS = "|".join(_NUMBER_WORDS)
_COUNT = rf"(?P<count>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}}|{_WORDS})"
_WITH_UNIT = re.compile(rf"(?<![\w.,#\-/]){_COUNT}\s?(?:(?:{_UNITS})(?!\w)|(?:{_WIDE_UNITS}))", re.IGNORECASE)
_TIMES = re.compile(
    r"(?<![\w.,])(?P<before>\d{1,5})\s?[x×](?!\w|\s?\d)"
    r"|(?<![\w.,\d])(?<!\d )[x×]\s?(?P<after>\d{1,5})(?![\w.,])"
    r"|(?:qty|quantity|cantidad|quantité|menge|anzahl|quantidade|количество|数量|수량|الكمية)\s*(?:is|of|:|=|de)?\s*"
    r"(?P<named>\d{1,6})(?!\w)",
    re.IGNORECASE,
)
_WANTED = re.compile(
    rf"\b(?:order(?:ed)?|buy|bought|need|want|take|get|add|purchase[d]?)\s+(?:me\s+|another\s+|only\s+)?{_COUNT}\s+"
    r"(?!(?:days?|weeks?|months?|years?|hours?|minutes?|times?|more\s+(?:days?|weeks?)|percent|people|euros?|"
    r"dollars?|of\s+my|or|to)\b)[a-z]",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"(?<![\w.,#\-/]){_COUNT}\s+(?:of\s+(?:the|your)\s+)?$", re.IGNORECASE)


def find_sizes(utterance: Utterance, sizes: Sequence[str]) -> Iterator[Span]:
    """Find sizes of clothes and shoes; the normal form is ``M``, ``XXL``, ``42`` or ``EU 42``."""
    text = utterance.plain
    for match in _CUED.finditer(text):
        group = "size" if match["size"] else "size2"
        yield Span(Kind.SIZE, *match.span(group), _size(match[group]))
    for match in _BY_SYSTEM.finditer(text):
        yield Span(Kind.SIZE, *match.span(), _size(match.group()))
    for match in _LETTER.finditer(text):
        yield Span(Kind.SIZE, *match.span("size"), match["size"])
    for match in _WORD_AFTER.finditer(text):
        group = "size" if match["size"] else "size2"
        yield Span(Kind.SIZE, *match.span(group), _size(match[group]))
    for match in _ALONE.finditer(text):
        yield Span(Kind.SIZE, *match.span(), _size(match.group()))
    listed = _listed_sizes(tuple(sizes))
    if listed is not None:
        for match in listed.finditer(text):
            yield Span(Kind.SIZE, *match.span(), _size(match.group()))


@lru_cache(maxsize=4)
def _listed_sizes(sizes: tuple[str, ...]) -> re.Pattern[str] | None:
    # What is a bare number or a letter or two would be found everywhere.
    long = [size for size in sizes if len(size) > 3 and any(map(str.isalpha, size))]
    if not long:
        return None
    names = "|".join(map(re.escape, sorted(long, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)


def _size(typed: str) -> str:
    word = " ".join(typed.lower().replace("-", " ").split())
    if word in _SIZE_WORDS:
        return _SIZE_WORDS[word]
    size = typed.upper().replace(",", ".").replace("½", ".5").replace("EUR", "EU")
    if many := re.fullmatch(r"([2-6])X([SL])", size):
        return "X" * int(many[1]) + many[2]
    if system := re.fullmatch(r"([A-Z]{2})\s?([\d.]+)", size):
        return f"{system[1]} {system[2]}"
    return size


@lru_cache(maxsize=8)
def _colour_names(colours: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    names = {colour.casefold(): colour for colour in colours}
    for colour, words in _COLOURS.items():
        # The store's own spelling of the colour ("gray"), where it has it.
        own = next((name for name in (colour, *words.split()) if name in names), None)
        for word in (colour, *words.split()):
            names.setdefault(word, names[own] if own else colour)
    spaced = sorted((name for name in names if name[0] < "\u2e80"), key=len, reverse=True)
    # A lone 白 or 赤 is part of too many words.
    joined = sorted((name for name in names if name[0] >= "\u2e80" and len(name) > 1), key=len, reverse=True)
    pattern = re.compile(
        rf"(?<!\w)(?:{'|'.join(map(re.escape, spaced))})(?!\w)|{'|'.join(map(re.escape, joined))}",
        re.IGNORECASE,
    )
    return names, pattern


def find_colours(utterance: Utterance, colours: Sequence[str]) -> Iterator[Span]:
    """Find colours; the normal form is the store's name of it, else the English one."""
    names, pattern = _colour_names(tuple(colours))
    for match in pattern.finditer(utterance.plain):
        word = match.group().casefold()
        if _COLOUR_ONLY.get(word, utterance.language) == utterance.language:
            yield Span(Kind.COLOUR, *match.span(), names[word])


def find_quantities(utterance: Utterance, products: Sequence[Span]) -> Iterator[Span]:
    """Find how many pieces of goods are meant: with a unit, as ``x2``, or right before a product's name."""
    text = utterance.plain
    for match in _WITH_UNIT.finditer(text):
        if not re.search(r"sizes?$|dozens?$", match.group(), re.IGNORECASE):
            yield Span(Kind.QUANTITY, *match.span("count"), _count(match["count"]))
        elif match.group().lower().rstrip("s").endswith("dozen"):
            yield Span(Kind.QUANTITY, match.start(), match.end(), 12 * _count(match["count"]))
    for match in _TIMES.finditer(text):
        group = next(name for name in ("before", "after", "named") if match[name])
        yield Span(Kind.QUANTITY, *match.span(group), int(match[group]))
    for match in _WANTED.finditer(text):
        yield Span(Kind.QUANTITY, *match.span("count"), _count(match["count"]))
    for product in products:
        before = _BEFORE.search(text[max(0, product.start - 24) : product.start])
        if before:
            shift = max(0, product.start - 24)
            start, end = before.span("count")
            yield Span(Kind.QUANTITY, shift + start, shift + end, _count(before["count"]))


def _count(typed: str) -> int:
    return _NUMBER_WORDS.get(typed.lower()) or int(typed.replace(",", ""))
