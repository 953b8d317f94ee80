"""The console's pages: what admins see of misunderstood messages."""

from __future__ import annotations

from starlette.responses import Response

from adapters.web.desk_pages import DeskPages
from adapters.web.gate import Visit
from adapters.web.pages import Pages
from bot.clock import Clock
from bot.errors import ErasedError
from bot.settings import Settings
from bot.training.marks import KINDS, PRODUCT
from bot.training.reading import View
from bot.training.review import Review
from bot.training.values import ActLine, Actor, ItemState, Why

#: The console's parts, in order: where, and what it is called.
PARTS = (
    ("/console", "Overview"),
    ("/console/inbox", "Inbox"),
    ("/console/data", "Examples"),
    ("/console/intents", "Intents"),
    ("/console/versions", "Versions"),
    ("/console/words", "Words"),
    ("/console/rules", "Rules"),
)
#: Groups in the list, and messages of a group, on one page.
LISTED, SHOWN = 20, 25
#: Products that are offered where one is marked; of others the code is typed.
MOST_PRODUCTS = 500
#: Lines of what was learnt, and slight findings, on one page.
MOST_LEARNT, MOST_FINDINGS = 200, 50
VIEWS = {
    View.WAITING: "To decide",
    View.SECOND: "Second opinion",
    View.DISPUTED: "Disputed",
}
WHY = {
    Why.AGENT: "an agent knew better",
    Why.FALLBACK: "not understood",
    Why.UNSURE: "unsure",
    Why.REPHRASED: "said again",
    Why.LEFT: "left half-way",
    Why.RATED: "few stars",
    Why.DRAWN: "drawn at random",
}


class ConsolePages:
    """Asks for what a page shows, and renders it."""

    def __init__(
        self, settings: Settings, review: Review, clock: Clock, pages: Pages, desk: DeskPages
    ) -> None:
        self._rules = settings.rules
        self._review = review
        self._clock = clock
        self._pages = pages
        self._desk = desk

    def trouble(self, status: int, problem: str) -> Response:
        """A page that only says what went wrong."""
        return self._desk.trouble(status, problem)

    def inbox(
        self,
        visit: Visit,
        view: View,
        language: str,
        number: int | None,
        *,
        done: int = -1,
        status: int = 200,
        problem: str | None = None,
    ) -> Response:
        """The groups of one kind, and the one that is to be decided now."""
        actor = Actor(visit.person.login, visit.person.id)
        spoken = language if language in self._rules.languages else None
        groups = self._review.groups(view, actor=actor, language=spoken, limit=LISTED)
        current = next((one for one in groups if one.id == number), None)
        if current is None and number is not None and problem is None:
            try:
                current = self._review.group(number)
            except ErasedError as error:
                status, problem = 410, str(error)
        current = current or (groups[0] if groups else None)
        items = self._review.items(current.id, limit=SHOWN) if current else []
        after = [one.id for one in groups if current is not None and one.id != current.id]
        acts = self._review.acts(actor=actor, limit=5)
        return self.rendered(
            "console_inbox.html",
            visit,
            part="/console/inbox",
            status=status,
            problem=problem,
            flash=_told(acts, done),
            view=view,
            views=VIEWS,
            counts=self._review.counts(),
            language=spoken or "",
            languages=self._rules.languages,
            groups=groups,
            group=current,
            items=[one for one in items if one.state is not ItemState.SETTLED],
            size=getattr(current, view.value) if current else 0,
            upto=max((one.id for one in items), default=0),
            after=after[0] if after else None,
            intents=self._review.intents(),
            topics=self._review.topics(),
            acts=[one for one in acts if one.undone_at is None],
            agreement=next(iter(self._review.agreements()), None),
            why=WHY,
            disputed=ItemState.DISPUTED,
            kinds=KINDS,
            product=PRODUCT,
            products=self._review.products(MOST_PRODUCTS) if items else [],
        )

    def data(self, visit: Visit, *, checked: bool = False) -> Response:
        """What was learnt, the store's own intents, and what is wrong with the examples if that was asked."""
        found = self._review.check() if checked else []
        return self.rendered(
            "console_data.html",
            visit,
            part="/console/data",
            status=200,
            problem=None,
            flash=None,
            learnt=self._review.learnt()[:MOST_LEARNT],
            added=self._review.added(),
            names=self._review.names()[:MOST_LEARNT],
            checked=checked,
            grave=[one for one in found if one.kind.forbids],
            slight=[one for one in found if not one.kind.forbids][:MOST_FINDINGS],
            more=max(0, sum(not one.kind.forbids for one in found) - MOST_FINDINGS),
        )

    def rendered(self, template: str, visit: Visit, *, status: int, **values: object) -> Response:
        """A page of the console made of a template."""
        return self._pages.page(
            template,
            status=status,
            store=self._rules.store,
            person=visit.person,
            csrf=visit.csrf,
            now=self._clock.now(),
            parts=PARTS,
            waiting=None,
            asked=None,
            **values,
        )


def _told(acts: list[ActLine], done: int) -> str | None:
    """What the page says after a decision."""
    act = next((one for one in acts if one.id == done), None)
    if act is None:
        return None
    messages = f"{act.items} message{'s' if act.items != 1 else ''}"
    if act.undone_at is not None:
        return f"Taken back: {messages}, {act.verdict}."
    return f"{messages}: {act.verdict}."
