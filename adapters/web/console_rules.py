"""The console's rules: settings found, changed in a draft, checked, released and taken back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.console_acting import Handler, Render, acted
from adapters.web.forms import text_of
from adapters.web.gate import Gate, Visit
from bot.errors import ConfigurationError, CrossdeskError
from bot.rulebook import catalog
from bot.rulebook.book import Book, back_to
from bot.rulebook.catalog import Setting
from bot.rulebook.consequences import DAYS, Consequences
from bot.rulebook.drafts import difference
from bot.rulebook.service import BY_HAND, Rulebook
from bot.settings.reading import Fault

PAGE = "/console/rules"
#: Settings of a list, lines of the log, lines of a difference, replies that are named: the most on the page.
LISTED, LINES, DIFFERING, NAMED = 80, 20, 200, 4
#: Characters that are looked for, and of a setting's name.
LONGEST = 200
_DONE = {
    "edit": "In the draft. Nothing goes by it before it is released.",
    "assign": "In the draft. Nothing goes by it before it is released.",
    "unassign": "In the draft: the shipped value is to hold again.",
    "same": "That is what holds already: there is no draft.",
    "drop": "The draft is gone.",
    "release": "Released: it holds from the next turn on.",
    "again": "Released: it holds from the next turn on.",
    "rollback": "Back to the rules before: they hold from the next turn on.",
}
ACTS = tuple(name for name in _DONE if name != "same")
#: What leaves something in the draft, and what is said instead where it cannot be released like this.
_DRAFTED = ("edit", "assign", "unassign")
_AGAINST = "It is in the draft, but cannot be released like this: what is wrong stands beside it."


class ConsoleRules:
    """Pages and forms below ``/console/rules``."""

    def __init__(self, gate: Gate, rulebook: Rulebook, render: Render) -> None:
        self._gate = gate
        self._rulebook = rulebook
        self._render = render

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each."""
        return [("GET", PAGE, self._page), ("POST", f"{PAGE}/{{act}}", self._act)]

    async def _page(self, request: Request, visit: Visit) -> Response:
        asked = request.query_params
        return await to_thread.run_sync(partial(self._shown, visit, asked, done=asked.get("done", "")))

    async def _act(self, request: Request, visit: Visit) -> Response:
        async def again(form: Mapping[str, str], status: int, problem: str | None) -> Response:
            return await to_thread.run_sync(
                partial(self._shown, visit, form, status=status, problem=problem, typed=True)
            )

        do = partial(self._do, visit.person.login)
        return await acted(request, visit, self._gate, acts=ACTS, do=do, again=again)

    def _do(self, by: str, act: str, form: Mapping[str, str]) -> str:
        """Do what a form asks for; returns where it is told."""
        seen, note, place = form.get("seen", ""), text_of(form, "note"), form.get("setting", "")
        rulebook = self._rulebook
        if act in ("edit", "assign", "unassign"):
            if act == "edit":
                book = rulebook.edit(text_of(form, "text"), by, seen=seen)
            elif act == "assign":
                book = rulebook.assign(place, text_of(form, "value"), by, seen=seen)
            else:
                book = rulebook.unassign(place, by, seen=seen)
            act = act if book.draft is not None else "same"
        elif act == "drop":
            rulebook.drop(by, seen=seen)
        elif act == "release":
            rulebook.release(by, note=note, seen=seen)
        elif act == "again":
            rulebook.release_again(form.get("version", ""), by, note=note, seen=seen)
        else:
            rulebook.roll_back(by, note=note, seen=seen)
        kept = {"setting": place[:LONGEST]} if place else {}
        return f"{PAGE}?{urlencode({**kept, 'done': act})}"

    def _shown(
        self,
        visit: Visit,
        asked: Mapping[str, str],
        *,
        status: int = 200,
        done: str = "",
        problem: str | None = None,
        typed: bool = False,
    ) -> Response:
        """The page that is asked for; ``typed``: with what a form brought, which was refused."""
        try:
            book = self._rulebook.book()
        except ConfigurationError as error:
            # Somebody broke the file by hand.
            book, problem = None, str(error)
        show = partial(
            self._render,
            visit=visit,
            part=PAGE,
            status=status,
            flash=_DONE.get(done),
            problem=problem,
            book=book,
        )
        if book is None:
            return show("console_rules_broken.html")
        place = asked.get("setting", "")[:LONGEST]
        if place:
            value = text_of(asked, "value") if typed else None
            return self._setting(show, book, place, value, status, done)
        if asked.get("file") or (typed and "text" in asked):
            return self._file(show, book, text_of(asked, "text") if typed and "text" in asked else None)
        return self._list(show, book, asked, done)

    def _list(
        self, show: Callable[..., Response], book: Book, asked: Mapping[str, str], done: str
    ) -> Response:
        """The settings, the draft, the versions and the log."""
        words, own = text_of(asked, "find")[:LONGEST], asked.get("only") == "own"
        known = _catalog(book)
        found = catalog.find(known, words, own=own)
        is_asked = bool(words.strip()) or own
        rules, faults = (None, ()) if book.draft is None else self._rulebook.check(book.whole)
        lines = difference(book.text, book.whole)
        return show(
            "console_rules.html",
            find=words,
            own=own,
            found=found[:LISTED] if is_asked else [],
            count=len(found),
            # Nothing is looked for: all of them, part by part.
            parts_of=[] if is_asked else [(part, own, _named(own)) for part, own in _parts(known)],
            hand=BY_HAND,
            faults=faults,
            lines=lines[:DIFFERING],
            more_lines=max(0, len(lines) - DIFFERING),
            consequences=Consequences() if rules is None else self._rulebook.consequences(rules),
            told=_told,
            named=NAMED,
            days=DAYS,
            back=back_to(book),
            versions=self._versions(book),
            log=self._rulebook.log(LINES),
            **_instead(done, faults),
        )

    def _setting(
        self,
        show: Callable[..., Response],
        book: Book,
        place: str,
        typed: str | None,
        status: int,
        done: str,
    ) -> Response:
        """One setting, and those that stand beside it."""
        known = _catalog(book)
        one = next((one for one in known if one.place == place), None)
        beside = place.rpartition(".")[0] or place
        if one is None and typed is None and not any(each.place.startswith(f"{place}.") for each in known):
            status = 404 if status == 200 else status
        # What was released was checked then, which takes a sixth of a second.
        is_checked = book.draft is None and not book.by_hand
        found = () if is_checked else self._rulebook.check(book.whole)[1]
        faults = [fault for fault in found if _is_about(fault.place, place)]
        drafted = {} if book.draft is None else {each.place: each for each in _catalog_of(book.text)}
        return show(
            "console_rule.html",
            status=status,
            place=place,
            setting=one,
            value=(one.value if one else "") if typed is None else typed,
            serving=drafted.get(place),
            faults=faults,
            beside=[each for each in known if each.place.startswith(f"{beside}.") and each is not one][
                :LISTED
            ],
            **_instead(done, faults),
        )

    def _file(self, show: Callable[..., Response], book: Book, typed: str | None) -> Response:
        """The store's whole file."""
        text = book.whole if typed is None else typed
        lines = difference(book.text, text)
        return show(
            "console_rules_file.html",
            text=text,
            faults=self._rulebook.check(text)[1],
            lines=lines[:DIFFERING],
            more_lines=max(0, len(lines) - DIFFERING),
        )

    def _versions(self, book: Book) -> list[dict[str, Any]]:
        """The versions that are kept, with the lines that would differ with each."""
        return [
            {
                "version": one,
                "made_at": dt.datetime.fromisoformat(one.made_at) if one.made_at else None,
                "lines": difference(book.text, one.text)[:DIFFERING],
                "serves": one.name == book.released.name and not book.by_hand,
            }
            for one in self._rulebook.shelf.listed()
        ]


def _catalog(book: Book) -> list[Setting]:
    """The settings with the draft; where that is no YAML, those without it."""
    return _catalog_of(book.whole) or _catalog_of(book.text)


def _catalog_of(text: str) -> list[Setting]:
    try:
        return catalog.catalog(text)
    except CrossdeskError:
        return []


def _parts(known: Sequence[Setting]) -> list[tuple[str, list[Setting]]]:
    return [(part, list(own)) for part, own in groupby(known, lambda one: one.part)]


def _named(settings: Sequence[Setting]) -> str:
    """What a part holds, for whoever looks for a setting; of a single one its value."""
    if len(settings) == 1 and settings[0].place == settings[0].part:
        return settings[0].value
    return ", ".join(dict.fromkeys(one.place.split(".")[1] for one in settings)).replace("_", " ")


def _instead(done: str, faults: Sequence[Fault]) -> dict[str, str]:
    """What is said in place of all being well."""
    return {"problem": _AGAINST} if faults and done in _DRAFTED else {}


def _is_about(fault: str, place: str) -> bool:
    return not fault or fault == place or fault.startswith(f"{place}.") or place.startswith(f"{fault}.")


def _told(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
