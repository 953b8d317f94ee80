"""In which language a buyer writes: script, then letters and words, weighed with the conversation so far."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu.common_words import COMMON_WORDS
from nlu.letters import ANY, FloatVector, LetterModel
from nlu.scripts import (
    LANGUAGES_OF,
    Script,
    chinese_script,
    own_characters,
    script,
    script_of,
    vietnamese_letters,
)

#: More than this many characters tell nothing new.
_REACH = 1500
#: langdetect's smoothing, tightened: measured on public word lists, as are the three below.
_SMOOTHING = 1e-5
#: What a sequence of one, two, three letters weighs: single letters say little.
_WEIGHTS = {1: 0.3, 2: 0.7, 3: 1.0}
#: What one of a language's common words adds.
_COMMON = 8.0
#: The sequences overlap, so their evidence counts several times: divided by this, it is honest, and of use
#: beside the letter model's.
_TEMPER = 3.5
#: By how much a language that the store does not speak must be ahead to be believed in a text of so many
#: letters, how much more for each letter less, and on how many at all: names and typing errors look foreign.
_FOREIGN_LEAD = 1.0
_FOREIGN_TELLING = 22
_FOREIGN_LEAD_SHORT = 0.35
_FOREIGN_LETTERS = 10
#: The letter model knows only the store's languages: of these it is sure, of others it can only guess.
_FOREIGN_SPELLING = 0.25
#: A language without a langdetect profile in this script (Russian in Latin letters): so much behind the best.
_STRANGE = 4.0
#: Languages of few writers that look like ones of many: odds against them.
_RARE = dict.fromkeys(("af", "ca", "cy", "so", "sq", "sw", "tl"), 1.5)
#: Odds against Japanese where there is no kana, and for each character that only one language writes.
_NO_KANA = 3.0
_OWN_CHARACTER = 2.0
#: What is known besides the text, in tempered log odds: as good as a word or two.
_PREVIOUS = 3.5
_HINT = 2.0
_FALLBACK = 0.5
#: A conversation changes its language only for more letters than "no" or "sim", and on better than doubtful
#: evidence.
_SHORT = 3
#: So many Latin letters are more than a name, in a conversation that is written otherwise.
_NAME = 10
_SWITCH = 0.6
#: This share of its letters shows that a message in mostly Latin words goes on in another script's language.
_OWN_SHARE = 1 / 15
#: Where no store's language makes a letter likelier than this on average (a logarithm), nothing is spelt: one
#: word in a thousand of the ten languages is so unlikely, and most of what a hand does on a keyboard.
_NO_SPELLING = -4.1
#: Of so few words beside a number, this share must be common ones of the new language: addresses have none.
_FEW = 5
_COMMON_SHARE = 0.3

#: Words whose evidence is kept.
_KEPT = 20_000

_CHINESE = "zh"
_CHINESE_SCRIPTS = {
    **dict.fromkeys(("hans", "cn", "sg"), "Hans"),
    **dict.fromkeys(("hant", "tw", "hk", "mo"), "Hant"),
}

#: What has no language: addresses, links, and anything with a digit in it (order numbers, sizes, sums).
_NOISE = re.compile(
    r"https?://\S+|www\.\S+|[^\s@]+@[^\s@]+|[A-Za-z0-9#_\-./:]*[0-9][A-Za-z0-9#_\-./:]*", re.ASCII
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True)
class Guess:
    """The language of a message.

    `language` is a two-letter code. Where `known` is False it is a language that the store does not speak
    (answer in the fallback language, show this one to the agent). `confidence` is a probability. `script` is
    ISO 15924's code where the language has two and the text tells which: ``Hans`` or ``Hant`` for Chinese.
    """

    language: str
    confidence: float
    known: bool
    script: str | None = None

    @property
    def tag(self) -> str:
        """BCP 47's name of the language: ``zh-Hant``, ``de``."""
        return f"{self.language}-{self.script}" if self.script else self.language


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


@lru_cache(maxsize=_KEPT)
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


def _code(tag: str | None) -> str | None:
    return _short(tag.lower()) if tag else None


