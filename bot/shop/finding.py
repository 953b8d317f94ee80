"""Which goods are meant by a buyer's words, by the names they have in the buyers' languages; no SQL."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Prefix

from bot.spelling import plain

#: Below this likeness (0 to 100) words are not taken for a product's name.
LIKE_ENOUGH = 72
#: A word of a name has so many letters at least; of so many it may be mistyped and still as like as this.
SHORTEST_HINT, LONG_WORD, LIKE_A_WORD = 4, 6, 88
#: From this likeness on a typed word is a word of one of a few names that were offered.
LIKE_A_WORD_OFFERED = 85
#: Characters of what may be a name.
LONGEST_NAME = 200
#: Words of a message that are looked at.
MOST_HINTS, MOST_WORDS = 30, 200
#: Languages that write several nouns as one word: "Jacke" may mean a "Regenjacke".
COMPOUNDING = frozenset({"da", "de", "fi", "nl", "no", "nb", "sv"})
#: A word has so many letters before an ending (in Latin, in other scripts), and an ending so many; a short
#: one has a short ending.
_STEM, _OTHER_STEM, _ENDING, _SHORT_STEM, _SHORT_ENDING = 6, 5, 2, 4, 1

_WORD = re.compile(r"[^\W_]+")
#: Words of scripts without blanks between words: Han and kana; and Hangul, which is written with and without.
_RUNS = re.compile(r"[\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff]+|[\uac00-\ud7a3]+")
_HAN, _KATAKANA = re.compile(r"[\u3005\u3400-\u9fff]"), re.compile(r"[\u30a1-\u30fa\u30fc]+")
#: What Arabic writes together with a word: "and", "by", "like", "for", "the".
_ARTICLE = re.compile(r"(?:[وبكف]?ال|لل)(?=[\u0620-\u064a]{3})")


@dataclass(frozen=True)
class Name:
    """One name of a product."""

    code: str
    text: str
    #: ISO 639-1; empty: the store's own.
    language: str = ""


def words_of(text: str) -> Sequence[str]:
    """The words of a text as they are compared; a run of a script without blanks is one word."""
    # Names are read again and again; what a buyer writes may be long, and comes once.
    return _words_of_name(text) if len(text) <= LONGEST_NAME else _words(text)


def _words(text: str) -> tuple[str, ...]:
    made: list[str] = []
    for word in _WORD.findall(plain(text)):
        place = 0
        for run in _RUNS.finditer(word):
            made += [word[place : run.start()], run.group()]
            place = run.end()
        made.append(_ARTICLE.sub("", word[place:], count=1) if word[place:] else "")
    return tuple(word for word in made if word)


_words_of_name = lru_cache(maxsize=1 << 14)(_words)


def pieces_of(text: str) -> list[str]:
    """What a text is found by: its words; of scripts without blanks, letters that stand together."""
    return [piece for word in words_of(text) for piece in _pieces(word)]


def inflected(word: str, held: str) -> bool:
    """Whether two words differ in their endings alone: "куртку" and "куртка"."""
    stem = Prefix.similarity(word, held)
    ending = max(len(word), len(held)) - stem
    enough = _STEM if word.isascii() else _OTHER_STEM
    return (stem >= enough and ending <= _ENDING) or (stem >= _SHORT_STEM and ending <= _SHORT_ENDING)


def like(words: str, names: Sequence[Name]) -> list[str]:
    """The codes of products whose name is meant by these words, the likeliest first.

    Of names that fit alike, the earlier is meant.
    """
    written = [words_of(name.text) for name in names]
    vocabulary = {word for split in written for word in split}
    said = " ".join(_in_words_of(vocabulary, words))
    if not said:
        return []
    shown = [" ".join(split) for split in written]
    scored = process.extract(said, shown, scorer=fuzz.token_set_ratio, score_cutoff=LIKE_ENOUGH, limit=None)

    # All the words of a name in a long message score 100; among equals the name with more words is meant.
    def closeness(name: str) -> float:
        return float(fuzz.token_sort_ratio(said, name))

    ranked = sorted(scored, key=lambda hit: (-hit[1], -closeness(hit[0]), hit[2]))
    # Like as a whole, and no word of it: letters that happen to be the same.
    found = (hit[2] for hit in ranked if _shares_a_word(said.split(), written[hit[2]]))
    return list(dict.fromkeys(names[place].code for place in found))


def hinted(
    words: str, names: Iterable[Name], tell_nothing: Collection[str] = (), *, as_written: bool = False
) -> list[str]:
    """The codes of products of whose names a message holds a part, the rarest parts first.

    ``as_written``: no ending and no typing error is forgiven: they would make too many foreign words alike.
    """
    holders: defaultdict[str, set[str]] = defaultdict(set)
    joined: set[str] = set()
    for name in names:
        for piece in pieces_of(name.text):
            holders[piece].add(name.code)
            if name.language in COMPOUNDING:
                joined.add(piece)
    vocabulary = list(holders)
    rareness: defaultdict[str, float] = defaultdict(float)
    said = [word for word in dict.fromkeys(words_of(words)) if word not in tell_nothing]
    for word in said[:MOST_HINTS]:
        for piece in _pieces(word):
            for meant in _meant(piece, holders, () if as_written else vocabulary, joined):
                for code in holders[meant]:
                    rareness[code] += 1 / len(holders[meant])
    return sorted(rareness, key=lambda code: (-rareness[code], code))


def words_named(words: str, names: Iterable[str]) -> int:
    """How many words of a product's name a message holds: of the name of which it holds most."""
    said = words_of(words)
    together = plain(words).replace(" ", "")

    def is_held(word: str) -> bool:
        if _RUNS.fullmatch(word):
            return word in together
        near = process.extractOne(word, said, scorer=fuzz.ratio, score_cutoff=LIKE_A_WORD_OFFERED)
        return near is not None or any(inflected(one, word) for one in said)

    return max((sum(map(is_held, words_of(name))) for name in names), default=0)


