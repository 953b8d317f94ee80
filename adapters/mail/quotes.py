"""What a buyer wrote anew: old words, signatures and small print are cut, and nothing else."""

from __future__ import annotations

import re

from adapters.mail.phrases import phrases

#: A letter's first lines and characters; what follows is not looked at.
MOST_LINES, LONGEST_LINE = 4_000, 4_000
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',:;|]+@[^\s<>()\[\]\"',:;|]+\.[^\s<>()\[\]\"',:;|]+")
_DATE = re.compile(r"\d{1,4}\D{1,20}\d{1,4}|\d{1,2}[:.h]\d{2}")
_CONTACT = re.compile(
    r"(?i)(tel|phone|mobile|mob|fax|handy|telefon|teléfono|tél|portable|móvil|celular|тел|моб|هاتف|جوال|电话|電話|手机|携帯|전화|휴대폰"
    r"|e-?mail|web|www|https?)\b|[\W\d]*\+?\d[\d\s()./-]{8,}$|[^\s@]+@[^\s@]+\.\w+$"
)
_RULE = re.compile(r"\s*([-=_*━─═~＊＿–—+☆★◇◆・.#])(?:\s*\1){5,}\s*")
_QUOTED = re.compile(r"\s{0,3}>")


def new_words(text: str) -> str:
    """The new words of a letter; empty if there are none. Never raises, in time that grows with the text."""
    lines = [line[:LONGEST_LINE].rstrip() for line in text.replace("\xa0", " ").split("\n")[:MOST_LINES]]
    kept: list[str] = []
    for at, line in enumerate(lines):
        if _QUOTED.match(line):
            continue
        if _begins_old(lines, at):
            break
        kept.append(line)
        gone = _attribution(lines, at, len(kept))
        if gone:
            del kept[-gone:]
            if not _next_is_quoted(lines, at):
                break
    return "\n".join(_without_signature(kept)).strip()


def _begins_old(lines: list[str], at: int) -> bool:
    """Whether an old letter follows as it was, unmarked: nothing new can be told from it any more."""
    line = lines[at]
    if not line.strip() or len(line) > 300:
        return False
    if phrases().old_letter.fullmatch(line) or phrases().forwarded.fullmatch(line):
        return True
    if not any(header.match(line) for header in phrases().headers.values()):
        return False
    kinds: set[str] = set()
    address, others = False, 0
    for other in lines[at : at + 10]:
        found = [kind for kind, header in phrases().headers.items() if header.match(other)]
        others += not found
        if not other.strip() or others > 1:
            # A long list of addresses goes on over one line; a new paragraph is something else.
            break
        kinds.update(found[:1])
        address = address or _ADDRESS.search(other) is not None
    # "From: Berlin, To: Lyon" is somebody's parcel.
    return len(kinds) >= 3 and ("subject" in kinds or address) and ("from" in kinds or "subject" in kinds)


def _attribution(lines: list[str], at: int, most: int) -> int:
    """How many lines up to this one say who wrote what follows, such as "On Monday, Ann wrote:"."""
    last = lines[at].rstrip(" \u200e\u200f*_")
    if not last.endswith((":", "：")):
        return 0
    quoted = _next_is_quoted(lines, at)
    weakly = 0
    for count in range(1, min(4, most, at + 1) + 1):
        first = lines[at - count + 1]
        said = " ".join(lines[at - count + 1 : at + 1])
        if not first.strip() or _QUOTED.match(first) or len(said) > 400:
            break
        date, wrote = _DATE.search(said) is not None, phrases().wrote.search(said) is not None
        # Somebody's own "On Monday I wrote:" names no address, and no quote follows.
        if _ADDRESS.search(said) and date and (quoted or wrote or re.search(r"\d[:.h]\d\d", said)):
            return count
        if quoted and wrote and not weakly and (date or count == 1):
            weakly = count
    return weakly


def _next_is_quoted(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at + 1 : at + 6] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _without_signature(lines: list[str]) -> list[str]:
    kept = [
        line
        for line in lines
        if not phrases().sent_from.fullmatch(line[:200]) and not phrases().advertised.fullmatch(line[:300])
    ]
    kept = _without_small_print(kept)
    for at, line in enumerate(kept):
        after = [other for other in kept[at + 1 :] if other.strip()]
        if not at or len(after) > 12 or any(_asks(other) for other in after):
            continue
        drawn = _RULE.fullmatch(line) is not None and any(_is_contact(other) for other in after)
        if drawn or line.strip() in ("--", "—", "–"):
            return kept[:at]
    while kept and (not kept[-1].strip() or _RULE.fullmatch(kept[-1])):
        kept.pop()
    return kept


def _asks(line: str) -> bool:
    return any(sign in line for sign in "?？؟") or len(line) > 120


def _is_contact(line: str) -> bool:
    """Whether a line is a telephone number, an address on the net, or says so before one."""
    plain = line.strip(" |*_<>•·")
    return len(plain) <= 80 and _CONTACT.match(plain) is not None and not _asks(line)


def _without_small_print(lines: list[str]) -> list[str]:
    """Without the paragraphs that lawyers have added to every letter of a company."""
    kept: list[str] = []
    paragraph: list[str] = []
    first = True
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line)
            continue
        said = " ".join(paragraph)
        if first or len(said) < 40 or not (phrases().secret.search(said) and phrases().letter.search(said)):
            kept += paragraph
            first = first and not said
        paragraph = []
        kept.append(line)
    return kept[:-1]
