"""House-keeping: what has ended and is old enough goes, a few rows at a time, while the service goes on."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.engine import Connection

from bot import schema
from bot.clock import Clock
from bot.database import Database, lock_now
from bot.desk.values.cases import CaseState
from bot.desk.values.requests import RequestState
from bot.errors import CrossdeskError
from bot.mailroom.inbox import InboxState
from bot.mailroom.outbox import OutboxState
from bot.mailroom.timers import TimerState
from bot.operations.buyers import WITH_FILES, below, file_names
from bot.settings import RetentionRules, Settings
from bot.shop.feed.entries import FeedState
from bot.spelling import counted
from bot.training.counting import recount_stale
from bot.training.values import ItemState, Meaning

log = logging.getLogger(__name__)

#: Rows in one unit of work: on SQLite nothing else can write meanwhile.
BATCH = 500
#: Between two of them others write, in seconds.
PAUSE = 0.05
#: How often the front does it, and how long after its start the first time, in seconds.
EVERY, FIRST_AFTER = 3600.0, 60.0

#: Tables of which nothing is removed by age, and why.
FOREVER: Mapping[str, str] = {
    "leases": "a few rows",
    "doors": "a few rows; those of a process that fell silent go when another tells its own",
    "places": "a few rows",
    "marks": "one row",
    "review_groups": "those whose messages went go with them",
    "review_places": "a few rows",
    "turn_weeks": "a row for each intent, language and week: what is asked is compared over years",
    "learned_intents": "the store's own",
    "people": "somebody who left is named in what they did",
    "people_accounts": "a few rows",
    "people_groups": "a few rows",
    "word_drafts": "what somebody is still writing",
    "rule_drafts": "what somebody is still writing",
    "products": "the catalogue is the store's own",
    "product_names": "the catalogue is the store's own",
    "variants": "the catalogue is the store's own",
    "exchange_rates": "a few rows",
    "shop_reads": "one row",
    "customers": "the store's own records; `crossdesk buyer erase` forgets one",
    "coupons": "the store's own records",
    "orders": "bookkeeping",
    "order_lines": "bookkeeping",
    "payments": "bookkeeping",
    "shipments": "bookkeeping",
    "shipment_events": "bookkeeping",
    "traces": "bookkeeping",
    "returns": "bookkeeping",
    "return_lines": "bookkeeping",
    "refunds": "bookkeeping",
    "approvals": "bookkeeping",
    "remarks": "bookkeeping",
    "shop_actions": "that nothing is refunded twice",
    "opt_outs": "a buyer's wish holds for as long as there is the buyer",
}


@dataclass(frozen=True)
class Rule:
    """What of a table may go."""

    #: The setting that says after how many days.
    days: str
    #: The column that the days are counted from.
    since: str
    #: Tables that go with a row of this one, and their columns that point to it, the deepest first.
    along: tuple[tuple[str, str], ...] = ()
    #: Tables that keep a row here for as long as they point to it, and the columns by which they do.
    kept_by: tuple[tuple[str, str], ...] = ()
    #: States in which a row has ended; empty where a row has no state.
    ended: frozenset[str] = frozenset()
    #: Whether a higher id is never much older: then the search ends where rows are young.
    in_order: bool = False
    more: Callable[[sa.Table, dt.datetime], Any] | None = None


def _not_in_open_case(table: sa.Table, _: dt.datetime) -> Any:
    cases = schema.every_table().tables["cases"]
    is_open = sa.and_(
        cases.c.conversation_id == table.c.conversation_id, cases.c.state != CaseState.CLOSED.value
    )
    return ~sa.exists().where(is_open)


def _is_no_example(table: sa.Table, _: dt.datetime) -> Any:
    is_settled = table.c.state == ItemState.SETTLED.value
    return sa.not_(sa.and_(is_settled, table.c.meaning == Meaning.INTENT.value))


def _lock_is_over(table: sa.Table, before: dt.datetime) -> Any:
    return sa.or_(table.c.locked_until.is_(None), table.c.locked_until < before)


#: In this order: what a conversation is kept by goes before it.
RULES: Mapping[str, Rule] = {
    "desk_sessions": Rule("traces_days", "expires_at"),
    "sign_in_tries": Rule("traces_days", "at"),
    "unclaimed_files": Rule("unclaimed_files_days", "kept_at"),
    "identity_codes": Rule("traces_days", "sent_at"),
    "identity_tries": Rule("traces_days", "last_at", more=_lock_is_over),
    "people_events": Rule("people_events_days", "at", in_order=True),
    "model_acts": Rule("people_events_days", "at", in_order=True),
    "word_acts": Rule("people_events_days", "at", in_order=True),
    "rule_acts": Rule("people_events_days", "at", in_order=True),
    # Whoever tries the model takes them away; these are left of a process that died.
    "model_trials": Rule("traces_days", "at", in_order=True),
    # As long as the turns that they are about.
    "model_comparisons": Rule("turns_days", "at", along=(("model_changes", "comparison_id"),)),
    "model_shadow_changes": Rule("turns_days", "at", in_order=True),
    "model_shadows": Rule("turns_days", "ended_at", along=(("model_shadow_changes", "shadow_id"),)),
    "turns": Rule("turns_days", "at", in_order=True),
    # An example stays until its buyer is erased.
    "review_items": Rule(
        "reviews_days",
        "at",
        along=(("review_marks", "item_id"), ("review_labels", "item_id")),
        more=_is_no_example,
    ),
    "review_acts": Rule(
        "people_events_days",
        "at",
        kept_by=(("review_labels", "act_id"), ("review_marks", "act_id")),
        in_order=True,
    ),
    "cases": Rule(
        "cases_days",
        "closed_at",
        along=(("intent_labels", "case_id"), ("case_drafts", "case_id"), ("case_events", "case_id")),
        ended=frozenset({CaseState.CLOSED.value}),
    ),
    "requests": Rule(
        "cases_days",
        "decided_at",
        ended=frozenset({state.value for state in RequestState if state is not RequestState.PENDING}),
    ),
    "desk_places": Rule("cases_days", "changed_at"),
    "inbox": Rule(
        "messages_days",
        "received_at",
        along=(("turns", "inbox_id"),),
        ended=frozenset({InboxState.DONE.value, InboxState.BURIED.value}),
        in_order=True,
        more=_not_in_open_case,
    ),
    "outbox": Rule(
        "messages_days",
        "created_at",
        ended=frozenset({OutboxState.SENT.value, OutboxState.FAILED.value, OutboxState.UNKNOWN.value}),
        in_order=True,
        more=_not_in_open_case,
    ),
    "timers": Rule(
        "messages_days",
        "ended_at",
        ended=frozenset({state.value for state in TimerState if state is not TimerState.PENDING}),
    ),
    "feed": Rule("messages_days", "ended_at", ended=frozenset({FeedState.ACKNOWLEDGED.value})),
    "notices": Rule("messages_days", "at", in_order=True),
    "conversations": Rule(
        "conversations_days",
        "last_at",
        along=(("trackers", "conversation_id"), ("ladders", "conversation_id")),
        kept_by=tuple(
            (name, "conversation_id")
            for name in ("inbox", "outbox", "turns", "timers", "cases", "requests", "notices", "opt_outs")
        ),
    ),
}


@dataclass
class Swept:
    """What went, or would go."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0

    def __str__(self) -> str:
        told = [f"{count} {table}" for table, count in self.rows.items() if count]
        return ", ".join([*told, *([counted(self.files, "file")] if self.files else [])]) or "nothing"


