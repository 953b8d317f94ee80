"""The words of an HTML letter as plain text; what it quotes begins with ">"."""

from __future__ import annotations

import re

from lxml import etree, html

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6"
        " header hr li main nav ol p pre section table tbody td tfoot th thead tr ul",
    )
)
_UNSEEN = frozenset(
    ("head", "script", "style", "title", "meta", "link", "noscript", "template", "object", "svg")
)
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
#: Wrappers of quotes that are no ``blockquote``.
_QUOTES = ("yahoo_quoted", "zmail_extra", "tutanota_quote")
_DEEPEST_QUOTE = 8


def to_text(markup: str) -> str:
    """The text that a reader sees. Never raises."""
    try:
        root = html.document_fromstring(
            markup.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8")
        )
    except (etree.LxmlError, ValueError, AssertionError):
        return re.sub(r"<[^<>]*>", " ", markup)
    text = _Text()
    for event, node in etree.iterwalk(root, events=("start", "end", "comment")):
        if event == "comment":
            text.write(node.tail or "")
        elif event == "start":
            text.start(node)
        else:
            text.end(node)
    return text.done()


class _Text:
    """Collects lines while the tree is walked."""

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        self._depths: list[int] = [0]
        self._quotes = 0
        self._unseen = 0
        self._verbatim = 0

    def start(self, node: etree._Element) -> None:
        tag = str(node.tag)
        if tag in _UNSEEN or _HIDDEN.search(node.get("style") or ""):
            self._unseen += 1
        if tag in _BLOCKS:
            self._break(blank=tag in ("p", "table", "blockquote"))
        if self._is_quote(node, tag):
            self._quotes += 1
            self._break()
        self._verbatim += tag == "pre"
        if tag == "br":
            self._break(forced=True)
        elif tag == "hr":
            self.write("________________________________")
        elif tag == "li":
            self.write("- ")
        self.write(node.text or "")

    def end(self, node: etree._Element) -> None:
        tag = str(node.tag)
        if tag in _UNSEEN or _HIDDEN.search(node.get("style") or ""):
            self._unseen -= 1
        self._verbatim -= tag == "pre"
        if tag in _BLOCKS:
            self._break(blank=tag in ("p", "table", "blockquote"))
        if self._is_quote(node, tag):
            self._quotes -= 1
            self._break()
        self.write(node.tail or "")

    def write(self, words: str) -> None:
        if self._unseen:
            return
        if self._verbatim:
            first, *others = words.split("\n")
            self._lines[-1] += first
            for line in others:
                self._break(forced=True)
                self._lines[-1] += line
            return
        plain = _SPACE.sub(" ", words)
        self._lines[-1] += plain.lstrip() if not self._lines[-1] or self._lines[-1].endswith(" ") else plain

    def done(self) -> str:
        shown = [
            (">" * depth + " " if depth else "") + line.rstrip()
            for line, depth in zip(self._lines, self._depths, strict=True)
        ]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(shown)).strip("\n")

    @staticmethod
    def _is_quote(node: etree._Element, tag: str) -> bool:
        named = f"{node.get('class') or ''} {node.get('id') or ''}"
        return tag == "blockquote" or any(name in named for name in _QUOTES)

    def _break(self, *, forced: bool = False, blank: bool = False) -> None:
        depth = min(max(self._quotes, 0), _DEEPEST_QUOTE)
        if forced or self._lines[-1].strip():
            self._lines.append("")
            self._depths.append(depth)
        if blank and len(self._lines) > 1 and self._lines[-2].strip():
            self._lines.append("")
            self._depths.append(depth)
        self._depths[-1] = depth
