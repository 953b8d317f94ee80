"""Forms of our own pages: read up to a limit, plain fields only."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from adapters.web.limits import read_body
from adapters.web.translate import cleared

#: Bytes: the longest text that the desk takes, every character of it escaped, and some room.
FORM_LIMIT = 256 * 1024
_FIELDS = 80


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a posted form; of a repeated field the last one, of anything else nothing.

    Raises:
        BodyTooLargeError: it is longer than any form of ours can be.
        BodyTooSlowError: it did not arrive in time.
    """
    raw = await read_body(request, FORM_LIMIT)
    try:
        fields = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return {}
    return dict(fields)


def text_of(form: Mapping[str, str], field: str) -> str:
    """A field's text without what nobody could see."""
    return cleared(form.get(field, ""))


def number_of(form: Mapping[str, str], field: str) -> int:
    """A field's whole number; -1 where there is none."""
    value = form.get(field, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else -1
