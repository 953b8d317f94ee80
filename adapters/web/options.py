"""``channel_options.web`` in ``shop.yml``."""

from __future__ import annotations

import re

from pydantic import BaseModel, validator

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")
#: Machines that a page may come from without TLS: one's own.
_OWN = ("localhost", "127.0.0.1", "[::1]")


class WebOptions(BaseModel):
    """What the web chat wants to know."""

    #: Whose pages may show the chat: scheme, host and port, such as ``https://www.shop.example``.
    origins: tuple[str, ...] = ()

    class Config:
        """A misspelt key is an error."""

        extra = "forbid"

    @validator("origins", each_item=True)
    def _origin(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        found = _ORIGIN.fullmatch(value)
        if found is None:
            raise ValueError(
                f"'{value}' is no origin: give one such as https://www.shop.example, without a path"
            )
        if found[1] == "http" and found[2] not in _OWN:
            raise ValueError(
                f"'{value}' must begin with https://: what buyers write would be read on its way"
            )
        return value
