"""The tables of training: what was done with models, the review inbox, and what buyers asked by week."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

model_acts = sa.Table(
    "model_acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    # A login, or "operator" for the command line.
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("act", sa.String(20), nullable=False),
    # The version that it was done with, and the one that served before.
    sa.Column("version", sa.String(100), nullable=False),
    sa.Column("before", sa.String(100)),
    # Why, in the words of whoever did it: asked for where a gate is overridden.
    sa.Column("reason", sa.Text, nullable=False),
    # The gates that stood against it.
    sa.Column("gates", sa.JSON, nullable=False),
)

# Messages of one language that mean nearly the same: one decision.
review_groups = sa.Table(
    "review_groups",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("language", sa.String(10), nullable=False),
    # The sum of its members' vectors (32-bit numbers), how many they are, and which encoder made them.
    sa.Column("centre", sa.LargeBinary, nullable=False),
    sa.Column("members", sa.Integer, nullable=False),
    sa.Column("encoder", sa.String(100), nullable=False),
    # What the model made of them, summed up: intent, and how likely it was in all.
    sa.Column("likely", sa.JSON, nullable=False),
    # The intent that was likeliest of the first one.
    sa.Column("intent", sa.String(100), nullable=False),
    # How many wait for a decision, for a second person, or are disputed.
    sa.Column("waiting", sa.Integer, nullable=False),
    sa.Column("second", sa.Integer, nullable=False),
    sa.Column("disputed", sa.Integer, nullable=False),
    # The sum of the doubts of those that wait: uncertainty times size.
    sa.Column("worth", sa.Float, nullable=False),
    sa.Column("newest_at", UTCDateTime, nullable=False),
    # Grows with each decision: whoever looked at an older state is refused.
    sa.Column("fence", sa.Integer, nullable=False),
    # A number is never given to a second group: pages name them by it.
    sqlite_autoincrement=True,
)

# Only those that somebody must look at: however many are decided, the next one is found at once.
for _name in ("waiting", "second", "disputed"):
    _left = review_groups.c[_name] > 0
    sa.Index(
        f"ix_review_groups_{_name}",
        review_groups.c.worth.desc(),
        review_groups.c.id,
        sqlite_where=_left,
        postgresql_where=_left,
    )

review_items = sa.Table(
    "review_items",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("group_id", sa.ForeignKey("review_groups.id"), nullable=False),
    # Whose message it was, and which: both may be gone by age before what was learnt of it.
    sa.Column("conversation_id", sa.Integer, nullable=False, index=True),
    sa.Column("inbox_id", sa.Integer, nullable=False, unique=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("language", sa.String(10), nullable=False),
    # Personal data masked.
    sa.Column("text", sa.Text, nullable=False),
    # What the model made of it.
    sa.Column("model", sa.String(100)),
    sa.Column("ranking", sa.JSON, nullable=False),
    # What the bot found named in the text: start, end, kind; NULL: nobody looked.
    sa.Column("named", sa.JSON(none_as_null=True)),
    # Why somebody should look at it, and how much there is to learn from it (0 to 1).
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("doubt", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # What it was found to be, once that is settled.
    sa.Column("meaning", sa.String(16)),
    sa.Column("intent", sa.String(100)),
    sa.Column("second_intent", sa.String(100)),
    # What it names, as people marked it: start, end, kind, value.
    sa.Column("marks", sa.JSON(none_as_null=True)),
    sa.Index("ix_review_items_group_id_state_id", "group_id", "state", "id"),
    # What is learnt, language by language.
    sa.Index("ix_review_items_state_language_id", "state", "language", "id"),
    sqlite_autoincrement=True,
)

# One decision of one person, on a group or a part of it.
review_acts = sa.Table(
    "review_acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    # NULL: whoever runs the command line.
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id")),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("group_id", sa.Integer, nullable=False),
    sa.Column("meaning", sa.String(16), nullable=False),
    sa.Column("intent", sa.String(100)),
    sa.Column("second_intent", sa.String(100)),
    sa.Column("language", sa.String(10), nullable=False),
    # How many people must say the same before it is settled.
    sa.Column("needed", sa.Integer, nullable=False),
    # How many messages it was about.
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("undone_at", UTCDateTime),
    sa.Index("ix_review_acts_actor_id", "actor", "id"),
)

# That what one person decided holds of one message.
review_labels = sa.Table(
    "review_labels",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("review_items.id"), nullable=False),
    sa.Column("act_id", sa.ForeignKey("review_acts.id"), nullable=False, index=True),
    sa.Column("actor", sa.String(64), nullable=False),
    # A person says one thing of a message; undone, it is deleted, and the act tells of it.
    sa.UniqueConstraint("item_id", "actor"),
)

# What somebody says that a piece of a message's text names.
review_marks = sa.Table(
    "review_marks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("review_items.id"), nullable=False, index=True),
    # The decision that includes it; NULL: it waits for one.
    sa.Column("act_id", sa.ForeignKey("review_acts.id"), index=True),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    # Places in the item's text, in characters.
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("value", sa.String(100)),
    # A number is never given to a second mark: pages name them by it.
    sqlite_autoincrement=True,
)

# Up to where turns were looked at.
review_places = sa.Table(
    "review_places",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
)

# Intents that the store has added to the shipped ones.
learned_intents = sa.Table(
    "learned_intents",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    # What it is and what it is not, in the words of whoever added it.
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
)

# What buyers said of their own by week, counted: it outlives the turns, and holds nobody's words.
turn_weeks = sa.Table(
    "turn_weeks",
    metadata,
    # Its Monday, in the store's time zone.
    sa.Column("week", sa.Date, primary_key=True),
    sa.Column("language", sa.String(10), primary_key=True),
    # What was acted upon; ``nlu_fallback``: not understood.
    sa.Column("intent", sa.String(100), primary_key=True),
    sa.Column("messages", sa.Integer, nullable=False),
    # How many of them went to a person.
    sa.Column("handed", sa.Integer, nullable=False),
)

# Messages that somebody tries the model with: a worker answers, whoever asked takes the answer away.
model_trials = sa.Table(
    "model_trials",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    # It may be a buyer's: the row goes with the answer, and within a minute if nobody fetches that.
    sa.Column("text", sa.Text, nullable=False),
    # When a worker began with it.
    sa.Column("taken_at", UTCDateTime),
    sa.Column("answer", sa.JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

# A version beside the one that served, on the latest conversations: taken again with both.
model_comparisons = sa.Table(
    "model_comparisons",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    # A login, or "operator" for the command line.
    sa.Column("actor", sa.String(64), nullable=False),
    # Names of files; ``against`` is the one that was released then.
    sa.Column("version", sa.String(100), nullable=False),
    sa.Column("against", sa.String(100), nullable=False),
    # How many conversations were taken again.
    sa.Column("conversations", sa.Integer, nullable=False),
    # A version is compared with another once; anew replaces it.
    sa.UniqueConstraint("version", "against"),
    # A number is never given to a second comparison: pages name changes by it.
    sqlite_autoincrement=True,
)

# A buyer whose outcome would have changed, and what a person says of that.
model_changes = sa.Table(
    "model_changes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("comparison_id", sa.ForeignKey("model_comparisons.id"), nullable=False),
    # The first turn in which the two part; it may be gone by age before this.
    sa.Column("conversation_id", sa.Integer, nullable=False, index=True),
    sa.Column("turn_id", sa.Integer, nullable=False),
    # What the buyer wrote, and what each made of it; personal data masked.
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
    # Whether somebody approved it or turned it down, who and when; NULL: nobody has looked yet.
    sa.Column("ruling", sa.String(16)),
    sa.Column("ruled_by", sa.String(64)),
    sa.Column("ruled_at", UTCDateTime),
    sa.UniqueConstraint("comparison_id", "conversation_id"),
    sqlite_autoincrement=True,
)

# A candidate that takes again what the released version takes, and is heard by nobody.
model_shadows = sa.Table(
    "model_shadows",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    # A login, or "operator" for the command line.
    sa.Column("actor", sa.String(64), nullable=False),
    # Names of files; ``against`` is the released one.
    sa.Column("version", sa.String(100), nullable=False),
    sa.Column("against", sa.String(100), nullable=False),
    # The last turn that was looked at.
    sa.Column("place", sa.Integer, nullable=False),
    # Typed messages that it has read, how many would have gone otherwise, and of how many of those it is not
    # known for sure what would have been said.
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("differing", sa.Integer, nullable=False),
    sa.Column("unsure", sa.Integer, nullable=False),
    # NULL: it goes on.
    sa.Column("ended_at", UTCDateTime),
    # Why the candidate does not run; empty: it does.
    sa.Column("trouble", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

# A turn that would have gone otherwise; only so many of a run are listed.
model_shadow_changes = sa.Table(
    "model_shadow_changes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("shadow_id", sa.ForeignKey("model_shadows.id"), nullable=False),
    # It may be gone by age before this.
    sa.Column("conversation_id", sa.Integer, nullable=False, index=True),
    sa.Column("turn_id", sa.Integer, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    # What the buyer wrote, and what each made of it; personal data masked.
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
    sa.UniqueConstraint("shadow_id", "turn_id"),
    sqlite_autoincrement=True,
)
