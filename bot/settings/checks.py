"""What every part of the rules is checked by."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.numbers import list_currencies
from pydantic import BaseModel, Extra, validator
from pydantic.errors import IntegerError
from pydantic.fields import ModelField


class Rules(BaseModel):
    """A part of ``shop.yml``."""

    class Config:
        """A misspelt key is an error, and rules never change: a release puts others in their place."""

        extra = Extra.forbid
        allow_mutation = False

    @validator("*", pre=True, each_item=True)
    def _is_whole(cls, value: Any, field: ModelField) -> Any:  # noqa: N805 (pydantic's way)
        # Read as 3, a window of 3.5 days would be shorter than its store believes; and `yes` is no 1.
        is_part = isinstance(value, float) and not value.is_integer()
        counts = isinstance(field.type_, type) and issubclass(field.type_, int) and field.type_ is not bool
        if counts and (is_part or isinstance(value, bool)):
            raise IntegerError
        return value


def known_zone(name: str) -> str:
    """A time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"'{name}' is not a time zone of the IANA database (such as Europe/Berlin)"
        ) from error
    return name


def known_currency(code: str) -> str:
    """An ISO 4217 code."""
    if code not in list_currencies():
        raise ValueError(f"'{code}' is not a currency: give its ISO 4217 code (such as EUR)")
    return code


def known_country(code: str) -> str:
    """An ISO 3166 code."""
    if len(code) != 2 or code not in Locale("en").territories:
        raise ValueError(f"'{code}' is not a country: give its ISO 3166 code (such as DE)")
    return code


def mail_address(text: str) -> str:
    """What letters may be sent to."""
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", text):
        raise ValueError(f"'{text}' is not an e-mail address (such as help@example.com)")
    return text


def working_regex(text: str) -> str:
    """A regular expression that compiles."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is not a regular expression: {error}") from error
    return text


def time_of_day(text: str) -> str:
    """Hours and minutes, ``24:00`` among them."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", text):
        raise ValueError(f"'{text}' is not a time of day (such as \"09:30\")")
    return text


def not_negative(number: int) -> int:
    """A number from 0 on, in a list or mapping of numbers."""
    if number < 0:
        raise ValueError("ensure this value is greater than or equal to 0")
    return number
