"""What a model is trained from: the shipped files with the store's own laid over them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rasa.shared.utils.io
from rasa.shared.core.domain import Domain
from rasa.shared.data import get_data_files, is_nlu_file
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data import loading
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import foundation, plain_examples
from nlu.places import ROOT, store_folder

#: What each example carries of its folder's name.
LANGUAGE = "language"
#: Rasa trains nothing that understands where there is no example at all: one that nobody learns from.
STANDS_IN = "stands_in"
_STAND_IN = {TEXT: "hello", INTENT: "service_greeting", STANDS_IN: True}
_LANGUAGE_CODE = re.compile(r"[a-z]{2}")


class _Example(Message):
    """An example that is quick to copy and to compare: Rasa does both to all of them again and again."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Example:
        # What an example holds is replaced, never changed.
        other = _Example(self.data, set(self.output_properties), self.time, list(self.features))
        other._cached_fingerprint = self._cached_fingerprint
        return other

    def set(self, prop: str, info: Any, add_to_output: bool = False) -> None:
        """Set a property; the same value again leaves the fingerprint as it is."""
        if add_to_output or prop not in self.data or self.data[prop] != info:
            super().set(prop, info, add_to_output)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def fingerprint(self) -> str:
        """Return a digest of what it holds, in one go: Rasa's own makes one of each part."""
        known: str | None = getattr(self, "_cached_fingerprint", None)
        if known is None:
            digest = hashlib.blake2b(digest_size=16)
            digest.update(repr(sorted(self.data.items())).encode("utf-8", "backslashreplace"))
            for one in self.features:
                digest.update(f"{one.origin}\0{one.type}\0{one.attribute}".encode())
                digest.update(one.features.tobytes() if one.is_dense() else one.fingerprint().encode())
            known = self._cached_fingerprint = digest.hexdigest()
        return known


class _File:
    """What one file of examples holds."""

    def __init__(self, path: Path, language: str | None) -> None:
        plain = plain_examples.read(path)
        #: What is in it besides examples; None where that is nothing.
        self.rest: TrainingData | None = None
        if plain is None:
            self.rest = loading.load_data(str(path), language)
            plain = [one.data for one in self.rest.training_examples]
            self.rest.training_examples = []
        name = path.parent.name
        marked = {LANGUAGE: name} if _LANGUAGE_CODE.fullmatch(name) else {}
        self.examples = [{**data, **marked} for data in plain]


def own_count() -> int:
    """Return how many examples the store's own files hold.

    Raises: what Rasa raises of a file that it cannot read.
    """
    files = get_data_files([str(path) for path in _own_folders()], is_nlu_file)
    return sum(len(_File(Path(path), "en").examples) for path in files)


def _own_folders() -> list[Path]:
    return [path for part in ("nlu", "stories") if (path := store_folder() / part).is_dir()]


class LaidOverImporter(RasaFileImporter):
    """Rasa's own importer, and beside its files: replies as responses, and the store's examples and stories.

    ``config.yml`` names it, so that stock ``rasa train``, ``test``, ``data validate`` and ``shell`` see the
    same. Where no data is named, or only Rasa's own default ``data`` that is not there, it is the project's.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: Sequence[str] | str | None = None,
        **_settings: Any,
    ) -> None:
        """Take the files that Rasa names and the store's."""
        named = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths or ()
        paths = [path for path in named if path and Path(path).exists()]
        if not paths:
            paths = [str(ROOT / "nlu" / "data"), str(ROOT / "stories")]
        added = [str(path) for path in _own_folders()]
        super().__init__(config_file, domain_path, [*paths, *added])
        # What is added comes last, wherever it lies.
        own = get_data_files(added, is_nlu_file)
        every = get_data_files([*paths, *added], is_nlu_file)
        shipped = [] if foundation.ground() else [path for path in every if path not in own]
        self._nlu_files = shipped if foundation.being_laid() else [*shipped, *own]
        # Rasa asks more than once.
        self._read: list[_File] | None = None

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """Return the examples; those in ``<lang>/<topic>.yml`` are marked with their language.

        Where a foundation is laid, the shipped ones; on one, the store's own.
        """
        if self._read is None:
            self._read = [_File(path, language) for path in map(Path, self._nlu_files)]
        # What else the files hold; the examples are put together once, not part by part.
        whole = TrainingData().merge(*(file.rest for file in self._read if file.rest is not None))
        found = [data for file in self._read for data in file.examples]
        if foundation.ground() is not None:
            found.append(_STAND_IN)
        whole.training_examples = TrainingData.sanitize_examples([_Example(data) for data in found])
        return whole

    def get_domain(self) -> Domain:
        """Return the domain with a response for each reply; its words are the fallback language's."""
        domain = super().get_domain()
        if domain.is_empty():
            return domain
        replies: dict[str, Any] = {}
        for path in (ROOT / "replies" / "en.yml", store_folder() / "replies" / "en.yml"):
            if path.is_file():
                replies.update(rasa.shared.utils.io.read_yaml_file(path).get("responses") or {})
        return domain.merge(Domain.from_dict({"version": "3.1", "responses": replies}))
