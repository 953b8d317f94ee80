"""Sessions: a random token in the browser, only its hash in the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.tables import desk_sessions

#: A shift: after so long one signs in again.
SESSION_LASTS = dt.timedelta(hours=12)


def open_session(connection: Connection, person_id: int, now: dt.datetime) -> str:
    """Open a session and forget those that have ended.

    Returns:
        The token; nobody can get it from the database.
    """
    token = secrets.token_urlsafe(32)
    connection.execute(desk_sessions.delete().where(desk_sessions.c.expires_at <= now))
    connection.execute(
        desk_sessions.insert().values(
            token_hash=_hash(token), person_id=person_id, created_at=now, expires_at=now + SESSION_LASTS
        )
    )
    return token


def person_id_of(connection: Connection, token: str, now: dt.datetime) -> int | None:
    """Whose session it is, if it has not ended."""
    found: int | None = connection.execute(
        sa.select(desk_sessions.c.person_id).where(
            desk_sessions.c.token_hash == _hash(token), desk_sessions.c.expires_at > now
        )
    ).scalar_one_or_none()
    return found


def end_session(connection: Connection, token: str) -> None:
    """End a session. Idempotent."""
    connection.execute(desk_sessions.delete().where(desk_sessions.c.token_hash == _hash(token)))


def end_all_sessions(connection: Connection, person_id: int) -> None:
    """End all of a person's sessions. Idempotent."""
    connection.execute(desk_sessions.delete().where(desk_sessions.c.person_id == person_id))


def _hash(token: str) -> str:
    # A token has 256 random bits: a fast hash is enough, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
