"""A message to a buyer as Block Kit: words stand in rich text, in which Slack looks for no markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.text import escaped, parts, shortened
from adapters.slack.translate import BUTTON
from bot.errors import NeverError
from bot.messages import Button, Outbound

#: Slack's limits, in UTF-16 units: a block's text, a button's title, its value.
MOST_WORDS, MOST_TITLE, MOST_VALUE = 3_000, 75, 2_000
#: Buttons of one block; blocks of one message, less those that may stand beside the words.
MOST_BUTTONS, MOST_BLOCKS = 25, 50
#: Blocks of words in one message: Slack refuses one that is far longer.
WORDS_A_POST = 4
#: What a notification shows; Slack cuts it at 40,000, after escaping.
MOST_NOTICE = 3_000
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]'。，、）]")

Block = dict[str, Any]


@dataclass(frozen=True)
class Post:
    """One call of ``chat.postMessage``, but for the place."""

    #: For notifications and whoever does not show blocks; escaped.
    text: str
    blocks: tuple[Block, ...]


def to_posts(message: Outbound) -> Sequence[Post]:
    """The message in as many posts as Slack's limits ask for; none if it has neither words nor buttons.

    Every block's id begins with the message's key, so that it can be found again.

    Raises:
        NeverError: a button says more than Slack takes.
    """
    words = list(parts(message.text, MOST_WORDS))
    groups = [words[at : at + WORDS_A_POST] for at in range(0, len(words), WORDS_A_POST)]
    if not groups and message.buttons:
        groups = [[]]
    posts = []
    for number, group in enumerate(groups):
        blocks: list[Block] = []
        if number == 0 and message.author_name:
            blocks.append(_name(message.author_name))
        blocks += [_words(part) for part in group]
        if number == len(groups) - 1:
            blocks += _buttons(message.buttons)
        if len(blocks) > MOST_BLOCKS:
            raise NeverError(f"{len(message.buttons)} buttons are more than Slack takes")
        notice = "\n".join(group) or " · ".join(button.title for button in message.buttons).strip() or "…"
        identified = (
            {**block, "block_id": block_id(message.key, number, at)} for at, block in enumerate(blocks)
        )
        posts.append(Post(escaped(shortened(notice, MOST_NOTICE)), tuple(identified)))
    return posts


def block_id(key: str, post: int, block: int) -> str:
    """The id of a message's block."""
    return f"{key}:{post}:{block}"


def _name(name: str) -> Block:
    return {"type": "context", "elements": [{"type": "plain_text", "text": shortened(name, 150)}]}


def _words(text: str) -> Block:
    section = {"type": "rich_text_section", "elements": list(_elements(text))}
    return {"type": "rich_text", "elements": [section]}


def _elements(text: str) -> Iterator[Block]:
    end = 0
    for match in _LINK.finditer(text):
        if match.start() > end:
            yield {"type": "text", "text": text[end : match.start()]}
        yield {"type": "link", "url": match[0]}
        end = match.end()
    if end < len(text):
        yield {"type": "text", "text": text[end:]}


def _buttons(buttons: Sequence[Button]) -> Iterator[Block]:
    for start in range(0, len(buttons), MOST_BUTTONS):
        group = buttons[start : start + MOST_BUTTONS]
        yield {
            "type": "actions",
            "elements": [_button(start + at, button) for at, button in enumerate(group)],
        }


def _button(number: int, button: Button) -> Block:
    if len(button.payload) > MOST_VALUE:
        raise NeverError("a button's payload is longer than Slack takes")
    return {
        "type": "button",
        "action_id": f"{BUTTON}{number}",
        "text": {"type": "plain_text", "text": shortened(button.title.strip(), MOST_TITLE) or "…"},
        "value": button.payload,
    }
