"""What people mark in messages: a part of what they say of them, undone, confirmed and disputed with it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ErasedError, ReviewError
from bot.privacy import DOTS
from bot.shop.tables import products
from bot.training.holding import hold
from bot.training.masking import one_line
from bot.training.tables import review_items, review_marks
from bot.training.values import Actor, ItemState, Made, Mark

PRODUCT = "product"
#: What the pipeline finds in messages (``nlu.entities.spans.Kind``).
KINDS = (
    PRODUCT,
    "size",
    "colour",
    "quantity",
    "order_number",
    "tracking_number",
    "date",
    "money",
    "country",
    "email",
    "phone",
)
#: Of one message.
MOST = 20
_BATCH = 500


class Marks:
    """Marks of messages, in the caller's unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        actor: Actor,
        item_id: int,
        kind: str,
        words: str,
        *,
        value: str | None = None,
        start: int | None = None,
    ) -> Made:
        """Say that some words of an open message name something; a decision on the message includes it.

        Args:
            actor: who says so.
            item_id: the message's number.
            kind: one of ``KINDS``.
            words: as they stand in the message.
            value: the product's code: asked for of a product, and of nothing else.
            start: where they stand, if not where they do first.

        Raises:
            ErasedError: the message is no longer there.
            ReviewError: the message is settled, or the words, the kind or the value make no sense.
        """
        row = self._held(item_id)
        there = [one for one in made(self._connection, [item_id])[item_id] if not one.decided]
        mark = _mark(row.text, kind, words, start, [one.mark for one in there])
        mark = Mark(mark.start, mark.end, kind, self._value(kind, value))
        across = next((one.mark for one in there if one.mark.overlaps(mark)), None)
        if across is not None:
            marked = row.text[across.start : across.end]
            raise ReviewError(f"“{marked}” is marked as {across.kind} already: take that mark away first")
        if len(there) >= MOST:
            raise ReviewError(f"{MOST} pieces of a message are marked at most")
        return Made(self._store(item_id, actor.login, mark, None), mark, actor.login, decided=False)

    def remove(self, mark_id: int) -> Mark:
        """Take away a mark that no decision includes yet, whoever made it.

        Raises:
            ErasedError: it is no longer there.
            ReviewError: a decision includes it: that is to be undone first.
        """
        own = review_marks.c
        row = self._connection.execute(sa.select(review_marks).where(own.id == mark_id)).one_or_none()
        if row is None:
            raise ErasedError
        if row.act_id is not None:
            raise ReviewError("a decision includes this mark: undo that first")
        self._held(row.item_id)
        self._connection.execute(review_marks.delete().where(own.id == mark_id))
        return _read(row).mark

    def include(self, actor: Actor, act_id: int, items: Sequence[int], dropped: Collection[int]) -> None:
        """Make what is marked in messages a part of a decision, but for marks that are said to be wrong.

        What others' decisions include is taken over: whoever leaves a mark standing says the same.

        Raises:
            ReviewError: what stands there overlaps.
        """
        for item, there in made(self._connection, items).items():
            waiting = [one for one in there if not one.decided]
            gone = [one.id for one in waiting if one.id in dropped]
            self._set_act(None, gone)
            stands = {one.mark: one for one in there if one.id not in dropped and one.decided}
            stands |= {one.mark: one for one in waiting if one.id not in dropped}
            in_order = sorted(stands, key=lambda one: (one.start, one.end))
            for mark, following in itertools.pairwise(in_order):
                if mark.overlaps(following):
                    raise ReviewError(
                        f"a {mark.kind} and a {following.kind} are marked in the same words: drop one of them"
                    )
            self._set_act(act_id, [one.id for one in stands.values() if not one.decided], actor.login)
            for mark in in_order:
                if stands[mark].decided:
                    self._store(item, actor.login, mark, act_id)

    def release(self, act_id: int) -> None:
        """Let a decision that is taken back go of its marks: they wait for the next one."""
        own = review_marks.c
        rows = self._connection.execute(
            sa.select(review_marks).where(own.act_id == act_id).order_by(own.id)
        ).all()
        items = [row.item_id for row in rows]
        waiting = {
            item: [one.mark for one in there if not one.decided]
            for item, there in made(self._connection, items).items()
        }
        for row in rows:
            mark = _read(row).mark
            if any(mark.overlaps(other) for other in waiting[row.item_id]):
                self._connection.execute(review_marks.delete().where(own.id == row.id))
            else:
                self._connection.execute(review_marks.update().where(own.id == row.id).values(act_id=None))

    def _held(self, item_id: int) -> Any:
        items = review_items.c
        query = sa.select(items.group_id, items.state, items.text).where(items.id == item_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise ErasedError
        # Whoever decides on the group at this moment must see what they decide on.
        hold(self._connection, row.group_id, None)
        row = self._connection.execute(query).one()
        if row.state == ItemState.SETTLED.value:
            raise ReviewError("this message is settled: undo the decision, then mark it")
        return row

    def _value(self, kind: str, value: str | None) -> str | None:
        said = (value or "").strip()
        if kind != PRODUCT:
            if said:
                raise ReviewError(f"only a product has a code, and this is a {kind}")
            return None
        known = self._connection.execute(sa.select(products.c.code).where(products.c.code == said))
        if known.scalar_one_or_none() is None:
            wrong = f"there is no product {said[:60]!r}" if said else "say which product it is"
            raise ReviewError(f"{wrong}: its code is asked for")
        return said

    def _store(self, item: int, login: str, mark: Mark, act: int | None) -> int:
        added = self._connection.execute(
            review_marks.insert().values(
                item_id=item,
                act_id=act,
                actor=login,
                kind=mark.kind,
                start=mark.start,
                end=mark.end,
                value=mark.value,
            )
        )
        return int(added.inserted_primary_key[0])

    def _set_act(self, act: int | None, ids: Sequence[int], login: str = "") -> None:
        """Make marks that wait a part of a decision; without one they go."""
        if not ids:
            return
        those = review_marks.c.id.in_(ids)
        if act is None:
            self._connection.execute(review_marks.delete().where(those))
        else:
            self._connection.execute(review_marks.update().where(those).values(act_id=act, actor=login))


def made(connection: Connection, items: Iterable[int]) -> dict[int, list[Made]]:
    """The marks of messages by the message's number, each in their order in the text."""
    wanted = list(items)
    found: defaultdict[int, list[Made]] = defaultdict(list)
    for start in range(0, len(wanted), _BATCH):
        rows = connection.execute(
            sa.select(review_marks)
            .where(review_marks.c.item_id.in_(wanted[start : start + _BATCH]))
            .order_by(review_marks.c.start, review_marks.c.id)
        )
        for row in rows:
            found[row.item_id].append(_read(row))
    return found


def included(connection: Connection, items: Iterable[int]) -> dict[tuple[int, int], tuple[Mark, ...]]:
    """What decisions include, by message and decision."""
    found: defaultdict[tuple[int, int], list[Mark]] = defaultdict(list)
    own = review_marks.c
    for row in connection.execute(
        sa.select(review_marks)
        .where(own.item_id.in_(list(items)), own.act_id.is_not(None))
        .order_by(own.start, own.id)
    ):
        found[row.item_id, row.act_id].append(_read(row).mark)
    return {key: tuple(marks) for key, marks in found.items()}


def names(connection: Connection) -> list[tuple[str, str]]:
    """What buyers call products, as settled messages tell: words and code, in order.

    Words that were said to name two products name none.
    """
    items = review_items.c
    rows = connection.execute(
        sa.select(items.text, items.marks)
        .where(
            items.state == ItemState.SETTLED.value,
            items.id.in_(sa.select(review_marks.c.item_id).where(review_marks.c.kind == PRODUCT)),
        )
        .order_by(items.id)
    )
    called: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for mark in loaded(row.marks):
            if mark.kind == PRODUCT and mark.value is not None:
                called[row.text[mark.start : mark.end].casefold()].add(mark.value)
    return sorted((words, next(iter(codes))) for words, codes in called.items() if len(codes) == 1)


def stored(marks: Iterable[Mark]) -> list[list[Any]] | None:
    """Marks as a column of a message holds them."""
    return [[one.start, one.end, one.kind, one.value] for one in marks] or None


def loaded(column: Any) -> tuple[Mark, ...]:
    """Marks out of a column of a message."""
    return tuple(Mark(*one) for one in column or ())


def _mark(text: str, kind: str, words: str, start: int | None, there: Sequence[Mark]) -> Mark:
    if kind not in KINDS:
        raise ReviewError(f"{kind[:40]!r} is nothing that is found in messages ({', '.join(KINDS)})")
    wanted = one_line(words)
    if not any(sign.isalnum() for sign in wanted):
        raise ReviewError("say which words of the message it is")
    if DOTS in wanted:
        raise ReviewError("what was masked is not marked: nobody writes it like this")
    if start is not None:
        if start < 0 or text[start : start + len(wanted)] != wanted:
            raise ReviewError(f"“{wanted[:60]}” does not stand there in the message")
        return Mark(start, start + len(wanted), kind)
    places = [place for place in range(len(text)) if text.startswith(wanted, place)]
    if not places:
        raise ReviewError(f"“{wanted[:60]}” does not stand in the message: write it as it stands there")
    found = [Mark(place, place + len(wanted), kind) for place in places]
    # Said twice, marked twice.
    return next((one for one in found if not any(one.overlaps(other) for other in there)), found[0])


def _read(row: Any) -> Made:
    mark = Mark(row.start, row.end, row.kind, row.value)
    return Made(row.id, mark, row.actor, row.act_id is not None)