def keep_house(
    settings: Settings, database: Database, clock: Clock, *, dry_run: bool = False, pause: float = PAUSE
) -> Swept:
    """Remove what is older than ``retention`` in ``shop.yml`` says; ``dry_run`` only counts it.

    Raises:
        TryLaterError: the database is away; what went so far is gone, the rest goes the next time.
    """
    swept = Swept()
    for name, rule in RULES.items():
        before = clock.now() - dt.timedelta(days=_days(settings.rules.retention, rule))
        _sweep(settings, database, name, rule, before, swept, dry_run=dry_run, pause=pause)
    if not dry_run and "review_items" in swept.rows:
        recount_stale(database)
    return swept


async def keep_house_hourly(settings: Settings, database: Database, clock: Clock) -> None:
    """Do it every hour, for ever."""
    await asyncio.sleep(FIRST_AFTER)
    while True:
        try:
            swept = await to_thread.run_sync(keep_house, settings, database, clock)
            if swept.rows:
                log.info("house-keeping removed %s", swept)
        except CrossdeskError as error:
            log.warning("house-keeping waits: %s", error)
        except Exception as error:
            # Nothing depends on it: it must not end what does.
            log.error("house-keeping failed: %s", type(error).__name__)
        await asyncio.sleep(EVERY)


