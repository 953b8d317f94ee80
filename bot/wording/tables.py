"""The tables of words: what is being changed, and what was done."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

# The draft: one for the store, a row for each reply in each language that is to be said otherwise.
word_drafts = sa.Table(
    "word_drafts",
    metadata,
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("language", sa.String(10), primary_key=True),
    # As in a file of replies: each way of saying it with its text, buttons and channel.
    sa.Column("variants", sa.JSON, nullable=False),
    # A digest of what served when it was written: another release must not be undone by it unseen.
    sa.Column("base", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
)

# What was done with words, by whom and why; nothing in it is changed.
word_acts = sa.Table(
    "word_acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    # A login, or "operator" for the command line.
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("act", sa.String(20), nullable=False),
    # The version that it was done with, and the one that served before; empty where it was an edit.
    sa.Column("version", sa.String(100), nullable=False),
    sa.Column("before", sa.String(100)),
    # What for, in the words of whoever did it.
    sa.Column("note", sa.Text, nullable=False),
    # The replies that it changed, as `key language`.
    sa.Column("changed", sa.JSON, nullable=False),
)
