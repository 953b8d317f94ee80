"""Countries by their names in the buyer's language and in English."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache

from nlu.entities.letters import fold
from nlu.entities.phrases import Phrases
from nlu.entities.spans import Kind, Span, Utterance

#: Babel's locales whose names are in use beside a language's own.
_LOCALES = {"zh": ("zh", "zh_Hant", "zh_Hant_HK"), "pt": ("pt", "pt_PT"), "es": ("es", "es_MX")}
#: What people say, beside what Babel lists.
_ALSO = {
    "en": "usa US u.s.a. US u.s. US the_states US america US uk GB u.k. GB great_britain GB britain GB "
    "england GB scotland GB wales GB holland NL uae AE ksa SA korea KR south_korea KR czech_republic CZ "
    "turkey TR hong_kong HK macau MO taiwan TW russia RU ivory_coast CI emirates AE saudi SA",
    "es": "eeuu US ee.uu. US ee.uu US ee_uu US estados_unidos US inglaterra GB holanda NL corea KR "
    "corea_del_sur KR emiratos AE república_checa CZ gran_bretaña GB",
    "fr": "usa US angleterre GB grande-bretagne GB états_unis US hollande NL corée KR corée_du_sud KR "
    "émirats AE royaume_uni GB",
    "de": "usa US niederlanden NL holland NL england GB großbritannien GB vereinigten_staaten US amerika US "
    "südkorea KR emirate AE emiraten AE tschechische_republik CZ schottland GB korea KR",
    "pt": "eua US estados_unidos US inglaterra GB holanda NL coreia KR coreia_do_sul KR emirados AE "
    "grã-bretanha GB república_tcheca CZ república_checa CZ japao JP",
    "ru": "сша US штаты US америка US англия GB голландия NL корея KR южная_корея KR эмираты AE оаэ AE "
    "белоруссия BY великобритания GB соединённые_штаты US россия RU",
    "ar": "أمريكا US الولايات_المتحدة US بريطانيا GB انجلترا GB الإمارات AE السعودية SA هولندا NL كوريا KR "
    "المغرب MA تركيا TR فرنسا FR المانيا DE المملكة_المتحدة GB المملكة_العربية_السعودية SA",
    "zh": "美国 US 美國 US 英国 GB 英國 GB 韩国 KR 韓國 KR 南韩 KR 南韓 KR 澳洲 AU 纽西兰 NZ 紐西蘭 NZ "
    "香港 HK 台湾 TW 台灣 TW 臺灣 TW 澳门 MO 澳門 MO 大马 MY "
    "中国 CN 中國 CN 德国 DE 德國 DE 法國 FR 泰國 TH 阿联酋 AE "
    "沙特 SA 义大利 IT 義大利 IT",
    "ja": (
        "アメリカ US 米国 US イギリス GB 英国 GB 韓国 KR 台湾 TW 香港 HK 中国 CN 豪州 AU オランダ NL "
        "ドイツ DE"
    ),
    "ko": "미국 US 영국 GB 한국 KR 대한민국 KR 대만 TW 홍콩 HK 중국 CN 호주 AU",
}
#: Names that are also words: they count only with a capital.
_CAPITAL_NAMES = (
    "turkey china jersey chad jordan georgia guinea mali niger oman man wales benin togo samoa island "
    "chile reunion saudi того чад чили мали чада перу куба saba polen guernsey gambia"
)
_CAPITAL = frozenset(_CAPITAL_NAMES.split())
#: Names that are mostly something else: a way of paying, "does it go", a particle, a sunset.
_NEVER_NAMES = (
    "того гана 수단 가나 이란 오만 기니 말리 토고 통가 차드 가봉 건지 저지 피지 salvador "
    "المملكه チリ マリ مغرب"
)
_NEVER = frozenset(_NEVER_NAMES.split())
#: Of these only with where the parcel goes.
_WITH_PLACE = {"인도": re.compile(r"인도(?:로|까지|에서|에\s)")}
_BIG_LETTERS = re.compile(r"(?<![\w.])(?:USA|US|UK|UAE|KSA|EEUU)(?![A-Za-z0-9_'\-])")
_CODES = {"USA": "US", "US": "US", "UK": "GB", "UAE": "AE", "KSA": "SA", "EEUU": "US"}
#: "US 9" and "UK 8" are sizes, "US$" is money, a "UK plug" is a plug.
_NOT_AFTER = re.compile(
    r"\s?(?:\d|\$|size|dollar|plug|layout|version|keyboard|stecker|enchufe|prise)", re.IGNORECASE
)
#: What makes a language, a people, money or a part of the world of a country's name.
_PEOPLE = re.compile(
    r"[語语人円]|말|어(?!디|느)|인(?!데|가|지|이)|돈| (?:do sul|latina|central|del sur|du sud)", re.IGNORECASE
)
#: Codes that ISO keeps for parts of countries.
_PARTS = {"IC": "ES", "EA": "ES", "AC": "SH", "TA": "SH", "DG": "IO", "CP": "FR", "CQ": "GG"}
_NO_TERRITORY = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})

_RUSSIAN_ENDINGS = (
    ("ия", ("ии", "ию", "ией")),
    ("ая", ("ой", "ую")),
    ("ые", ("ых", "ым", "ыми")),
    ("ие", ("их", "им")),
    ("а", ("ы", "и", "е", "у", "ой")),
    ("я", ("и", "е", "ю", "ей")),
    ("ь", ("и", "я", "ю", "е", "ем")),
    ("й", ("я", "ю", "е", "ем")),
    ("ы", ("", "ов", "ам", "ах", "ами")),
)


@lru_cache(maxsize=32)
def _names(languages: tuple[str, ...]) -> Phrases[str]:
    from babel import Locale, UnknownLocaleError

    names: dict[str, str] = {}
    for language in languages:
        also = _ALSO.get(language, "").split()
        own = {name.replace("_", " "): code for name, code in zip(also[::2], also[1::2], strict=True)}
        for name in _LOCALES.get(language, (language,)):
            try:
                territories = Locale.parse(name).territories
            except (UnknownLocaleError, ValueError):
                continue
            for code, territory in territories.items():
                if len(code) == 2 and code.isalpha() and code not in _NO_TERRITORY:
                    short = re.sub(r"\s*[(（].*", "", territory)
                    for form in (territory, short, short.removeprefix("the "), short.removeprefix("The ")):
                        own.setdefault(form.lower(), code)
                        own.setdefault(form.lower().replace("-", " "), code)
        forms = dict(own)
        for name, code in own.items():
            for form in _forms(name, language):
                forms.setdefault(form, code)
        for name, code in forms.items():
            if len(name) >= (3 if name.isascii() else 2) and fold(name) not in _NEVER:
                names.setdefault(name, _PARTS.get(code, code))
    return Phrases(names)


def _forms(name: str, language: str) -> Iterator[str]:
    """Return what grammar makes of a name."""
    if language == "ru" and len(name) > 4:
        for words in itertools.islice(itertools.product(*map(_cases, name.split())), 64):
            yield " ".join(words)
    elif language == "ar" and name.startswith("ال"):
        # After "to" the article loses its first letter; in dialect it goes altogether.
        yield name[1:]
        if len(name) > 5:
            yield name[2:]


def _cases(word: str) -> tuple[str, ...]:
    if word[-2:] in ("оа", "уа", "еа"):
        return (word,)
    for ending, others in _RUSSIAN_ENDINGS:
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            return (word, *(stem + other for other in others))
    return (
        (word, *(word + other for other in ("а", "у", "е", "ом")))
        if word[-1:] not in "аеёиоуыэюя"
        else (word,)
    )


def find_countries(utterance: Utterance) -> Iterator[Span]:
    """Find countries; the normal form is the ISO 3166 code of two letters."""
    text = utterance.plain
    for match in _BIG_LETTERS.finditer(text):
        if not _NOT_AFTER.match(text, match.end()):
            yield Span(Kind.COUNTRY, *match.span(), _CODES[match.group()])
    for start, end, code in _names(utterance.languages).find(utterance.folded):
        word = utterance.folded[start:end]
        if word in _CAPITAL and not text[start].isupper():
            continue
        if _PEOPLE.match(text, end):
            continue
        if word in _WITH_PLACE and _WITH_PLACE[word].match(text, start) is None:
            continue
        if word in ("usa", "uk", "uae", "ksa") and _NOT_AFTER.match(text, end):
            continue
        yield Span(Kind.COUNTRY, start, end, code)