def _days(rules: RetentionRules, rule: Rule) -> int:
    return int(getattr(rules, rule.days))


def _sweep(
    settings: Settings,
    database: Database,
    name: str,
    rule: Rule,
    before: dt.datetime,
    swept: Swept,
    *,
    dry_run: bool,
    pause: float,
) -> None:
    table = schema.every_table().tables[name]
    keys = tuple(table.primary_key.columns)
    may_go = _may_go(table, rule, before)
    # Looked through from the oldest row on, so that no statement ever reads the whole table.
    place: tuple[Any, ...] | None = None
    while True:
        with database.begin() as connection:
            query = sa.select(*keys, table.c[rule.since].label("since")).order_by(*keys).limit(BATCH)
            if place is not None:
                query = query.where(sa.tuple_(*keys) > sa.tuple_(*place))
            chunk = connection.execute(query).all()
        if not chunk:
            return
        place = tuple(chunk[-1])[: len(keys)]
        old = [tuple(row)[: len(keys)] for row in chunk if row.since is not None and row.since < before]
        if old:
            _remove(settings, database, name, rule, old, may_go, swept, dry_run=dry_run)
            if not dry_run:
                time.sleep(pause)
        elif rule.in_order:
            return


def _may_go(table: sa.Table, rule: Rule, before: dt.datetime) -> Any:
    """What a row must fulfil, asked again when it is removed: somebody may have written since we looked."""
    conditions = [table.c[rule.since] < before]
    if rule.ended:
        conditions.append(table.c.state.in_(sorted(rule.ended)))
    if rule.more is not None:
        conditions.append(rule.more(table, before))
    for name, column in rule.kept_by:
        keeper = schema.every_table().tables[name]
        conditions.append(~sa.exists().where(keeper.c[column] == table.c.id))
    if "id" in table.c:
        # The newest row stays, however old: SQLite would give its number to another, and keys are made of it.
        conditions.append(table.c.id < sa.select(sa.func.max(table.alias().c.id)).scalar_subquery())
    return sa.and_(*conditions)


def _remove(
    settings: Settings,
    database: Database,
    name: str,
    rule: Rule,
    old: list[tuple[Any, ...]],
    may_go: Any,
    swept: Swept,
    *,
    dry_run: bool,
) -> None:
    tables = schema.every_table().tables
    table = tables[name]
    keys = tuple(table.primary_key.columns)
    among = keys[0].in_([key for (key,) in old]) if len(keys) == 1 else sa.tuple_(*keys).in_(old)
    with database.begin() as connection:
        if not dry_run:
            # From here on nobody writes what we decide on.
            lock_now(connection)
        going = connection.execute(sa.select(*keys).where(among, may_go).with_for_update(of=table)).all()
        attached = _attached(connection, settings.files, name, going)
        if going and not dry_run:
            for other, column in rule.along:
                ids = [row.id for row in going]
                gone = connection.execute(tables[other].delete().where(tables[other].c[column].in_(ids)))
                _count(swept, other, gone.rowcount)
            these = (
                keys[0].in_([row[0] for row in going])
                if len(keys) == 1
                else sa.tuple_(*keys).in_([tuple(row) for row in going])
            )
            connection.execute(table.delete().where(these))
    _count(swept, name, len(going))
    swept.files += len(attached)
    if not dry_run:
        for path in attached:
            path.unlink(missing_ok=True)


def _count(swept: Swept, table: str, number: int) -> None:
    if number:
        swept.rows[table] = swept.rows.get(table, 0) + number


def _attached(connection: Connection, files: Path, table: str, going: Sequence[Any]) -> list[Path]:
    if table not in (*WITH_FILES, "unclaimed_files"):
        return []
    own = schema.every_table().tables[table]
    rows = connection.execute(sa.select(own).where(own.c.id.in_([row.id for row in going])))
    names = [name for row in rows for name in file_names(table, row)]
    return [path for name in names if (path := below(files, name)) is not None]
