"""Files that visitors send: taken before the message that they belong to, and named in it by a token."""

from __future__ import annotations

import uuid

from starlette.requests import Request

from adapters.web.files import parts_of
from adapters.web.limits import BodyTooLargeError, BodyTooSlowError, RateLimit
from adapters.web.translate import CHANNEL, Refusal, cleared
from adapters.web.visitors import Visitor
from bot.channels import Reception
from bot.messages import Attachment
from bot.settings import AttachmentRules

_NO_NAME = Refusal(422, "no_name", "'name' must be the file's name, and 'id' a UUID made by the page")
_EMPTY = Refusal(422, "empty", "the file has nothing in it")
_TOO_LARGE = Refusal(413, "file_too_large", "the file is larger than the store takes")
_KIND = Refusal(415, "file_kind", "the store does not take files of this kind")
_TOO_SLOW = Refusal(408, "too_slow", "the file did not arrive in time")
_LONGEST_NAME = 500


class Uploads:
    """Takes files; who sends very many has to wait."""

    def __init__(self, reception: Reception, rules: AttachmentRules) -> None:
        self._reception = reception
        self._rules = rules
        self._limit = rules.megabytes * 1_000_000
        self._by_visitor = RateLimit(30, 3600)
        self._by_network = RateLimit(120, 3600)

    def wait(self, visitor: Visitor, network: str | None) -> int:
        """Count one file; the seconds to wait if it is one too many."""
        return self._by_visitor.wait(visitor.id) or self._by_network.wait(network or "")

    async def take(self, request: Request, visitor: Visitor) -> Attachment | Refusal:
        """Keep the request's body as a file.

        Raises:
            TryLaterError: it cannot be kept now.
        """
        name = cleared(request.query_params.get("name", "")[:_LONGEST_NAME])
        key = _uuid(request.query_params.get("id", ""))
        if not name or key is None:
            return _NO_NAME
        kind = request.headers.get("content-type", "")
        if not self._rules.takes(kind):
            return _KIND
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared[:20]) > self._limit:
            return _TOO_LARGE
        try:
            kept = await self._reception.keep(
                parts_of(request, self._limit),
                key=f"{CHANNEL}:{visitor.id}:{key}",
                name=name,
                media_type=kind,
            )
        except BodyTooLargeError:
            return _TOO_LARGE
        except BodyTooSlowError:
            return _TOO_SLOW
        if not kept.path:
            return _TOO_LARGE
        return kept if kept.size else _EMPTY


def _uuid(value: str) -> str | None:
    try:
        return str(uuid.UUID(value)) if len(value) == 36 else None
    except ValueError:
        return None