def _script_of_tag(tag: str | None) -> str | None:
    """The script of Chinese that a tag names, or implies by its region."""
    parts = (tag or "").lower().replace("_", "-").split("-")
    if parts[0] != _CHINESE:
        return None
    return next((_CHINESE_SCRIPTS[part] for part in parts[1:] if part in _CHINESE_SCRIPTS), None)


class LanguageIdentifier:
    """Tells the store's languages from each other, and from those that it does not speak.

    The letter statistics are langdetect's, and beside them those of the store's own examples. They are summed
    in full instead of drawn at random, so the same text always has the same answer; and only languages that
    are written in the text's script compete.
    """

    def __init__(
        self,
        languages: Sequence[str],
        fallback: str,
        *,
        proper_names: Collection[str] = frozenset(),
        letters: LetterModel | None = None,
    ) -> None:
        """Take the store's languages, the one to fall back on, and (casefolded) words that tell nothing."""
        self._languages = tuple(languages)
        self._fallback = fallback
        self._proper_names = proper_names
        self._letters = letters
        # Most words of a message were met before.
        self._spelling = lru_cache(maxsize=_KEPT)(letters.score) if letters else None

    def identify(self, text: str, *, hint: str | None = None, previous: str | None = None) -> Guess:
        """Return the language of `text`.

        `hint` is what the channel says of the buyer's language, `previous` the language of the conversation
        so far; a region (``pt-BR``) tells nothing, the script of Chinese (``zh-Hant``) stays where the text
        has no sign of another. A text that tells nothing (a number, an address, an emoji, a product's name,
        letters at random) keeps the language of the conversation.
        """
        guess = self._identify(text[:_REACH], _code(hint), _code(previous))
        if guess.language != _CHINESE:
            return guess
        told = chinese_script(text[:_REACH]) or _script_of_tag(previous)
        return replace(guess, script=told) if told else guess

    def _identify(self, text: str, hint: str | None, previous: str | None) -> Guess:
        expected = previous or (hint if hint in self._languages else None)
        words = _WORD.findall(_NOISE.sub(" ", text))
        if expected:
            words = [word for word in words if word.casefold() not in self._proper_names]
        if not words:
            return self._unchanged(expected)
        written = script(" ".join(words))
        if written is Script.LATIN and previous in self._languages and _is_written_in(words, previous):
            # "PayPay は?", "free shipping есть?": foreign words in a sentence of the language so far.
            return self._unchanged(previous)
        if written is None or written is Script.OTHER:
            return Guess("und", 0.5, known=False) if written else self._unchanged(expected)
        guess = self._weigh(words, written, hint, previous)
        if (
            previous in self._languages
            and written is Script.LATIN
            and _is_address(text, words, guess.language)
        ):
            return self._unchanged(previous)
        return guess

    def _unchanged(self, expected: str | None) -> Guess:
        language = expected or self._fallback
        return Guess(language, 0.5, known=language in self._languages)

    def _weigh(self, words: Sequence[str], written: Script, hint: str | None, previous: str | None) -> Guess:
        lowered = [word.lower().replace("’", "'") for word in words]
        seen, spelt = self._evidence(lowered, written)
        scores = {language: seen[language] + spelt[language] for language in seen}
        own = [language for language in scores if language in self._languages or language == previous]
        if not own:
            return _best(scores)
        nearest = max(own, key=lambda language: scores[language])
        foreign = {
            language: seen[language] + _FOREIGN_SPELLING * (spelt[language] - spelt[nearest])
            for language in scores
            if language not in own
        }
        if foreign and max(foreign.values()) - seen[nearest] >= _needed_lead(sum(map(len, words))):
            return _best({**foreign, nearest: seen[nearest]})
        if (
            written is Script.LATIN
            and self._spelling is not None
            and spelt[nearest] < _NO_SPELLING * _places(words)
        ):
            return self._unchanged(previous or (hint if hint in self._languages else None))
        weighed = {language: scores[language] for language in own}
        for favoured, weight in ((previous, _PREVIOUS), (hint, _HINT), (self._fallback, _FALLBACK)):
            if favoured in weighed:
                weighed[favoured] += weight
        guess = _best(weighed)
        # What the conversation's language says as well ("super", "ok") is no change of language.
        said_too = all(word in COMMON_WORDS.get(previous or "", ()) for word in lowered)
        if previous in weighed and (said_too or guess.confidence < _SWITCH or sum(map(len, words)) <= _SHORT):
            guess = Guess(previous, _share(weighed, previous), known=True)
        if (
            previous
            and guess.language != previous
            and written is Script.LATIN
            and not _is_latin(previous)
            and not _tells(lowered, guess.language)
        ):
            # Also where the letter model knows it in Latin letters: so some type Arabic or Russian.
            return self._unchanged(previous)
        return Guess(guess.language, guess.confidence, known=guess.language in self._languages)

    def _evidence(self, words: Sequence[str], written: Script) -> tuple[dict[str, float], dict[str, float]]:
        """What langdetect's profiles and what the letter model say of each language that is written so."""
        profiles = _profiles()
        evidence = np.zeros(profiles.logs.shape[1], dtype=np.float64)
        for word in words:
            evidence += _word_evidence(word)
        seen: dict[str, float] = {}
        for name in LANGUAGES_OF[written]:
            language = _short(name)
            value = float(evidence[profiles.columns[name]]) / _TEMPER - _RARE.get(language, 0.0)
            seen[language] = max(seen.get(language, -math.inf), value)
        if written is Script.HAN:
            chinese, japanese = own_characters("".join(words))
            seen[_CHINESE] += _OWN_CHARACTER * chinese + _NO_KANA
            seen["ja"] += _OWN_CHARACTER * japanese
        if self._letters is None or self._spelling is None:
            return seen, dict.fromkeys(seen, 0.0)
        learnt = self._letters.languages.get(written, ())
        strange = max(seen.values()) - _STRANGE
        seen |= {language: strange for language in learnt if language not in seen}
        strangeness = _OWN_CHARACTER * vietnamese_letters("".join(words))
        seen |= {language: seen[language] - strangeness for language in seen.keys() - {"vi"}}
        spelling = np.zeros(len(self._letters.columns))
        for word in words:
            spelling += self._spelling(word, written)
        columns = self._letters.columns
        return seen, {name: float(spelling[columns[name if name in learnt else ANY]]) for name in seen}


