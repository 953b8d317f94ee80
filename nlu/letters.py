"""How each language is spelt, learnt from the store's own examples: a letter-by-letter model of its words."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu.scripts import LANGUAGES_OF, Script, script, script_of

#: The column of no language in particular: all together, and only by short sequences. What is written in none
#: of them fits it better than it fits each.
ANY = ""
#: The intent whose examples teach no spelling: it is also what a hand did on a keyboard.
UNSPELT = "out_of_scope"
#: Letters that are looked at together; one character of Han says as much as two or three of an alphabet.
_REACH = 5
_REACH_HAN = 2
_REACH_ANY = 3
#: A word that is met k times counts as k to this power: examples speak of parcels more than people do.
_DAMPING = 0.5
#: How much is kept for what was not met (Witten and Bell's rule, times this).
_UNSEEN = 3.0
#: Letters that there may be, for one that was never met.
_ALPHABET = 60
#: Fewer messages than this do not tell how a language is spelt in a script.
_ENOUGH = 50
#: Words of a language that does not put spaces between them are cut here.
_LONGEST = 40

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ADDRESSES = re.compile(r"\S*[@/:]\S*|\S*\d\S*")

FloatVector = npt.NDArray[np.float32]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without addresses and whatever holds a digit."""
    return [word.lower().replace("’", "'") for word in _LETTERS.findall(_ADDRESSES.sub(" ", text))]


