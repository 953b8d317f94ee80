"""A wrong option or a missing password is refused by its name, before anything is opened."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from adapters.mail.options import load_options
from bot.errors import ConfigurationError
from bot.settings import Settings

LINE = {"host": "mail.shop.example", "port": 993}
BOX: dict[str, Any] = {"address": "Help@Shop.example", "imap": LINE, "smtp": {**LINE, "port": 465}}


def given(settings: Settings, options: object) -> Settings:
    return dataclasses.replace(
        settings, rules=settings.rules.copy(update={"channel_options": {"mail": options}})
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "mailboxes"),
        ({"mailboxes": []}, "at least one mailbox"),
        ({"mailboxes": [BOX, {**BOX, "address": "help@shop.example"}]}, "once"),
        ({"mailboxes": [{**BOX, "address": "nobody"}]}, "no e-mail address"),
        ({"mailboxes": [{**BOX, "adress": "x"}]}, "adress"),
        ({"mailboxes": [{**BOX, "folders": []}]}, "at least one folder"),
        ({"mailboxes": [{**BOX, "handled": "INBOX"}]}, "different folders"),
        ({"mailboxes": [{**BOX, "unanswered": "crossdesk-handled"}]}, "different folders"),
        ({"mailboxes": [{**BOX, "imap": {**LINE, "security": "none"}}]}, "tls or starttls"),
        ({"mailboxes": [{**BOX, "imap": {**LINE, "port": 0}}]}, "port"),
        ({"mailboxes": [BOX], "poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(settings: Settings, options: object, says: str) -> None:
    with pytest.raises(ConfigurationError, match=r"channel_options\.mail") as raised:
        load_options(given(settings, options))
    assert says in str(raised.value)


def test_each_mailbox_may_have_a_password_of_its_own(settings: Settings) -> None:
    (box,) = load_options(given(settings, {"mailboxes": [BOX]})).mailboxes
    assert (box.address, box.user) == ("help@shop.example", "help@shop.example")
    for_all = {"CROSSDESK_MAIL_PASSWORD": "one"}
    assert box.password(for_all) == "one"
    assert box.password({**for_all, "CROSSDESK_MAIL_PASSWORD_HELP_SHOP_EXAMPLE": "own"}) == "own"
    with pytest.raises(ConfigurationError, match="CROSSDESK_MAIL_PASSWORD_HELP_SHOP_EXAMPLE"):
        box.password({})
