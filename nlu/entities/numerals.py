"""Numbers in figures and in words, as the ten languages write them."""

from __future__ import annotations

import re
from functools import lru_cache

from nlu.entities.letters import fold

_WORDS: dict[str, str] = {
    "en": "one 1 two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 ten 10 eleven 11 twelve 12 "
    "fifteen 15 twenty 20 thirty 30 forty 40 fifty 50 sixty 60 seventy 70 eighty 80 ninety 90 hundred "
    "100 thousand 1000",
    "es": "dos 2 tres 3 cuatro 4 cinco 5 seis 6 siete 7 ocho 8 nueve 9 diez 10 doce 12 quince 15 veinte 20 "
    "treinta 30 cuarenta 40 cincuenta 50 sesenta 60 setenta 70 ochenta 80 noventa 90 cien 100 "
    "doscientos 200 trescientos 300 quinientos 500 mil 1000",
    "fr": "deux 2 trois 3 quatre 4 cinq 5 six 6 sept 7 huit 8 neuf 9 dix 10 onze 11 douze 12 quinze 15 "
    "vingt 20 trente 30 quarante 40 cinquante 50 soixante 60 cent 100 mille 1000",
    "de": "zwei 2 drei 3 vier 4 fünf 5 sechs 6 sieben 7 acht 8 neun 9 zehn 10 elf 11 zwölf 12 fünfzehn 15 "
    "zwanzig 20 dreißig 30 vierzig 40 fünfzig 50 sechzig 60 siebzig 70 achtzig 80 neunzig 90 hundert "
    "100 tausend 1000",
    "pt": "dois 2 duas 2 três 3 quatro 4 cinco 5 seis 6 sete 7 oito 8 nove 9 dez 10 onze 11 doze 12 "
    "quinze 15 vinte 20 trinta 30 quarenta 40 cinquenta 50 sessenta 60 oitenta 80 noventa 90 cem 100 "
    "duzentos 200 trezentos 300 quinhentos 500 mil 1000",
    "ru": "два 2 две 2 двух 2 три 3 трёх 3 четыре 4 пять 5 шесть 6 семь 7 восемь 8 девять 9 десять 10 "
    "двенадцать 12 пятнадцать 15 двадцать 20 тридцать 30 сорок 40 пятьдесят 50 сто 100 двести 200 "
    "триста 300 пятьсот 500 тысяча 1000 тысячу 1000",
    "ar": "ثلاث 3 ثلاثة 3 تلات 3 أربع 4 أربعة 4 خمس 5 خمسة 5 ست 6 ستة 6 سبع 7 سبعة 7 ثمان 8 ثماني 8 "
    "ثمانية 8 تسع 9 تسعة 9 عشر 10 عشرة 10 عشرين 20 عشرون 20 ثلاثين 30 أربعين 40 خمسين 50 خمسون 50 "
    "ستين 60 سبعين 70 ثمانين 80 تسعين 90 مئة 100 مية 100 مائة 100 ميتين 200 مئتين 200 ألف 1000",
    "ja": "",
    "zh": "",
    "ko": "한 1 두 2 세 3 네 4 다섯 5 여섯 6 일곱 7 여덟 8 아홉 9 열 10 스무 20 서른 30 쉰 50 "
    "하나 1 둘 2 셋 3 넷 4 석 3 넉 4 백 100",
}
#: What stands for one before a unit of time, too common elsewhere.
_ONE = {
    "en": "a an one", "es": "un una", "fr": "un une", "de": "einem einer einen ein eine", "pt": "um uma",
    "ru": "один одну", "ar": "", "ko": "한 일",
}  # fmt: skip
_HAN = {
    **{digit: value for value, digit in enumerate("〇一二三四五六七八九")},
    "零": 0, "两": 2, "兩": 2, "壱": 1, "弐": 2,
}  # fmt: skip
_HAN |= {digit: value for value, digit in enumerate("일이삼사오육칠팔구", start=1)}
_HAN_TIMES = {"十": 10, "百": 100, "千": 1000, "십": 10, "백": 100, "천": 1000}
_MYRIADS = ("万", "萬", "만")

HANGUL_NUMBER = "[일이삼사오육칠팔구십백천만]"
HAN_NUMBER = "[〇零一二两兩三四五六七八九十百千万萬]"


_UMLAUTS = str.maketrans({"ü": "ue", "ö": "oe", "ß": "ss"})


@lru_cache(maxsize=64)
def words(languages: tuple[str, ...], *, with_one: bool = False) -> dict[str, int]:
    """Return the number words of languages, folded."""
    found: dict[str, int] = {}
    for language in languages:
        parts = _WORDS.get(language, "").split()
        for word, value in zip(parts[::2], parts[1::2], strict=True):
            for form in (word, word.translate(_UMLAUTS)):
                found.setdefault(fold(form), int(value))
        if with_one:
            for word in _ONE.get(language, "").split():
                found.setdefault(fold(word), 1)
    return found


@lru_cache(maxsize=64)
def pattern(languages: tuple[str, ...], *, with_one: bool = False) -> str:
    """Return a pattern of the number words of languages (as it stands in a group, without one)."""
    found = words(languages, with_one=with_one)
    return "|".join(sorted(map(re.escape, found), key=len, reverse=True)) or "(?!)"


def read(typed: str, languages: tuple[str, ...]) -> int | None:
    """Return the number that was typed in figures, in words or in Han."""
    if typed.isdecimal():
        return int(typed)
    value = words(languages, with_one=True).get(typed)
    return value if value is not None else han(typed)


def han(typed: str) -> int | None:
    """Return the number written in Han or Hangul (``三百五十``, ``两``, ``오만``), None where it is none."""
    total = part = digit = 0
    for letter in typed:
        if letter in _HAN:
            digit = _HAN[letter]
        elif letter in _MYRIADS:
            total += ((part + digit) or 1) * 10_000
            part = digit = 0
        elif letter in _HAN_TIMES:
            part += (digit or 1) * _HAN_TIMES[letter]
            digit = 0
        else:
            return None
    return total + part + digit if typed else None
