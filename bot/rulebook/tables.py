"""The tables of rules: what is being changed, and what was done."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

# The draft: one for the store, so one row at most.
rule_drafts = sa.Table(
    "rule_drafts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # The store's own shop.yml as it is to be.
    sa.Column("text", sa.Text, nullable=False),
    # A digest of the file that it was written over: what is done to that meanwhile is not undone unseen.
    sa.Column("base", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
)

# What was done with rules, by whom and why; nothing in it is changed.
rule_acts = sa.Table(
    "rule_acts",
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
    # The settings that it changed, such as `authority.refund`.
    sa.Column("changed", sa.JSON, nullable=False),
)
