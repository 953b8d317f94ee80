"""Replies of the desk on their way: where each stands, tried again, changed or taken back in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from bot.desk import ranks
from bot.desk.ownership import CaseOwnership
from bot.desk.tables import case_drafts, case_events
from bot.desk.values.cases import Case
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.desk.values.replies import Delivery, DeliveryState, DraftState
from bot.errors import DeskError, ForbiddenError, MailError, NotOwnerError
from bot.mailroom import mending
from bot.mailroom.outbox import OutboxState, line_up, post
from bot.mailroom.tables import outbox
from bot.messages import Correction
from bot.privacy import mask_cards, without_nul

#: The longest text that an agent may send or note; the longest any of our channels takes in one piece.
LONGEST_TEXT = 10_000

#: Events by which a reply is written.
_SAID = (EventKind.REPLIED.value, EventKind.APPROVED.value)
_STATES = {
    OutboxState.QUEUED.value: DeliveryState.QUEUED,
    OutboxState.SENDING.value: DeliveryState.QUEUED,
    OutboxState.SENT.value: DeliveryState.SENT,
    OutboxState.FAILED.value: DeliveryState.FAILED,
    OutboxState.UNKNOWN.value: DeliveryState.UNKNOWN,
}
_DRAFTED = {
    DraftState.PENDING.value: DeliveryState.AWAITING_APPROVAL,
    DraftState.LAPSED.value: DeliveryState.DECLINED,
    DraftState.DECLINED.value: DeliveryState.DECLINED,
}


class SentReplies(CaseOwnership):
    """What became of replies, and what can still be done about them."""

    def deliveries(self, case: Case) -> Sequence[Delivery]:
        """The agents' replies of this case and what became of each, oldest first."""
        said = self.connection.execute(
            sa.select(case_events)
            .where(case_events.c.case_id == case.id, case_events.c.kind.in_(_SAID))
            .order_by(case_events.c.id)
        ).all()
        if not said:
            return ()
        rows = {
            row.key: row
            for row in self.connection.execute(
                sa.select(outbox).where(
                    outbox.c.conversation_id == case.conversation_id,
                    outbox.c.key.in_([outbox_key(event.id) for event in said]),
                )
            )
        }
        gone = {
            corrects["position"]
            for _, corrects in self._corrections(case.conversation_id)
            if corrects["deletes"]
        }
        return tuple(_delivery(event, rows.get(outbox_key(event.id)), gone) for event in said)

    def delivery(self, case_id: int, person: Person, key: str) -> Delivery | None:
        """Where the reply stands that this person wrote under a key; ``None`` if there is none."""
        case = self.get(case_id)
        event = self._written(case_id, person, key)
        if event is None:
            return None
        if event.kind in _SAID:
            return next((one for one in self.deliveries(case) if one.event_id == event.id), None)
        if event.kind != EventKind.AWAITING_APPROVAL.value:
            return None
        draft = self.connection.execute(
            sa.select(case_drafts.c.state)
            .where(
                case_drafts.c.case_id == case_id,
                case_drafts.c.author_id == person.id,
                case_drafts.c.at == event.at,
                case_drafts.c.text == event.text,
            )
            .limit(1)
        ).scalar_one_or_none()
        if draft in _DRAFTED:
            return Delivery(event.id, None, _DRAFTED[draft], None, event.text, event.actor, event.at)
        # Approved: the yes that followed is what was sent.
        return next((one for one in self.deliveries(case) if one.event_id > event.id), None)

    def retry_reply(self, case_id: int, person: Person, position: int) -> Case:
        """Have a reply that was not delivered tried again: for the owner, and for who may take over.

        Raises:
            NotOwnerError: the person has no business with it.
            DeskError: there is no such reply, or it must not be tried again.
        """
        ranks.require(self.rules, person, "reply")
        case = self._locked(case_id)
        if case.owner_id != person.id and not ranks.may(self.rules, person, "take_over"):
            raise NotOwnerError("Only the owner of the case and supervisors may have it sent again.")
        row = self._row(case, position)
        try:
            mending.retry_outbox(self.connection, row.id, now=self.clock.now())
        except MailError as error:
            raise DeskError("It is on its way or delivered already: nothing is to be sent again.") from error
        self._record(case.id, EventKind.RETRIED, person, "a reply that was not delivered")
        return case

    def change_reply(self, case_id: int, person: Person, position: int, text: str, fence: int) -> Case:
        """Change one's own reply: before it goes, or on the channel that has shown it.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the person's replies need a yes.
            DeskError: it is not theirs, or on its way at this moment; nothing was changed.
        """
        ranks.require(self.rules, person, "reply")
        if ranks.reply_needs_approval(self.rules, person.rank):
            raise ForbiddenError("It goes as it was approved: write another reply.")
        text = proper_text(text)
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        row = self._own_row(case, person, position)
        if row.state == OutboxState.SENT.value:
            shown = self._shown(row)
            if shown != text:
                self._correct(case, row, text, deletes=False)
                self._record(case.id, EventKind.CHANGED, person, f"which the buyer had; before: {shown}")
            return case
        if row.text == text:
            return case
        # One more try: who read the former words in order to send them finds that they are no longer his.
        done = self.connection.execute(
            outbox.update().where(_waits(row)).values(text=text, attempts=outbox.c.attempts + 1)
        )
        _require_in_time(done.rowcount)
        self._record(case.id, EventKind.CHANGED, person, f"before it went; before: {row.text}")
        return case

    def withdraw_reply(self, case_id: int, person: Person, position: int, fence: int) -> Case:
        """Take back one's own reply: before it goes, or from the channel that has shown it.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            DeskError: it is not theirs, or on its way at this moment; nothing was changed.
        """
        ranks.require(self.rules, person, "reply")
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        row = self._own_row(case, person, position)
        if row.state == OutboxState.SENT.value:
            shown = self._shown(row)
            self._correct(case, row, "", deletes=True)
            self._record(case.id, EventKind.WITHDRAWN, person, f"which the buyer had: {shown}")
        else:
            # It goes as if it had never been said: no page shows it, and no deliverer finds it.
            done = self.connection.execute(outbox.delete().where(_waits(row)))
            _require_in_time(done.rowcount)
            line_up(self.connection, case.conversation_id)
            self._record(case.id, EventKind.WITHDRAWN, person, f"before it went: {row.text}")
        # The buyer has no answer after all.
        return self._owes(case) if case.state.is_buyers_turn else case

    def _shown(self, row: Any) -> str:
        """What the buyer sees of a reply, or will once its corrections are out."""
        for text, corrects in self._corrections(row.conversation_id):
            if corrects["position"] == row.position:
                if corrects["deletes"]:
                    raise DeskError("It was taken back already.")
                return str(text)
        return str(row.text)

    def _corrections(self, conversation_id: int) -> Sequence[Any]:
        """Their texts and what they correct, but for those that failed; the newest first."""
        return self.connection.execute(
            sa.select(outbox.c.text, outbox.c.corrects)
            .where(
                outbox.c.conversation_id == conversation_id,
                outbox.c.corrects.is_not(None),
                outbox.c.state != OutboxState.FAILED.value,
            )
            .order_by(outbox.c.position.desc())
        ).all()

    def _correct(self, case: Case, row: Any, text: str, *, deletes: bool) -> None:
        if row.channel_message_id is None:
            raise DeskError("The channel did not say which message it is: send a correction.")
        post(
            self.connection,
            case.conversation_id,
            text,
            now=self.clock.now(),
            author_name=row.author_name,
            language=row.language,
            corrects=Correction(row.position, row.channel_message_id, row.text, deletes),
        )

    def _row(self, case: Case, position: int) -> Any:
        event = next((one.event_id for one in self.deliveries(case) if one.position == position), None)
        if event is None:
            raise DeskError("There is no such reply in this case.")
        return self.connection.execute(sa.select(outbox).where(outbox.c.key == outbox_key(event))).one()

    def _own_row(self, case: Case, person: Person, position: int) -> Any:
        row = self._row(case, position)
        if row.author_name != person.name:
            raise DeskError("This reply is a colleague's.")
        return row


