"""The desk's pages: the list of cases and a case, as the one who asks may see them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from adapters.web.gate import Visit
from adapters.web.labels import teach
from adapters.web.pages import Pages
from adapters.web.timeline import said, timeline
from bot.clock import Clock
from bot.desk.port.desk import Desk
from bot.desk.values.cases import CardField, CaseState
from bot.desk.values.views import Act, CaseSummary, CaseView
from bot.errors import DeskError, ForbiddenError
from bot.privacy import has_card
from bot.settings import ShopRules

#: Views of the list: the parameters that the desk is asked with, by the name in the address.
VIEWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "all": ("All open", {}),
    "unclaimed": ("Unclaimed", {"state": CaseState.OPEN}),
    "answer": ("Buyer wrote again", {"state": CaseState.WAITING_US}),
    "buyer": ("Waiting for the buyer", {"state": CaseState.WAITING_BUYER}),
    "aside": ("Laid aside", {"state": CaseState.SNOOZED}),
    "mine": ("Mine", {"mine": True}),
    "closed": ("Closed", {"state": CaseState.CLOSED}),
}
LIST_LIMIT = 100
_EMPTY: Mapping[str, str] = {}
#: For how long a case may be laid aside, in minutes, and what that is called.
ASIDE: Mapping[int, str] = {
    30: "30 minutes",
    2 * 60: "2 hours",
    24 * 60: "a day",
    3 * 24 * 60: "3 days",
    7 * 24 * 60: "a week",
}
#: Fields of a case's page that a person types into.
TYPED = ("reply", "note", "summary", "decline", "draft", "changed", "position")

#: What the page says after an act, by the name in the address.
DONE = {
    "claim": "The case is yours. The buyer sees your name with your first reply.",
    "take-over": "The case is yours now.",
    "reply": "Your reply is on its way to the buyer.",
    "draft": "Your draft waits for a colleague’s yes. The buyer has not seen it.",
    "note": "The private note is saved. The buyer never sees it.",
    "snooze": "The case is laid aside. It comes back at its time, or when the buyer writes.",
    "wake": "The case is taken up again.",
    "retry": "The reply is being sent again.",
    "withdraw": "The reply is taken back. Where the buyer has it already, the case tells what came of it.",
    "change": "The reply is changed. If the buyer has it already, the conversation tells what comes of it.",
    "direct-on": "Direct mode is on: Enter sends what you write to the buyer.",
    "direct-off": "Direct mode is off.",
    "release": "The case is back in its queue.",
    "pass-on": "The case is in its new queue.",
    "close": "The case is closed.",
    "hand-back": "The case is closed, and the bot goes on with the buyer.",
    "approve": "The draft is on its way to the buyer.",
    "decline": "The draft is declined.",
    "approve-request": "Approved: the assistant tells the buyer and sets it up.",
    "counter-request": "Granted: the assistant tells the buyer and sets it up.",
    "decline-request": "Declined: the assistant tells the buyer, without your reason.",
    "answer-request": "Your answer is on its way to the buyer.",
    "password": "Your password is changed. All your other sessions have ended.",
}
#: What follows an act's name in the address where a card number was typed, and what the page then says, too.
WITH_CARD = "-masked"
MASKED = (
    "There was a payment card’s number in your text, and it was masked: "
    "of its digits only the last four are kept, here and for the buyer."
)


class DeskPages:
    """Asks the desk for what a page shows, and renders it."""

    def __init__(self, desk: Desk, rules: ShopRules, clock: Clock, pages: Pages) -> None:
        self._desk = desk
        self._clock = clock
        self._pages = pages
        self._store = rules.store
        #: Whether cases are shown elsewhere, too, and written about there.
        self._threads = len(rules.desks) > 1
        teach(pages.environment, rules.store.timezone)

    async def cases(
        self, visit: Visit, queue: str | None, view: str, done: str = "", find: str = ""
    ) -> Response:
        """The list, most pressing first; or what is looked for by an order's number or a name."""
        view = view if view in VIEWS else "all"
        queues = await self._desk.queues(visit.person)
        known = queue if queue in {each.queue for each in queues} else None
        find, problem = find.strip()[:200], None
        shown: Sequence[CaseSummary] = ()
        try:
            shown = (
                await self._desk.find(visit.person, find, limit=LIST_LIMIT)
                if find
                else await self._desk.cases(visit.person, queue=known, limit=LIST_LIMIT, **VIEWS[view][1])
            )
        except ForbiddenError:
            raise
        except DeskError as error:
            problem = str(error)
        return self._page(
            "cases.html",
            visit,
            waiting=_waiting(visit, queues),
            asked=await self._desk.request_count(visit.person),
            queues=queues,
            queue=known,
            view=view,
            views={name: title for name, (title, _) in VIEWS.items()},
            cases=shown,
            limit=LIST_LIMIT,
            find=find,
            today=await self._desk.today(visit.person),
            flash=DONE.get(done),
            problem=problem,
        )

    async def case(self, visit: Visit, case_id: int, done: str = "", use: str = "") -> Response:
        """One case; ``use`` is a suggested reply's number, or a ready text's name, to begin with."""
        view = await self._desk.case(visit.person, case_id)
        typed = {}
        if use.isascii() and use.isdigit() and int(use[:3]) < len(view.suggested_replies):
            typed["reply"] = view.suggested_replies[int(use[:3])]
        elif use:
            ready = await self._desk.macros(visit.person, case_id)
            typed["reply"] = next((one.text for one in ready if one.key == use), "")
        return await self.shown(visit, view, done=done, typed=typed)

    async def shown(
        self,
        visit: Visit,
        view: CaseView,
        *,
        status: int = 200,
        done: str = "",
        problem: str | None = None,
        typed: Mapping[str, str] = _EMPTY,
        revealed: Mapping[CardField, str] | None = None,
    ) -> Response:
        """A case that was read already, with what was typed before an act failed."""
        queues = await self._desk.queues(visit.person)
        ready = await self._desk.macros(visit.person, view.summary.id) if Act.REPLY in view.acts else ()
        return self._page(
            "case.html",
            visit,
            status=status,
            waiting=_waiting(visit, queues),
            asked=await self._desk.request_count(visit.person),
            view=view,
            case=view.summary,
            card=view.card,
            acts=sorted(act.value for act in view.acts),
            mine=view.summary.owner_id == visit.person.id and view.summary.state is not CaseState.CLOSED,
            entries=timeline(view),
            macros=ready,
            deliveries={one.position: one for one in view.deliveries},
            instead=_instead(view),
            threads=self._threads,
            aside=ASIDE,
            **_told(done),
            problem=problem,
            typed={field: typed.get(field, "") for field in TYPED},
            revealed=revealed or {},
            fields=CardField,
            # Made once for a page: sending the same form twice sends the text once.
            key=secrets.token_urlsafe(12),
        )

    async def why(self, visit: Visit, case_id: int, position: int) -> Response:
        """What stood behind one message of the bot."""
        because = await self._desk.why(visit.person, case_id, position)
        view = await self._desk.case(visit.person, case_id)
        return self._page(
            "why.html",
            visit,
            flash=None,
            problem=None,
            waiting=_waiting(visit, await self._desk.queues(visit.person)),
            asked=await self._desk.request_count(visit.person),
            because=because,
            case=view.summary,
            line=next((one for one in view.transcript if one.position == position), None),
        )

    async def other(self, visit: Visit, case_id: int, conversation_id: int) -> Response:
        """What was said in another conversation of the case's buyer."""
        lines = await self._desk.other_talk(visit.person, case_id, conversation_id)
        view = await self._desk.case(visit.person, case_id)
        return self._page(
            "other.html",
            visit,
            flash=None,
            waiting=_waiting(visit, await self._desk.queues(visit.person)),
            asked=await self._desk.request_count(visit.person),
            case=view.summary,
            card=view.card,
            talk=next((one for one in view.others if one.conversation_id == conversation_id), None),
            entries=said(lines),
        )

    async def requests(
        self,
        visit: Visit,
        *,
        over: bool = False,
        status: int = 200,
        done: str = "",
        problem: str | None = None,
        typed: Mapping[int, Mapping[str, str]] | None = None,
    ) -> Response:
        """What the bot asks of people, most pressing first."""
        return self._page(
            "requests.html",
            visit,
            status=status,
            waiting=_waiting(visit, await self._desk.queues(visit.person)),
            asked=await self._desk.request_count(visit.person),
            requests=await self._desk.requests(visit.person, closed=over, limit=LIST_LIMIT),
            over=over,
            **_told(done),
            problem=problem,
            typed=typed or {},
        )

    def sign_in(
        self, csrf: str, *, status: int = 200, after: str, problem: str | None = None, **typed: str
    ) -> Response:
        """The way in."""
        return self._pages.page(
            "sign_in.html",
            status=status,
            store=self._store,
            csrf=csrf,
            after=after,
            problem=problem,
            login=typed.get("login", ""),
            typed=typed.get("text", ""),
        )

    def password(self, visit: Visit, *, status: int = 200, problem: str | None = None) -> Response:
        """One's own password."""
        return self._page(
            "password.html", visit, status=status, waiting=None, asked=None, flash=None, problem=problem
        )

    def trouble(self, status: int, problem: str, *, typed: str = "") -> Response:
        """A page that only says what went wrong, and gives back what was typed."""
        return self._pages.page(
            "trouble.html", status=status, store=self._store, problem=problem, typed=typed
        )

    def _page(self, template: str, visit: Visit, *, status: int = 200, **values: object) -> Response:
        values.setdefault("problem", None)
        return self._pages.page(
            template,
            status=status,
            store=self._store,
            person=visit.person,
            csrf=visit.csrf,
            now=self._clock.now(),
            **values,
        )


def masked(form: Mapping[str, str], typed: Collection[str]) -> str:
    """What is added to the name of an act in whose form a card number was typed."""
    return WITH_CARD if any(has_card(form.get(field, "")) for field in typed) else ""


def _told(done: str) -> dict[str, str | None]:
    """What a page says of the act by which it came."""
    flash = DONE.get(done.removesuffix(WITH_CARD))
    return {"flash": flash, "warning": MASKED if flash and done.endswith(WITH_CARD) else None}


def _instead(view: CaseView) -> Mapping[int, str]:
    """What replies were changed to last, by the position of each; but for what the channel did not change."""
    return {
        line.edits: line.text
        for line in view.transcript
        if line.edits is not None and line.change == "edited" and line.state != "failed"
    }


def _waiting(visit: Visit, queues: Any) -> int:
    """How many cases wait to be claimed in the queues that this person serves."""
    mine = visit.person.queues
    return sum(each.open for each in queues if not mine or each.queue in mine)
