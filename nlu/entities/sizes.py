"""Sizes of clothes and shoes, and the store's own sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from nlu.entities.letters import CLOSES, OPENS, SPACED, fold
from nlu.entities.spans import Kind, Span, Utterance

_LETTERS = r"\d?xs|xxs|xs|s|m|l|xl|xxl|xxxl|[2-6]xl|[хx]{1,3}[лl]|[хx]{1,3}[сs]|[смл]"
_WORDS: dict[str, str] = {
    "extra small": "XS", "extra large": "XL", "extra-small": "XS", "extra-large": "XL", "small": "S",
    "medium": "M", "large": "L", "x-large": "XL", "x large": "XL",
    "pequena": "S", "pequeno": "S", "chica": "S", "mediana": "M", "media": "M",
    "grande": "L", "extra grande": "XL",
    "petite": "S", "moyenne": "M", "medio": "M",
    "스몰": "S", "미디엄": "M", "미디움": "M", "라지": "L", "엑스라지": "XL",
    "سمول": "S", "ميديم": "M", "ميديوم": "M", "لارج": "L", "اكس لارج": "XL", "وسط": "M", "متوسط": "M",
}  # fmt: skip
#: Words that name a size even without a word for "size" near them.
_PLAIN_WORDS = ("سمول", "ميديم", "ميديوم", "لارج", "اكس لارج", "스몰", "미디엄", "미디움", "라지", "엑스라지")
_HAN_WORDS = {"小": "S", "中": "M", "大": "L", "加大": "XL", "特大": "XXL"}
_PLAIN_CHOICE = "|".join(_PLAIN_WORDS)
_BRAZIL = {"pp": "XS", "p": "S", "m": "M", "g": "L", "gg": "XL", "xg": "XXL"}
_JAPAN = {"ll": "XL", "3l": "XXL"}
_CYRILLIC = str.maketrans("смлх", "smlx")

_CUE = (
    r"sizes?|sized|sz|talla|talle|taille|tailles|pointure|grosse|grossen|groesse|gr\.|tamanho|"
    r"numeracao|große|großen|tam\.|размер(?:а|е|у|ом|ы)?|مقاس|المقاس|قياس|مقاسي|尺码|尺碼|码数|サイズ|사이즈"
)
_ANY_CUE = re.compile(
    rf"(?:{OPENS}(?:{_CUE}|chausse|numero|calzo|calco|schuhgro(?:ß|ss)e|size)|码|碼|サイズ|사이즈|尺|"
    rf"размер|مقاس)"
)
_NUMBER = r"(?:(?:eur?|us|uk|it|fr|de|jp|cn|kr|br)\s?)?\d{1,3}(?:[.,]5|½)?(?!\d|[.,]\d)"
#: What makes a number one of something else.
_UNIT = (
    r"(?!\s?(?:cm|mm|мм|см|ملم|سم|吋|寸|センチ|ml|kg|kilos?|grams?|%|°|€|\$|£|eur|usd|euros?|dollar|"
    r"pounds|руб|р\b|₽|円|元|块|원|ريال|درهم|"
    r"[日月年天个個件枚足点回歳分时時人双台本套]|개|장|켤레|벌|번|회|시|분|일|월|년|jahren?|years?|"
    r"ans\b|anos|лет|год|سنه|歳|岁|살|°|days?|weeks?|months?|hours?|tage?|"
    r"wochen?|jours?|semaines?|mois|dias?|semanas?|mes|дн|недел|месяц|час|шт|пар|ايام|يوم|قطع|pcs|"
    r"pieces?|stuck|"
    r"stk|unidades?|unites?|pares|x\d|times|fois|veces|vezes|раз|mal|:\d|/\d))"
)
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_CUED = re.compile(
    rf"{OPENS}(?:{_CUE})(?![a-zа-я])\s*(?:is|of|:|=|n°|no|a|an|fur|es|e|ist|est|du|de|la|は|が|는|은|"
    rf"가|이|是)?\s*(?:a\s+)?"
    rf"(?P<size>{_NUMBER}(?![a-z]){_UNIT}|(?:{_LETTERS}|pp|gg|xg|[pg]|ll|3l){CLOSES}(?!'))"
    rf"|{OPENS}(?:{_CUE})\s*(?:是|:)?\s?(?P<word>(?:{_WORD})(?![a-zа-я\u0620-\u064a]))"
)
_NUMBERED = re.compile(
    rf"{OPENS}(?:numero|chausse\s+(?:du|en)|calzo|calco|fais\s+du)\s+(?:un\s+|o\s+|"
    rf"el\s+)?(?P<size>[2-5]\d(?:[.,]5)?)(?!\d)"
)
_CUE_AFTER = re.compile(
    rf"(?<![A-Za-z0-9])(?<!\d[.,])(?P<size>\d{{2,3}}(?:[.,]5)?|(?:{_LETTERS}|ll|3l)|"
    rf"{'|'.join(_PLAIN_WORDS)}|small|medium|large|extra[ -](?:small|large))"
    r"(?:\s?-?(?:й|го|ого|ый|ий))?\s?(?:码|碼|サイズ|사이즈|размер(?:а|у|е|ом)?(?![а-я])|size(?![a-z])|"
    r"(?<=[smlx])[号號](?![码碼]))"
)
_HAN_WORD = re.compile(r"(?P<size>[加特]?[大中小][码碼号號])(?![码碼])")
_BY_SYSTEM = re.compile(
    rf"{OPENS}(?:EU|EUR|US|UK|IT|FR|DE|JP|BR|eu|eur|uk)\s?\d{{1,2}}(?:[.,]5)?(?![A-Za-z0-9_]|[.,]\d)"
)
_ALONE = re.compile(
    r"(?<![A-Za-z0-9_'\-&/.])(?:[2-6]XL|X{1,3}[SL]|x{1,3}[sl]|[2-6]xl|LL|GG|PP)(?![A-Za-z0-9_'&])"
    r"|(?<![\w])[ХX]{1,3}[ЛL](?![\w])"
)
#: One letter is a size only as a capital, and where a size may stand.
_LETTER = re.compile(
    rf"(?:(?<![\w'])(?:an?|in|the|to|into|for|my|or|wear|between|and|vs|than|la|una?|en|el|du|une|le|"
    rf"die|der|eine?|"
    rf"einer|auf|statt|gegen|oder|um|uma|no|ou|нужен|нужна|на|или|вместо|с|из|بدل|او|أو|في|من|الى|"
    rf"إلى)\s+|^|/|(?<=[\u3041-\u30ff\u4e00-\u9fff]))"
    rf"(?P<size>[SML])(?![{SPACED}'&]|\.\w|\s?/)|(?<![{SPACED}'&.])(?P<wide>[SML])(?=は|が|に|を|の|で|"
    rf"と|서|는|은|로|码|号|还|還)"
)
_CONTEXT_LETTER = re.compile(rf"(?<![{SPACED}'&.\-])(?<!\d )(?P<size>[SML]|XS|XL|LL)(?![{SPACED}'&]|\.\w)")
_CONTEXT_BRAZIL = re.compile(rf"(?<![{SPACED}'&.\-])(?P<size>PP|P|M|G|GG|XG)(?![{SPACED}'&]|\.\w)")
_CONTEXT_WORD = re.compile(
    rf"(?:{OPENS}(?:an?|in|or|and|from|than)\s+(?P<size>small|medium|large){CLOSES}(?!\s+"
    rf"(?:problem|part|number|amount|box|parcel|order|issue|hole|tear|stain))"
    rf"|{OPENS}(?:ال)?(?P<size2>extra[ -](?:small|large)|{_PLAIN_CHOICE})"
    rf"{CLOSES})"
)
_WORD_AFTER = re.compile(
    rf"{OPENS}(?:in|a|to|the|en|para)\s+(?:an?\s+|une?\s+)?(?P<size>extra[ -]small|extra[ -]large){CLOSES}"
    rf"|{OPENS}(?:in|to)\s+(?:an?\s+)?(?P<size2>small|medium|large)(?=\s*(?:[?.!,;]|$)|\s+(?:please|"
    rf"pls|instead|if|or|too))"
)
_MORE_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9#/+\-$€£¥₽])(?<!\d[.,])(?P<size>\d{{2,3}}(?:[.,]5|½)?)(?!\d|[.,]\d|[A-Za-z]){_UNIT}"
)
_IN_THE = re.compile(rf"{OPENS}(?:en (?:la|el|un|una)|no|num) (?P<size>3\d|4\d|5\d)(?=\s*(?:[?!.,;]|$))")
#: A longer word behind a number says what is counted; these do not.
_GOODS = re.compile(
    r"\s(?!instead|please|anstatt|bitte|rather|statt|sinon|gegen|contre|oder|вместо|либо|razmer)[^\W\d_]{5,}"
)
#: How far from a told size another may stand.
_REACH = 48


def find_sizes(utterance: Utterance, sizes: Sequence[str]) -> Iterator[Span]:
    """Find sizes; the normal form is ``M``, ``XXL``, ``42``, ``EU 42``, or as the store writes it."""
    text, folded = utterance.plain, utterance.folded
    found = [
        _span(match, match.lastgroup or "size", utterance)
        for match in _told(folded)
        if not _in_small_cyrillic(match, utterance)
    ]
    if utterance.language in ("es", "pt"):
        found += [_span(match, "size", utterance) for match in _IN_THE.finditer(folded)]
    found += [Span(Kind.SIZE, *match.span(), _size(match.group())) for match in _BY_SYSTEM.finditer(text)]
    found += [
        Span(Kind.SIZE, *match.span(), _alone(match.group(), utterance)) for match in _ALONE.finditer(text)
    ]
    for match in _LETTER.finditer(text):
        found.append(_span(match, "size" if match["size"] else "wide", utterance))
    context = bool(found) or _ANY_CUE.search(folded) is not None
    if context:
        for pattern, seen in ((_CONTEXT_LETTER, text), (_CONTEXT_WORD, folded)):
            found += [_span(match, match.lastgroup or "size", utterance) for match in pattern.finditer(seen)]
        if utterance.language == "pt":
            found += [_span(match, "size", utterance) for match in _CONTEXT_BRAZIL.finditer(text)]
        found += _more(folded, found)
    for pattern, names in _listed(tuple(sizes)):
        for match in pattern.finditer(folded):
            found.append(Span(Kind.SIZE, *match.span(), names[_key(match.group())]))
    if context:
        found += [
            Span(Kind.SIZE, *match.span(), names[_key(match.group())])
            for pattern, names in _listed_words(tuple(sizes))
            for match in pattern.finditer(folded)
        ]
    yield from found


def _told(folded: str) -> Iterator[re.Match[str]]:
    for pattern in (_CUED, _NUMBERED, _CUE_AFTER, _HAN_WORD, _WORD_AFTER):
        yield from pattern.finditer(folded)


def _in_small_cyrillic(match: re.Match[str], utterance: Utterance) -> bool:
    """Whether a preposition ("с") was taken for a size."""
    group = match.lastgroup or "size"
    return match[group] in ("с", "м", "л") and utterance.plain[match.start(group)].islower()


def _span(match: re.Match[str], group: str, utterance: Utterance) -> Span:
    return Span(Kind.SIZE, *match.span(group), _alone(match[group], utterance))


def _alone(typed: str, utterance: Utterance) -> str:
    small = typed.lower()
    if utterance.language == "pt" and small in _BRAZIL:
        return _BRAZIL[small]
    return _JAPAN.get(small) or _size(typed)


def _more(folded: str, found: Sequence[Span]) -> Iterator[Span]:
    """Find further numbers near a told one, of as many digits: ``size 38 instead of 40``."""
    numbers = {span.start: span for span in found if str(span.value)[:1].isdigit()}
    cues = [match.end() for match in _ANY_CUE.finditer(folded)] if not numbers else []
    for match in _MORE_NUMBER.finditer(folded):
        whole = re.split(r"[.,½]", match["size"])[0]
        told = any(
            abs(match.start() - place) < _REACH and len(re.split(r"[.,½]", str(span.value))[0]) == len(whole)
            for place, span in numbers.items()
        )
        likely = 30 <= int(whole) <= 60 and _GOODS.match(folded, match.end()) is None
        near = told or (likely and any(abs(match.start() - place) < _REACH for place in cues))
        if near and match.start() not in numbers:
            yield Span(Kind.SIZE, *match.span("size"), _size(match["size"]))


def _size(typed: str) -> str:
    word = " ".join(typed.lower().split())
    if word in _WORDS:
        return _WORDS[word]
    if word.rstrip("码碼号號") in _HAN_WORDS:
        return _HAN_WORDS[word.rstrip("码碼号號")]
    size = fold(word).translate(_CYRILLIC).upper().replace(",", ".").replace("½", ".5").replace("EUR", "EU")
    if many := re.fullmatch(r"([2-6])X([SL])", size):
        return "X" * int(many[1]) + many[2]
    if system := re.fullmatch(r"([A-Z]{2})\s?([\d.]+)", size):
        return f"{system[1]} {system[2]}"
    return size


def _key(size: str) -> str:
    return re.sub(r"\s", "", fold(size)).replace("×", "x").removesuffix("cm")


Listed = tuple[tuple[re.Pattern[str], dict[str, str]], ...]


@lru_cache(maxsize=4)
def _listed(sizes: tuple[str, ...]) -> Listed:
    # What is a bare number or a letter or two would be found everywhere, a single word ("Large") too often.
    return _pattern(
        [size for size in sizes if len(size) > 2 and _has(size, str.isalpha) and _has(size, str.isdigit)]
    )


@lru_cache(maxsize=4)
def _listed_words(sizes: tuple[str, ...]) -> Listed:
    words = [
        size for size in sizes if len(size) > 3 and not _has(size, str.isdigit) and size.lower() not in _WORDS
    ]
    return _pattern(words)


def _has(size: str, is_one: Callable[[str], bool]) -> bool:
    return any(map(is_one, size))


def _pattern(sizes: Sequence[str]) -> Listed:
    if not sizes:
        return ()
    choices = []
    for size in sorted(sizes, key=len, reverse=True):
        # Blanks and the sign for "by" are typed in many ways.
        pieces = [re.escape(piece) for piece in re.split(r"\s+", fold(size).replace("×", "x"))]
        choice = r"\s?".join("[x×]" if piece == "x" else piece for piece in pieces)
        # "140 x 200" is clear without its unit, "24" is not.
        choices.append(re.sub(r"\\s\?cm$", r"(?:\\s?cm)?", choice) if "x" in choice else choice)
    return ((re.compile(rf"{OPENS}(?:{'|'.join(choices)}){CLOSES}"), {_key(size): size for size in sizes}),)