def outbox_key(event_id: int | None) -> str:
    """The outbox's key of the reply that an event wrote."""
    return f"desk-{event_id}"


def proper_text(text: str) -> str:
    """The text as it may be stored and sent.

    Raises:
        DeskError: it is empty or too long.
    """
    text = mask_cards(without_nul(text)).strip()
    if not text:
        raise DeskError("There is no text.")
    if len(text) > LONGEST_TEXT:
        raise DeskError(f"The text has {len(text):,} characters; at most {LONGEST_TEXT:,} can be sent.")
    return text


def _require_in_time(changed: int) -> None:
    if changed != 1:
        raise DeskError("It is on its way at this moment: try again once it is delivered.")


def _waits(row: Any) -> Any:
    """The row as long as no channel can have shown it."""
    return sa.and_(outbox.c.id == row.id, outbox.c.state == OutboxState.QUEUED.value, outbox.c.doubts == 0)


def _delivery(event: Any, row: Any, gone: Collection[int]) -> Delivery:
    if row is None:
        # Taken back, or gone by age.
        return Delivery(event.id, None, DeliveryState.WITHDRAWN, None, "", event.actor, event.at)
    state = DeliveryState.DELIVERED if row.delivered_at is not None else _STATES[row.state]
    return Delivery(
        event_id=event.id,
        position=row.position,
        state=state,
        why=row.error,
        text=mask_cards(row.text),
        author=row.author_name or event.actor,
        at=event.at,
        may_retry=state in (DeliveryState.FAILED, DeliveryState.UNKNOWN),
        may_change=row.state == OutboxState.QUEUED.value and row.doubts == 0,
        may_correct=row.state == OutboxState.SENT.value and row.position not in gone,
    )
