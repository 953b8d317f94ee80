"""What a model is trained from: the shipped files with the store's own laid over them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import rasa.shared.utils.io
from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter

_ROOT = Path(__file__).resolve().parent.parent


def store_folder() -> Path:
    """The store's own files, which survive an upgrade."""
    return Path(os.environ.get("CROSSDESK_STORE") or _ROOT / "store")


class LaidOverImporter(RasaFileImporter):
    """Rasa's own importer, and beside its files: replies as responses, and the store's examples and stories.

    ``config.yml`` names it, so that stock ``rasa train``, ``test``, ``data validate`` and ``shell`` see the same.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
        **_settings: Any,
    ) -> None:
        paths = [training_data_paths] if isinstance(training_data_paths, str) else list(training_data_paths or ())
        own = [store_folder() / part for part in ("nlu", "stories")]
        super().__init__(config_file, domain_path, [*paths, *(str(path) for path in own if path.is_dir())])

    def get_domain(self) -> Domain:
        """The domain with a response for each reply; its words are the fallback language's."""
        domain = super().get_domain()
        if domain.is_empty():
            return domain
        replies: dict[str, Any] = {}
        for path in (_ROOT / "replies" / "en.yml", store_folder() / "replies" / "en.yml"):
            if path.is_file():
                replies.update(rasa.shared.utils.io.read_yaml_file(path).get("responses") or {})
        return domain.merge(Domain.from_dict({"version": "3.1", "responses": replies}))
