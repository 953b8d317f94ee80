"""How the service runs, and how long things are kept."""

from __future__ import annotations

import re

from pydantic import Field, validator

from bot.settings.checks import Rules

#: What a browser would run, so that it is never kept, whatever ``attachments.types`` says.
RUNNABLE = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})


class ServingRules(Rules):
    """How the service runs."""

    workers: int = Field(ge=1)
    turn_seconds: float = Field(gt=0, le=600)
    turn_tries: int = Field(ge=1)


class AttachmentRules(Rules):
    """Which files of buyers are kept."""

    megabytes: int = Field(ge=1, le=100)
    #: Media types, such as ``application/pdf``; ``image/*`` stands for all of a kind.
    types: tuple[str, ...]

    @validator("types", each_item=True)
    def _media_type(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        if not re.fullmatch(r"[a-z]+/(\*|[a-z0-9.+-]+)", value):
            raise ValueError(f"'{value}' is no media type: give one such as application/pdf or image/*")
        return value

    def takes(self, media_type: str) -> bool:
        """Whether files of this media type are kept; never what a browser would run."""
        kind = media_type.partition(";")[0].strip().lower()
        if kind in RUNNABLE:
            return False
        return any(kind.startswith(one[:-1]) if one.endswith("/*") else kind == one for one in self.types)


class RetentionRules(Rules):
    """After how many days the house-keeping removes what has ended; an open thing is never removed."""

    #: A message's row is also what tells a repeated message from a new one: a channel may repeat for weeks.
    messages_days: int = Field(ge=30)
    turns_days: int = Field(ge=7)
    #: Messages of the review inbox that nobody said the meaning of.
    reviews_days: int = Field(ge=7)
    cases_days: int = Field(ge=30)
    #: Counted from the last sign of life.
    conversations_days: int = Field(ge=30)
    people_events_days: int = Field(ge=30)
    #: Sessions and tries that count no longer.
    traces_days: int = Field(ge=1)
    #: Files that were sent before their message, which never came.
    unclaimed_files_days: int = Field(ge=1)