class LetterModel:
    """The probability of a word's letters in each language, each letter by the few before it.

    Words are compared between languages of the same script only.
    """

    def __init__(
        self, languages: Mapping[Script, tuple[str, ...]], sequences: Iterable[str], table: FloatVector
    ) -> None:
        """Take what `learn` found: rows of `table` are sequences, columns languages, twice (see `_table`)."""
        self.languages = languages
        #: The columns, in order; the last is `ANY`.
        self.columns = {name: number for number, name in enumerate(_columns(languages))}
        self._rows = {sequence: row for row, sequence in enumerate(sequences)}
        self._logs = table[:, : len(self.columns)]
        self._backing = table[:, len(self.columns) :]
        self._unmet = np.full(len(self.columns), -math.log(_ALPHABET), dtype=np.float32)

    @classmethod
    def learn(cls, examples: Iterable[tuple[str, str]]) -> LetterModel:
        """Learn from (language, message) pairs, none of them `UNSPELT`.

        A script in which hardly anyone writes the language is left out, and so is one that no other language
        has.
        """
        messages: defaultdict[tuple[Script, str], int] = defaultdict(int)
        words: defaultdict[tuple[Script, str], Counter[str]] = defaultdict(Counter)
        for language, text in examples:
            written = script(text)
            if written is None or written is Script.OTHER:
                continue
            key = (_family(written), language)
            messages[key] += 1
            words[key].update(_pieces(text, key[0]))
        languages: defaultdict[Script, list[str]] = defaultdict(list)
        for (written, language), count in sorted(messages.items(), key=lambda item: str(item[0])):
            if count >= _ENOUGH and len(LANGUAGES_OF[written]) > 1:
                languages[written].append(language)
        kept = {written: tuple(names) for written, names in languages.items()}
        sequences, table = _table(kept, words)
        return cls(kept, sequences, table)

    def score(self, word: str, written: Script) -> FloatVector:
        """Return the logarithms of the word's probability, a column a language, for a word in lower case."""
        total = np.zeros(len(self.columns), dtype=np.float32)
        for piece in _pieces(word, _family(written)):
            padded = f" {piece} "
            for end in range(2, len(padded) + 1):
                for start in range(max(0, end - _REACH), end):
                    row = self._rows.get(padded[start:end])
                    if row is not None:
                        total += self._logs[row]
                        break
                    before = self._rows.get(padded[start : end - 1])
                    if before is not None:
                        total += self._backing[before]
                else:
                    total += self._unmet
        return total

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                sequences=np.frombuffer("\n".join(self._rows).encode(), dtype=np.uint8),
                table=np.hstack([self._logs, self._backing]).astype(np.float16),
                scripts=np.array([written.name for written in self.languages]),
                languages=np.array([" ".join(names) for names in self.languages.values()]),
            )

    @classmethod
    def load(cls, path: Path) -> LetterModel:
        """Read a model that `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            languages = {
                Script[str(written)]: tuple(str(names).split())
                for written, names in zip(file["scripts"], file["languages"], strict=True)
            }
            sequences = file["sequences"].tobytes().decode().split("\n")
            return cls(languages, sequences, file["table"].astype(np.float32))


def _columns(languages: Mapping[Script, tuple[str, ...]]) -> list[str]:
    return [*sorted({name for names in languages.values() for name in names}), ANY]


def _family(written: Script) -> Script:
    # Japanese mixes both; what is to be told apart is a text of Han alone.
    return Script.HAN if written is Script.KANA else written


def _pieces(text: str, written: Script) -> list[str]:
    """The words of the script; of Han, which is written without spaces, the runs."""
    if written is not Script.HAN:
        return [word[:_LONGEST] for word in words_of(text) if script_of(word[0]) is written]
    runs = "".join(letter if script_of(letter) is Script.HAN else " " for letter in text).split()
    return [run[:_LONGEST] for run in runs]


def _table(
    languages: Mapping[Script, tuple[str, ...]], words: Mapping[tuple[Script, str], Counter[str]]
) -> tuple[list[str], FloatVector]:
    """Return sequences, and a row of each: of its last letter after the others, of what was not met after it.

    Both are logarithms of probabilities, a column a language. The second belongs to the probability of a
    shorter sequence where the longer one was not met. The empty sequence has a row too.
    """
    columns = _columns(languages)
    counts: list[defaultdict[str, float]] = [defaultdict(float) for _ in columns]
    for written, names in languages.items():
        reach = _REACH_HAN if written is Script.HAN else _REACH
        for name in names:
            own, whole = counts[columns.index(name)], counts[-1]
            for run, count in _count(words[written, name], reach).items():
                own[run] += count
                if len(run) <= _REACH_ANY:
                    whole[run] += count
    sequences = ["", *sorted({run for column in counts for run in column}, key=lambda run: (len(run), run))]
    rows = {sequence: row for row, sequence in enumerate(sequences)}
    size = len(sequences)
    before = np.array([rows.get(sequence[:-1], 0) for sequence in sequences])
    shorter = np.array([rows.get(sequence[1:], 0) for sequence in sequences])
    lengths = np.array([len(sequence) for sequence in sequences])
    logs = np.zeros((size, len(columns)))
    backing = np.zeros((size, len(columns)))
    for column, counted in enumerate(counts):
        met = np.zeros(size)
        met[[rows[run] for run in counted]] = list(counted.values())
        followed = np.bincount(before[1:], weights=met[1:], minlength=size)
        kinds = np.bincount(before[1:], weights=(met[1:] > 0).astype(float), minlength=size)
        kept = _UNSEEN * kinds
        left = np.where(followed > 0, kept / np.maximum(followed + kept, 1e-9), 1.0)
        backing[:, column] = np.log(left)
        share = np.zeros(size)
        for length in range(1, int(lengths.max()) + 1):
            at = np.flatnonzero(lengths == length)
            context = before[at]
            lower = np.full(len(at), 1.0 / _ALPHABET) if length == 1 else share[shorter[at]]
            share[at] = met[at] / np.maximum(followed[context] + kept[context], 1e-9) + left[context] * lower
        logs[1:, column] = np.log(share[1:])
    return sequences, np.hstack([logs, backing]).astype(np.float32)


def _count(words: Counter[str], reach: int) -> dict[str, float]:
    counts: defaultdict[str, float] = defaultdict(float)
    for word, times in words.items():
        padded = f" {word} "
        weight = times**_DAMPING
        for end in range(2, len(padded) + 1):
            for start in range(max(0, end - reach), end):
                counts[padded[start:end]] += weight
    return counts