def _is_written_in(words: Sequence[str], language: str) -> bool:
    """Whether some of these words are in the letters that this language has, and Latin has not."""
    own = {one for one, names in LANGUAGES_OF.items() if language in map(_short, names)} - {Script.LATIN}
    letters = [found for letter in "".join(words) if (found := script_of(letter)) is not None]
    return sum(found in own for found in letters) > _OWN_SHARE * len(letters)


def _is_latin(language: str) -> bool:
    """Whether a language is written in Latin letters by rule."""
    return language in map(_short, LANGUAGES_OF[Script.LATIN])


def _is_address(text: str, words: Sequence[str], language: str) -> bool:
    """Whether a text looks like a street and a number: few words, hardly a common one of its language."""
    common = COMMON_WORDS.get(language)
    # Of Russian in Latin letters no common words are listed: nothing can be said.
    if common is None or len(words) > _FEW or not any(map(str.isdigit, text)):
        return False
    return sum(word.casefold() in common for word in words) < _COMMON_SHARE * len(words)


def _tells(words: Sequence[str], language: str) -> bool:
    """Whether words in Latin letters are more than a size, a brand or an "ok" amid another script."""
    common = COMMON_WORDS.get(language, frozenset())
    return sum(map(len, words)) >= _NAME or any(len(word) > _SHORT and word in common for word in words)


def _places(words: Sequence[str]) -> int:
    """Letters and ends of words: what the letter model gives a probability each."""
    return sum(len(word) + 1 for word in words)


def _needed_lead(letters: int) -> float:
    if letters < _FOREIGN_LETTERS:
        return math.inf
    return _FOREIGN_LEAD + _FOREIGN_LEAD_SHORT * max(0, _FOREIGN_TELLING - letters)


def _share(scores: dict[str, float], language: str) -> float:
    return 1.0 / sum(math.exp(score - scores[language]) for score in scores.values())


def _best(scores: dict[str, float]) -> Guess:
    best = max(scores, key=lambda language: scores[language])
    return Guess(best, _share(scores, best), known=False)
