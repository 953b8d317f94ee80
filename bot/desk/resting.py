"""Cases that rest: laid aside until a moment; and the mode in which what is written is sent."""

from __future__ import annotations

import datetime as dt

from bot.desk import ranks
from bot.desk.case_records import CLOCK
from bot.desk.sent import SentReplies
from bot.desk.values.cases import Case, CaseState, ClockKind
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.errors import DeskError, ForbiddenError


class CaseRest(SentReplies):
    """An owner's acts on their own case that say nothing to the buyer."""

    def snooze(self, case_id: int, person: Person, until: dt.datetime, fence: int) -> Case:
        """Lay an answered case aside until a moment; the buyer's next message ends that.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            DeskError: the buyer waits for an answer, or the moment is past or too far.
        """
        ranks.require(self.rules, person, "reply")
        case, now = self._locked(case_id), self.clock.now()
        self._require_owner(case, person, fence)
        if not case.state.is_buyers_turn:
            raise DeskError("The buyer waits for an answer: reply first, then lay the case aside.")
        until = until.astimezone(dt.timezone.utc).replace(microsecond=0)
        longest = self.rules.cases.snooze_days
        if not now < until <= now + dt.timedelta(days=longest):
            raise DeskError(f"Choose a moment within the next {longest} days.")
        case = self._change(case, state=CaseState.SNOOZED, clock=ClockKind.SNOOZE, due_at=until)
        self._record(case.id, EventKind.SNOOZED, person, f"until {until:%Y-%m-%d %H:%M} UTC")
        return case

    def wake(self, case_id: int, person: Person, fence: int) -> Case:
        """End a snooze before its time. Idempotent.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
        """
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        if case.state is not CaseState.SNOOZED:
            return case
        case = self._change(case, state=CaseState.WAITING_BUYER, clock=None, due_at=None)
        self._record(case.id, EventKind.WOKEN, person, "before its time")
        return case

    def set_direct(self, case_id: int, person: Person, direct: bool, fence: int) -> Case:
        """Switch whether a frontend sends what the owner writes without a further word. Idempotent.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the person's replies need somebody's yes.
        """
        ranks.require(self.rules, person, "reply")
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        if direct and ranks.reply_needs_approval(self.rules, person.rank):
            raise ForbiddenError(f"Your rank ({person.rank.value}) cannot write to buyers directly.")
        if case.direct is not direct:
            case = self._change(case, direct=direct)
            self._record(case.id, EventKind.DIRECT_ON if direct else EventKind.DIRECT_OFF, person)
        return case

    def _woken(self, case: Case) -> Case:
        """The time of a snooze is over: its owner must act as if the buyer had just asked."""
        case = self._owes(case)
        self._record(case.id, EventKind.WOKEN, CLOCK, "the time is over")
        return case
