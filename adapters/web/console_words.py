"""The console's words: found, changed in a draft, looked at, checked, released and taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from babel import Locale
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.console_acting import Handler, Render, acted
from adapters.web.forms import text_of
from adapters.web.gate import Gate, Visit
from bot.errors import CrossdeskError, WordsError
from bot.settings import ShopRules
from bot.wording import changes, finding, preview
from bot.wording.book import Book
from bot.wording.drafts import Written, written_of
from bot.wording.finding import Only
from bot.wording.preview import CHANNELS, Shown
from bot.wording.service import Wording

PAGE = "/console/words"
#: Replies of a list, lines of the log, changed replies of a version: the most on the page.
LISTED, LINES, CHANGED = 60, 20, 12
#: Characters that are looked for.
LONGEST = 200
CHANNEL_NAMES = {"web": "Chat", "telegram": "Telegram", "slack": "Slack", "mail": "E-mail"}
_ONLY = {Only.ALL: "All", Only.CHANGED: "Changed by a release", Only.DRAFT: "In the draft"}
_DONE = {
    "edit": "In the draft. Nobody hears it before it is released.",
    "same": "That is what serves already: nothing of it is in the draft.",
    "drop": "Taken out of the draft.",
    "release": "Released: it is spoken from the next turn on.",
    "again": "Released: it is spoken from the next turn on.",
    "rollback": "Back to the words before: they are spoken from the next turn on.",
}
#: Instead, where it cannot be released like this.
_AGAINST = "It is in the draft, but cannot be released like this: what is wrong stands beside it."
ACTS = tuple(name for name in _DONE if name != "same")


class ConsoleWords:
    """Pages and forms below ``/console/words``."""

    def __init__(self, gate: Gate, wording: Wording, render: Render) -> None:
        self._gate = gate
        self._wording = wording
        self._rules: ShopRules = wording.settings.rules
        self._render = render

    def warm_up(self) -> None:
        """Read the files of replies: the first page would take a third of a second more."""
        self._wording.warm_up()

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each."""
        return [("GET", PAGE, self._page), ("POST", f"{PAGE}/{{act}}", self._act)]

    async def _page(self, request: Request, visit: Visit) -> Response:
        asked = request.query_params
        done = asked.get("done", "")
        try:
            return await to_thread.run_sync(lambda: self._shown(visit, asked, flash=_DONE.get(done)))
        except WordsError as error:
            why = str(error)
            return await to_thread.run_sync(lambda: self._list(visit, {}, status=404, problem=why))

    async def _act(self, request: Request, visit: Visit) -> Response:
        async def again(form: Mapping[str, str], status: int, problem: str | None) -> Response:
            return await self._again(visit, form, status, problem)

        do = partial(self._do, visit.person.login)
        return await acted(request, visit, self._gate, acts=ACTS, do=do, again=again, look="look")

    def _do(self, by: str, act: str, form: Mapping[str, str]) -> str:
        """Do what a form asks for; returns where it is told."""
        key, language, seen = form.get("key", ""), form.get("language", ""), form.get("seen", "")
        note = text_of(form, "note")
        if act == "edit":
            field = self._wording.edit(key, language, _written(form), by, seen=seen)
            act = "edit" if field.draft is not None else "same"
        elif act == "drop":
            self._wording.drop(key, language, by, seen=seen)
        elif act == "release":
            self._wording.release(by, note=note, seen=seen)
        elif act == "again":
            self._wording.release_again(form.get("version", ""), by, note=note)
        else:
            self._wording.roll_back(by, note=note, seen=seen)
        kept = {name: form[name][:LONGEST] for name in ("key", "language") if form.get(name)}
        return f"{PAGE}?{urlencode({**kept, 'done': act})}"

    async def _again(
        self, visit: Visit, form: Mapping[str, str], status: int, problem: str | None
    ) -> Response:
        """The page that a form came from, with what was typed into it."""

        def render() -> Response:
            try:
                return self._shown(visit, form, status=status, problem=problem, typed=_written(form))
            except WordsError as error:
                return self._list(visit, {}, status=max(status, 422), problem=problem or str(error))

        return await to_thread.run_sync(render)

    def _shown(
        self,
        visit: Visit,
        asked: Mapping[str, str],
        *,
        status: int = 200,
        flash: str | None = None,
        problem: str | None = None,
        typed: Sequence[Written] = (),
    ) -> Response:
        if asked.get("key"):
            return self._editor(visit, asked, status=status, flash=flash, problem=problem, typed=typed)
        return self._list(visit, asked, status=status, flash=flash, problem=problem)

    def _list(
        self,
        visit: Visit,
        asked: Mapping[str, str],
        *,
        status: int = 200,
        flash: str | None = None,
        problem: str | None = None,
    ) -> Response:
        """All replies, the draft, the versions and the log."""
        book, fallback = self._wording.book(), self._rules.fallback_language
        words, language = text_of(asked, "find")[:LONGEST], asked.get("language", "")
        spoken = language if language in self._rules.languages else fallback
        only = next((one for one in Only if one.value == asked.get("only")), Only.ALL)
        found = finding.find(book, words, language=spoken, only=only, fallback=fallback)
        try:
            against = self._wording.check(book, beside_code=False)
        except CrossdeskError as error:
            against, problem = [], problem or str(error)
        return self._render(
            "console_words.html",
            visit,
            part=PAGE,
            status=status,
            flash=flash,
            problem=problem,
            find=words,
            only=only,
            onlys=_ONLY,
            language=spoken,
            languages=self._rules.languages,
            found=found[:LISTED],
            count=len(found),
            book=book,
            against={(one.key, one.language) for one in against},
            findings=len(against),
            stale={
                (one.key, one.language)
                for one in book.drafts
                if self._wording.field(one.key, one.language, book).is_stale
            },
            versions=self._versions(book),
            released=self._wording.shelf.now(),
            log=self._wording.log(LINES),
        )

    def _editor(
        self,
        visit: Visit,
        asked: Mapping[str, str],
        *,
        status: int,
        flash: str | None,
        problem: str | None,
        typed: Sequence[Written],
    ) -> Response:
        """One reply in one language beside English, as it would read, and what stands against it."""
        key, fallback = asked["key"], self._rules.fallback_language
        language = asked.get("language") or fallback
        book = self._wording.book()
        field = self._wording.field(key, language, book)
        written = written_of(field.variants)
        if typed:
            try:
                book = self._wording.tried(book, key, language, typed)
            except WordsError as error:
                status, problem = max(status, 422), problem or str(error)
            # What was typed is never lost, whatever is wrong with it.
            written = list(typed)
        against = self._wording.check(book, [key], beside_code=False)
        if flash == _DONE["edit"] and any(one.language == language for one in against):
            problem = problem or _AGAINST
        everywhere = asked.get("everywhere") == "yes"
        return self._render(
            "console_word.html",
            visit,
            part=PAGE,
            status=status,
            flash=flash,
            problem=problem,
            field=field,
            model=written_of(book.whole.get(fallback, {}).get(key, ())),
            ways=preview.ways(field.in_files),
            serving=written_of(field.serving or ()),
            in_files=written_of(field.in_files),
            written=written,
            changed_meanwhile=written_of(field.variants) if status == 409 and typed else None,
            language=language,
            languages=self._rules.languages,
            fallback=fallback,
            direction=_direction(language),
            drafted={one.language for one in book.drafts if one.key == key},
            own=[one for one in against if one.language == language],
            others=[one for one in against if one.language != language],
            faulty={one.language for one in against},
            everywhere=everywhere,
            previews=[
                (one, self._previews(book, key, one))
                for one in (self._rules.languages if everywhere else (language,))
            ],
        )

    def _previews(self, book: Book, key: str, language: str) -> list[tuple[str, list[Shown]]]:
        """What buyers would read: channels on which it is the same stand together."""
        found: list[tuple[str, list[Shown]]] = []
        same: dict[Any, int] = {}
        for channel in CHANNELS:
            shown = preview.shown(book.whole, key, language, channel, self._rules)
            reads = tuple((one.text, one.buttons, one.numbered, one.count, one.problem) for one in shown)
            if reads in same:
                names, kept = found[same[reads]]
                found[same[reads]] = (f"{names}, {CHANNEL_NAMES[channel]}", kept)
            else:
                same[reads] = len(found)
                found.append((CHANNEL_NAMES[channel], shown))
        return found

    def _versions(self, book: Book) -> list[dict[str, Any]]:
        """The versions that are kept, with what would be said otherwise with each."""
        known = []
        for one in self._wording.shelf.listed():
            found = list(changes.changes(book.serving, self._wording.said_with(one.name)))
            known.append(
                {
                    "version": one,
                    "made_at": dt.datetime.fromisoformat(one.made_at) if one.made_at else None,
                    "changes": [
                        (change, _text(change.before), _text(change.after)) for change in found[:CHANGED]
                    ],
                    "more": max(0, len(found) - CHANGED),
                }
            )
        return known


def _written(form: Mapping[str, str]) -> list[Written]:
    """What was typed into the fields of a reply, each way of saying it with its buttons."""
    found: list[Written] = []
    while (name := f"text-{len(found)}") in form:
        titles: list[str] = []
        while (title := f"title-{len(found)}-{len(titles)}") in form:
            titles.append(text_of(form, title))
        found.append(Written(text_of(form, name), tuple(titles)))
    return found


def _text(variants: Any) -> str:
    return " / ".join(one.text for one in written_of(variants or ()))


def _direction(language: str) -> str:
    return str(Locale.parse(language).text_direction)
