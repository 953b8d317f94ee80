"""Texts cut into the pieces of words that the encoder knows (SentencePiece, a unigram model)."""

from __future__ import annotations

import re
from typing import Any

from nlu.e5.bundle import Bundle

#: The kinds of pieces in SentencePiece's format.
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED = 1, 2, 3, 5
_UNIGRAM = 1
_BLANKS = re.compile(" {2,}")


def build_vocabulary(bundle: Bundle) -> bytes:
    """Return the bundle's vocabulary as a SentencePiece model."""
    from sentencepiece import sentencepiece_model_pb2

    kinds = {
        bundle.unknown: _UNKNOWN,
        **dict.fromkeys((bundle.begin, bundle.end, bundle.padding), _CONTROL),
    }
    model = sentencepiece_model_pb2.ModelProto()
    seen: set[str] = set()
    pieces = bundle.pieces()
    for number, (piece, score) in enumerate(zip(pieces, bundle.scores.tolist(), strict=True)):
        kind = kinds.get(number, _NORMAL)
        if not piece or piece in seen:
            piece, kind = f"<unused {number}>", _UNUSED
        seen.add(piece)
        model.pieces.add(piece=piece, score=score, type=kind)
    trainer = model.trainer_spec
    trainer.model_type = _UNIGRAM
    trainer.vocab_size = len(pieces)
    for role, number in (
        ("unk", bundle.unknown),
        ("bos", bundle.begin),
        ("eos", bundle.end),
        ("pad", bundle.padding),
    ):
        setattr(trainer, f"{role}_id", number)
        setattr(trainer, f"{role}_piece", model.pieces[number].piece)
    normaliser = model.normalizer_spec
    # `Pieces` normalises, by the bundle's own table.
    normaliser.name = "identity"
    normaliser.add_dummy_prefix = normaliser.escape_whitespaces = True
    normaliser.remove_extra_whitespaces = False
    return bytes(model.SerializeToString())


class Pieces:
    """Cuts texts into pieces."""

    def __init__(self, vocabulary: bytes, bundle: Bundle) -> None:
        """Take a vocabulary that `build_vocabulary` has made of `bundle`."""
        from sentencepiece import SentencePieceProcessor

        self._processor: Any = SentencePieceProcessor(model_proto=vocabulary)
        self._forms = bundle.normal_forms()
        self._begin, self._end = bundle.begin, bundle.end

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, between those of begin and end."""
        plain = _BLANKS.sub(" ", text.translate(self._forms)).removeprefix(" ")
        return [self._begin, *self._processor.encode(plain), self._end]
