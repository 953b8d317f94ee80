"""What people do at the desk: each act a form, each refusal a line on the page that keeps what was typed."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.desk_pages import TYPED, DeskPages, masked
from adapters.web.forms import number_of, read_form, text_of
from adapters.web.gate import Gate, Visit
from adapters.web.limits import BodyTooLargeError, BodyTooSlowError
from bot.clock import Clock
from bot.desk.port.desk import Desk
from bot.desk.values.cases import CardField, Outcome
from bot.desk.values.people import Person
from bot.desk.values.views import CaseView
from bot.errors import (
    CaseTakenError,
    DeskError,
    ForbiddenError,
    NotOwnerError,
    TryLaterError,
    UnknownCaseError,
)

log = logging.getLogger(__name__)

STALE = "This page was out of date, and nothing was done. It is fresh now: please do it once more."
BUSY = "The desk cannot reach its database right now. Nothing was done: please try again in a moment."
#: Minutes; nothing is laid aside for so long.
_YEAR = 366 * 24 * 60
TOO_LARGE = "That is too much text for one message. Nothing was done."


@dataclass(frozen=True)
class Ask:
    """A posted form about a case."""

    person: Person
    case_id: int
    form: Mapping[str, str]

    @property
    def fence(self) -> int:
        """Which state of the case the person looked at."""
        return number_of(self.form, "fence")

    @property
    def key(self) -> str | None:
        """The form's own name, so that it acts once."""
        return self.form.get("key") or None


Act = Callable[[Ask], Awaitable[CaseView]]


class DeskActs:
    """Turns forms into the desk's acts."""

    def __init__(self, desk: Desk, gate: Gate, pages: DeskPages, clock: Clock) -> None:
        self._desk = desk
        self._gate = gate
        self._pages = pages
        self._acts: Mapping[str, Act] = {
            "claim": lambda ask: desk.claim(ask.person, ask.case_id),
            "take-over": lambda ask: desk.take_over(ask.person, ask.case_id),
            "reply": lambda ask: desk.reply(
                ask.person, ask.case_id, ask.fence, text_of(ask.form, "reply"), key=ask.key
            ),
            "note": lambda ask: desk.note(ask.person, ask.case_id, text_of(ask.form, "note"), key=ask.key),
            "release": lambda ask: desk.release(ask.person, ask.case_id, ask.fence),
            "pass-on": lambda ask: desk.pass_on(
                ask.person, ask.case_id, ask.fence, ask.form.get("queue", "")
            ),
            "close": lambda ask: desk.close(
                ask.person,
                ask.case_id,
                ask.fence,
                _outcome(ask.form),
                text_of(ask.form, "summary"),
                true_intent=_intent(ask.form),
            ),
            "hand-back": lambda ask: desk.hand_back(
                ask.person,
                ask.case_id,
                ask.fence,
                _outcome(ask.form),
                text_of(ask.form, "summary"),
                true_intent=_intent(ask.form),
            ),
            "snooze": lambda ask: desk.snooze(
                ask.person,
                ask.case_id,
                ask.fence,
                clock.now() + dt.timedelta(minutes=min(number_of(ask.form, "minutes"), _YEAR)),
            ),
            "wake": lambda ask: desk.wake(ask.person, ask.case_id, ask.fence),
            "retry": lambda ask: desk.retry_reply(ask.person, ask.case_id, number_of(ask.form, "position")),
            "change": lambda ask: desk.change_reply(
                ask.person,
                ask.case_id,
                ask.fence,
                number_of(ask.form, "position"),
                text_of(ask.form, "changed"),
            ),
            "direct": lambda ask: desk.set_direct(
                ask.person, ask.case_id, ask.fence, number_of(ask.form, "direct") == 1
            ),
            "withdraw": lambda ask: desk.withdraw_reply(
                ask.person, ask.case_id, ask.fence, number_of(ask.form, "position")
            ),
            "approve": lambda ask: desk.approve_reply(
                ask.person,
                ask.case_id,
                number_of(ask.form, "draft_id"),
                text=text_of(ask.form, "draft") or None,
            ),
            "decline": lambda ask: desk.decline_reply(
                ask.person, ask.case_id, number_of(ask.form, "draft_id"), text_of(ask.form, "decline")
            ),
        }

    async def act(self, request: Request, visit: Visit) -> Response:
        """One act on one case; then the case's page again."""
        case_id: int = request.path_params["case_id"]
        name: str = request.path_params["act"]
        act = self._acts.get(name)
        if act is None and name != "reveal":
            return self._pages.trouble(404, "There is no such act.")
        try:
            form = await read_form(request)
        except BodyTooLargeError:
            return await self._again(visit, case_id, {}, 413, TOO_LARGE)
        except BodyTooSlowError:
            return self._pages.trouble(408, STALE)
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._again(visit, case_id, form, 403, STALE)
        try:
            if act is None:
                return await self._reveal(visit, case_id, form)
            view = await act(Ask(visit.person, case_id, form))
        except DeskError as error:
            return await self._again(visit, case_id, form, _status(error), str(error))
        except TryLaterError:
            return await self._again(visit, case_id, form, 503, BUSY)
        done = "draft" if name == "reply" and view.reply_needs_approval else name
        if name == "direct":
            done = "direct-on" if view.summary.direct else "direct-off"
        done += masked(form, TYPED)
        return RedirectResponse(f"/desk/cases/{case_id}?done={done}", 303)

    async def _reveal(self, visit: Visit, case_id: int, form: Mapping[str, str]) -> Response:
        """Show one field, on this page only: neither in the address nor after a reload."""
        try:
            field = CardField(form.get("field", ""))
        except ValueError:
            return await self._again(visit, case_id, form, 422, STALE)
        value = await self._desk.reveal(visit.person, case_id, field)
        view = await self._desk.case(visit.person, case_id)
        return await self._pages.shown(visit, view, revealed={field: value})

    async def _again(
        self, visit: Visit, case_id: int, form: Mapping[str, str], status: int, problem: str
    ) -> Response:
        """The page with what went wrong, and all that was typed where it was typed."""
        typed = {field: form[field] for field in TYPED if form.get(field)}
        try:
            view = await self._desk.case(visit.person, case_id)
            return await self._pages.shown(visit, view, status=status, problem=problem, typed=typed)
        except (DeskError, TryLaterError):
            typed.pop("position", None)
            return self._pages.trouble(status, problem, typed="\n\n".join(typed.values()))


def _intent(form: Mapping[str, str]) -> str | None:
    """What the case was really about: one of those offered, or another one that was typed."""
    return text_of(form, "other_intent").strip().lower().replace(" ", "_") or form.get("intent") or None


def _outcome(form: Mapping[str, str]) -> Outcome:
    try:
        return Outcome(form.get("outcome", ""))
    except ValueError as error:
        raise DeskError("Please choose how the case ended.") from error


def _status(error: DeskError) -> int:
    if isinstance(error, UnknownCaseError):
        return 404
    if isinstance(error, CaseTakenError | NotOwnerError):
        return 409
    return 403 if isinstance(error, ForbiddenError) else 422
