"""The Desk port: all that a frontend (web page, Slack) may ask of the desk."""

from __future__ import annotations

from typing import Protocol

from bot.desk.port.ownership import DeskOwnership
from bot.desk.port.people import DeskPeople
from bot.desk.port.reading import DeskReading
from bot.desk.port.requests import DeskRequests
from bot.desk.port.writing import DeskWriting


class Desk(DeskPeople, DeskReading, DeskOwnership, DeskWriting, DeskRequests, Protocol):
    """What people can do at the desk. Every method may be called from any task of the front's event loop.

    A ``person`` is what ``person(token)`` (or, in Slack, the linked account) returned for this very
    request; rank and activity are read again inside each act, so an old value grants nothing.
    A ``fence`` is ``CaseView.fence`` of the page that the person looked at.
    A ``key`` is any text that the frontend makes once for a form; the same key again does nothing again.

    Every method but ``sign_in``, ``person`` and ``sign_out`` raises ``ForbiddenError`` if the person is no
    longer active, and those that name a case raise ``UnknownCaseError`` if there is none.
    Every method raises ``TryLaterError`` while the database is away; nothing was done then, or it was done
    and could not be shown: look at the case again, or do it again with the same key.
    All other refusals are ``DeskError`` with a message that can be shown as it is.
    """
