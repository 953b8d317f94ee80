"""The chat on a store's own pages: a script that makes a launcher, and who may show the page behind it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from adapters.web.shield import POLICY
from adapters.web.wording import Wording

#: Where the page is that stands in a frame.
PAGE = "/chat/embedded"
_SCRIPT = Path(__file__).parent / "static" / "embed.js"
#: What the script needs to say itself.
_STRINGS = ("launcher", "close")


def page_headers(origins: Sequence[str]) -> dict[str, str | None]:
    """Let these origins' pages, and nobody else's, show our page in a frame."""
    allowed = " ".join(origins) or "'none'"
    policy = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {allowed}")
    # The older header knows no list; browsers that know the policy pass it over.
    return {"Content-Security-Policy": policy, "X-Frame-Options": None if origins else "DENY"}


#: Any page may load the script: it does nothing where the page that it opens may not be shown.
SCRIPT_HEADERS: dict[str, str | None] = {"Cross-Origin-Resource-Policy": "cross-origin"}


def script(wording: Wording, store: str) -> str:
    """The script with its words in each of the store's languages."""
    words = {
        code: {
            "direction": language.direction,
            "title": language.strings["title"].format(store=store),
            **{name: language.strings[name] for name in _STRINGS},
        }
        for code, language in wording.languages.items()
    }
    given = json.dumps({"fallback": wording.fallback, "words": words, "page": PAGE})
    return f"(({{ fallback, words, page }}) => {{\n{_SCRIPT.read_text(encoding='utf-8')}\n}})({given});\n"
