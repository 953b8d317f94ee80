"""A message of ours as a letter: pure, but for the files that it carries."""

from __future__ import annotations

import email.policy
import html
import re
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML

from adapters.mail.marks import Marks, address_of
from adapters.mail.translate import bare_subject
from bot.messages import Answered, Author, Button, Outbound

#: As wide as mail programs show it, and as much as anybody reads of a quote.
_QUOTED_LINES, _QUOTED_LETTERS = 30, 2_000
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
#: Quoted-printable or base64 where it has to be: not every server takes eight bits.
_POLICY = email.policy.SMTP.clone(cte_type="7bit", max_line_length=200)
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_LONGEST_REFERENCES = 12


def compose(
    message: Outbound,
    answered: Answered | None,
    *,
    marks: Marks,
    store: str,
    files: Sequence[tuple[str, str, bytes]] = (),
) -> EmailMessage:
    """The letter, the same bytes each time but for how the parts are divided.

    Args:
        message: what to say.
        answered: the buyer's letter before it; None if we write first.
        marks: make our ids.
        store: the store's name, which signs.
        files: name, media type and content of each.
    """
    note: Mapping[str, str] = answered.note if answered is not None else {}
    letter = EmailMessage(policy=_POLICY)
    letter["From"] = _from(message, store)
    letter["To"] = Address(addr_spec=address_of(message.sender))
    letter["Subject"] = _subject(message, note.get("subject", ""), marks, store)
    letter["Date"] = format_datetime(message.created_at)
    letter["Message-ID"] = marks.message_id(message.account, message.sender, message.key)
    own = note.get("message_id", "")
    if _is_id(own):
        letter["In-Reply-To"] = own
        before = [one for one in note.get("references", "").split() if _is_id(one)]
        thread = [one for one in before if one != own][-_LONGEST_REFERENCES:]
        letter["References"] = " ".join([*thread, own])
    if message.author is not Author.AGENT:
        letter["Auto-Submitted"] = "auto-replied" if answered is not None else "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"
    letter["Content-Language"] = message.language
    text = _text(message)
    quote = _quote(answered) if answered is not None else ()
    wrote = _wrote(message, answered, note) if quote else ""
    letter.set_content("\n".join((text, "", wrote, *(f"> {line}" for line in quote))).rstrip("\n") + "\n")
    letter.add_alternative(_html(message, text, wrote, quote), subtype="html")
    for name, media_type, content in files:
        kind, _, subtype = media_type.partition("/")
        letter.add_attachment(content, maintype=kind, subtype=subtype or "octet-stream", filename=name)
    return letter


def read_files(message: Outbound, folder: Path) -> list[tuple[str, str, bytes]]:
    """What a message carries, from below ``CROSSDESK_FILES``.

    Raises:
        OSError: a file is gone.
    """
    return [
        (one.name, one.media_type, (folder / one.path).read_bytes())
        for one in message.attachments
        if one.path
    ]


def _from(message: Outbound, store: str) -> Address:
    name = f"{message.author_name} ({store})" if message.author_name else store
    return Address(display_name=_header(name)[:100], addr_spec=message.account)


def _subject(message: Outbound, before: str, marks: Marks, store: str) -> str:
    bare = _header(bare_subject(before))
    return f"{f'Re: {bare}' if bare else _header(store)} {marks.tag(message.account, message.sender)}"


def _text(message: Outbound) -> str:
    text = message.text.replace("\r\n", "\n").replace("\r", "\n")
    if not message.buttons:
        return text
    return "\n".join((text, "", _words(message.language)["choose"], *_choices(message.buttons)))


def _choices(buttons: Sequence[Button]) -> list[str]:
    return [f"{number}. {_flat(button.title)}" for number, button in enumerate(buttons, 1)]


def _quote(answered: Answered) -> tuple[str, ...]:
    lines = answered.text[:_QUOTED_LETTERS].splitlines()
    return tuple(lines[:_QUOTED_LINES]) + (("…",) if len(lines) > _QUOTED_LINES else ())


def _wrote(message: Outbound, answered: Answered | None, note: Mapping[str, str]) -> str:
    if answered is None:
        return ""
    language = _spoken(message.language)
    date = f"{answered.sent_at:%Y-%m-%d %H:%M} UTC"
    return _words(language)["wrote"].format(date=date, name=note.get("name") or address_of(message.sender))


def _html(message: Outbound, text: str, wrote: str, quote: Sequence[str]) -> str:
    direction = "rtl" if _spoken(message.language) in _RIGHT_TO_LEFT else "ltr"
    quoted = ""
    if quote:
        said = "<br>\n".join(html.escape(line) for line in quote)
        style = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
        quoted = f'<p>{html.escape(wrote)}</p>\n<blockquote dir="auto" style="{style}">{said}</blockquote>\n'
    paragraphs = "\n".join(f"<p>{_linked(part)}</p>" for part in re.split(r"\n{2,}", text.strip("\n")))
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(message.language)}" dir="{direction}">\n'
        '<head><meta charset="utf-8"><title></title></head>\n'
        f"<body>\n{paragraphs}\n{quoted}</body>\n</html>\n"
    )


def _linked(text: str) -> str:
    """Escaped, with lines kept and addresses of pages to click."""
    shown, done = "", 0
    for found in _LINK.finditer(text):
        address = html.escape(found[0])
        shown += html.escape(text[done : found.start()]) + f'<a href="{address}">{address}</a>'
        done = found.end()
    return (shown + html.escape(text[done:])).replace("\n", "<br>\n")


def _is_id(text: str) -> bool:
    return re.fullmatch(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,300}>", text) is not None and "=?" not in text


def _header(text: str) -> str:
    """On one line, also once the library has read "=?…?=" as coded words, in which line breaks may stand."""
    return _flat(text).replace("=?", "= ?")


def _flat(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _spoken(language: str) -> str:
    return language.partition("-")[0].lower()


def _words(language: str) -> Mapping[str, str]:
    known = _all_words()
    return known.get(_spoken(language), known["en"])


@lru_cache(maxsize=1)
def _all_words() -> Mapping[str, Mapping[str, str]]:
    loaded: Mapping[str, Mapping[str, str]] = YAML(typ="safe").load(Path(__file__).with_name("words.yml"))
    return loaded