def set_apart(words: str, names: Iterable[str]) -> str:
    """The words of a message with blanks between those of these names, as these names have them."""
    return " ".join(_in_words_of({word for name in names for word in words_of(name)}, words))


def _shares_a_word(said: Sequence[str], name: Sequence[str]) -> bool:
    return any(
        word in said or process.extractOne(word, said, scorer=fuzz.ratio, score_cutoff=LIKE_A_WORD_OFFERED)
        for word in name
    )


def _in_words_of(vocabulary: Collection[str], text: str) -> list[str]:
    """The words of a text, each as the vocabulary has it where only its ending differs."""
    stems: defaultdict[str, list[str]] = defaultdict(list)
    runs = []
    for word in sorted(vocabulary):
        if _RUNS.fullmatch(word):
            runs.append(re.escape(word))
        elif len(word) >= _SHORT_STEM:
            stems[word[:_SHORT_STEM]].append(word)
    cut = re.compile("|".join(sorted(runs, key=len, reverse=True))) if runs else None
    made: list[str] = []
    for word in words_of(text)[:MOST_WORDS]:
        if cut is not None and _RUNS.fullmatch(word):
            made += [part for part in re.split(f"({cut.pattern})", word) if part]
        elif word in vocabulary:
            made.append(word)
        else:
            near = (one for one in stems[word[:_SHORT_STEM]] if inflected(word, one))
            made.append(next(near, word))
    return made


def _meant(
    piece: str, holders: Collection[str], vocabulary: Sequence[str], joined: Collection[str]
) -> list[str]:
    """The words of names that a typed one may stand for."""
    if piece in holders:
        return [piece] if _is_long(piece) else []
    if _RUNS.search(piece) or len(piece) < SHORTEST_HINT:
        return []
    if not vocabulary:
        return []
    near = [word for word in vocabulary if word[:3] == piece[:3] and inflected(piece, word)]
    if not near and len(piece) >= LONG_WORD:
        hit = process.extractOne(piece, vocabulary, scorer=fuzz.ratio, score_cutoff=LIKE_A_WORD)
        near = [hit[0]] if hit else []
    if near:
        return near
    # Whatever its number: "Jacken" may be of a "Regenjacke".
    ends = {piece, *(piece.removesuffix(end) for end in ("n", "en", "e", "s") if len(piece) > SHORTEST_HINT)}
    return [word for word in joined if word.endswith(tuple(ends))]


def _is_long(piece: str) -> bool:
    # A letter of other alphabets, and of Han, says more than one of Latin.
    return len(piece) >= (SHORTEST_HINT if piece.isascii() else 2)


def _pieces(word: str) -> list[str]:
    if not _RUNS.fullmatch(word):
        return [word]
    if word[0] >= "\uac00" and word[0] <= "\ud7a3":
        return [word[place : place + 2] for place in range(len(word) - 1)]
    made = []
    for is_katakana, letters in groupby(word, key=lambda letter: _KATAKANA.match(letter) is not None):
        run = "".join(letters)
        if is_katakana:
            # Two letters of it stand together in too many words.
            made += [run[place : place + 3] for place in range(max(1, len(run) - 2))]
        else:
            pairs = (run[place : place + 2] for place in range(len(run) - 1))
            made += [pair for pair in pairs if _HAN.search(pair)]
    return made
