"""In which language a buyer writes: script, then letters and words, weighed with the conversation so far."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu.common_words import COMMON_WORDS
from nlu.scripts import LANGUAGES_OF, Script, script

#: More than this many characters tell nothing new.
_REACH = 1500
#: langdetect's smoothing, tightened: measured on public word lists, as are the three below.
_SMOOTHING = 1e-5
#: What a sequence of one, two, three letters weighs: single letters say little.
_WEIGHTS = {1: 0.3, 2: 0.7, 3: 1.0}
#: What one of a language's common words adds.
_COMMON = 8.0
#: The sequences overlap, so their evidence counts several times: divided by this, confidence is honest.
_TEMPER = 3.5
#: By how much (untempered) a language that the store does not speak must be ahead to be believed, and on how
#: many letters: names and typing errors look foreign.
_FOREIGN_LEAD = 12.0
_FOREIGN_LETTERS = 12
#: What is known besides the text, in tempered log odds: as good as a word or two.
_PREVIOUS = 3.5
_HINT = 2.0
_FALLBACK = 0.5
#: A conversation changes its language only for more letters than "no" or "sim", and on better than doubtful
#: evidence.
_SHORT = 3
_SWITCH = 0.6

#: What has no language: addresses, links, and anything with a digit in it (order numbers, sizes, sums).
_NOISE = re.compile(
    r"https?://\S+|www\.\S+|[^\s@]+@[^\s@]+|[A-Za-z0-9#_\-./:]*[0-9][A-Za-z0-9#_\-./:]*", re.ASCII
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

FloatVector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Guess:
    """The language of a message.

    `language` is a two-letter code. Where `known` is False it is a language that the store does not speak
    (answer in the fallback language, show this one to the agent). `confidence` is a probability.
    """

    language: str
    confidence: float
    known: bool


@dataclass(frozen=True)
class _Profiles:
    """langdetect's profiles as one table of logarithms: a row a sequence, a column a language."""

    rows: dict[str, int]
    logs: npt.NDArray[np.float32]
    columns: dict[str, int]
    normalise: Callable[[str], str]


@lru_cache(maxsize=1)
def _profiles() -> _Profiles:
    # Takes 0.4 s, so not at import. All languages are read, for those that the store does not speak must be
    # told apart.
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
    from langdetect.utils.ngram import NGram

    names = sorted({name for languages in LANGUAGES_OF.values() for name in languages})
    factory = DetectorFactory()
    factory.load_json_profile(
        [(Path(PROFILES_DIRECTORY) / name).read_text(encoding="utf-8") for name in names]
    )
    table = np.array(list(factory.word_lang_prob_map.values()), dtype=np.float32)
    return _Profiles(
        rows={sequence: row for row, sequence in enumerate(factory.word_lang_prob_map)},
        logs=np.log(table + _SMOOTHING, dtype=np.float32),
        columns={name: column for column, name in enumerate(factory.langlist)},
        normalise=NGram.normalize,
    )


@lru_cache(maxsize=20_000)
def _word_evidence(word: str) -> FloatVector:
    profiles = _profiles()
    padded = f" {''.join(map(profiles.normalise, word))} "
    evidence = np.zeros(profiles.logs.shape[1], dtype=np.float32)
    for language, words in COMMON_WORDS.items():
        if word in words:
            evidence[profiles.columns[language]] += _COMMON
    for start in range(len(padded)):
        for length, weight in _WEIGHTS.items():
            row = profiles.rows.get(padded[start : start + length])
            if row is not None and start + length <= len(padded) and padded[start : start + length] != " ":
                evidence += np.float32(weight) * profiles.logs[row]
    return evidence


def _short(name: str) -> str:
    return name.partition("-")[0]


class LanguageIdentifier:
    """Tells the store's languages from each other, and from those that it does not speak.

    The letter statistics are langdetect's. They are summed in full instead of drawn at random, so the same
    text always has the same answer; and only languages of the text's own script compete.
    """

    def __init__(
        self, languages: Sequence[str], fallback: str, *, proper_names: Collection[str] = frozenset()
    ) -> None:
        """Take the store's languages, the one to fall back on, and (casefolded) words that tell nothing."""
        self._languages = tuple(languages)
        self._fallback = fallback
        self._proper_names = proper_names

    def identify(self, text: str, *, hint: str | None = None, previous: str | None = None) -> Guess:
        """Return the language of `text`.

        `hint` is what the channel says of the buyer's language, `previous` the language of the conversation
        so far; a region (``pt-BR``) is cut off. A text that tells nothing (a number, an address, an emoji, a
        product's name) keeps the language of the conversation.
        """
        previous = _short(previous.lower()) if previous else None
        hint = _short(hint.lower()) if hint else None
        expected = previous or (hint if hint in self._languages else None)
        words = _WORD.findall(_NOISE.sub(" ", text[:_REACH]))
        if expected:
            words = [word for word in words if word.casefold() not in self._proper_names]
        if not words:
            return self._unchanged(expected)
        written = script(" ".join(words))
        if written is None or written is Script.OTHER:
            return Guess("und", 0.5, known=False) if written else self._unchanged(expected)
        return self._weigh(words, LANGUAGES_OF[written], hint, previous)

    def _unchanged(self, expected: str | None) -> Guess:
        language = expected or self._fallback
        return Guess(language, 0.5, known=language in self._languages)

    def _weigh(
        self, words: Sequence[str], candidates: Sequence[str], hint: str | None, previous: str | None
    ) -> Guess:
        profiles = _profiles()
        evidence = np.zeros(profiles.logs.shape[1], dtype=np.float64)
        for word in words:
            evidence += _word_evidence(word.lower().replace("’", "'"))
        raw = {name: float(evidence[profiles.columns[name]]) for name in candidates}
        scores: dict[str, float] = {}
        for name, value in raw.items():
            language = _short(name)
            scores[language] = max(scores.get(language, -math.inf), value / _TEMPER)
        own = [language for language in scores if language in self._languages or language == previous]
        if not own:
            return _best(scores)
        ahead = max(scores, key=lambda language: scores[language])
        lead = (scores[ahead] - max(scores[language] for language in own)) * _TEMPER
        if lead >= _FOREIGN_LEAD and sum(map(len, words)) >= _FOREIGN_LETTERS:
            return _best(scores)
        weighed = {language: scores[language] for language in own}
        for favoured, weight in ((previous, _PREVIOUS), (hint, _HINT), (self._fallback, _FALLBACK)):
            if favoured in weighed:
                weighed[favoured] += weight
        guess = _best(weighed)
        if previous in weighed and (guess.confidence < _SWITCH or sum(map(len, words)) <= _SHORT):
            guess = Guess(previous, _share(weighed, previous), known=True)
        return Guess(guess.language, guess.confidence, known=guess.language in self._languages)


def _share(scores: dict[str, float], language: str) -> float:
    return 1.0 / sum(math.exp(score - scores[language]) for score in scores.values())


def _best(scores: dict[str, float]) -> Guess:
    best = max(scores, key=lambda language: scores[language])
    return Guess(best, _share(scores, best), known=False)
