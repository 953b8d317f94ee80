"""What a model is trained from: the shipped files with the store's own laid over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rasa.shared.utils.io
from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data import loading
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.places import ROOT, store_folder

#: What each example carries of its folder's name.
LANGUAGE = "language"
_LANGUAGE_CODE = re.compile(r"[a-z]{2}")


class _Example(Message):
    """An example that is quick to copy: Rasa copies and compares all of them again and again on their way."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Example:
        # What an example holds is replaced, never changed.
        other = _Example(self.data, set(self.output_properties), self.time, list(self.features))
        other._cached_fingerprint = self._cached_fingerprint
        return other

    def set(self, prop: str, info: Any, add_to_output: bool = False) -> None:
        """Set a property; the same value again leaves the fingerprint as it is."""
        if add_to_output or prop not in self.data or self.data[prop] != info:
            super().set(prop, info, add_to_output)


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
        own = [store_folder() / part for part in ("nlu", "stories")]
        super().__init__(config_file, domain_path, [*paths, *(str(path) for path in own if path.is_dir())])

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """Return the examples; those in ``<lang>/<topic>.yml`` are marked with their language."""
        parts: list[TrainingData] = []
        for path in self._nlu_files:
            name = Path(path).parent.name
            part = loading.load_data(path, language)
            marked = {LANGUAGE: name} if _LANGUAGE_CODE.fullmatch(name) else {}
            part.training_examples = [_Example(one.data, **marked) for one in part.training_examples]
            parts.append(part)
        return TrainingData().merge(*parts)

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
