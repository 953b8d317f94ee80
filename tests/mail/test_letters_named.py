"""What is to write letters by ``shop.yml`` is refused at the start where it cannot, by its key."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from adapters.mail import open_channel
from bot.channels import check_letters
from bot.errors import ConfigurationError
from bot.settings import CodeRules, FirstLetterRules, Settings

LINE = {"host": "mail.shop.example", "port": 993}
BOX: dict[str, Any] = {"address": "help@shop.example", "imap": LINE, "smtp": {**LINE, "port": 465}}


def named(settings: Settings, key: str, channel: str, account: str) -> Settings:
    """The settings of a store with one mailbox, in which a key names who writes letters."""
    rules = settings.rules
    if key == "notices.first_letters":
        letters = FirstLetterRules(channel=channel, account=account)
        changed: dict[str, Any] = {"notices": rules.notices.copy(update={"first_letters": letters})}
    else:
        codes = CodeRules(channel=channel, account=account)
        changed = {"identity": rules.identity.copy(update={"one_time_code": codes})}
    options = {"channel_options": {"mail": {"mailboxes": [BOX]}}}
    return dataclasses.replace(settings, rules=rules.copy(update={**changed, **options}))


def check(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the mail channel and one that reaches only who wrote looked at."""
    monkeypatch.setenv("CROSSDESK_MAIL_PASSWORD", "a password")
    reception: Any = None
    page: Any = object()
    check_letters(settings, {"mail": open_channel(settings, reception), "web": page})


@pytest.mark.parametrize("key", ["notices.first_letters", "identity.one_time_code"])
@pytest.mark.parametrize(
    ("channel", "account", "says"),
    [
        ("telegram", "help@shop.example", "not among `channels`"),
        ("web", "store", "who never wrote"),
        ("mail", "sales@shop.example", "has no account 'sales@shop.example'"),
    ],
)
def test_who_cannot_write_letters_is_refused_by_the_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, key: str, channel: str, account: str, says: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check(named(settings, key, channel, account), monkeypatch)
    assert f"shop.yml: {key}: " in str(raised.value)
    assert says in str(raised.value)


@pytest.mark.parametrize("key", ["notices.first_letters", "identity.one_time_code"])
def test_a_mailbox_may_write_letters(settings: Settings, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    check(named(settings, key, "mail", "help@shop.example"), monkeypatch)


def test_nobody_has_to_write_letters(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    told = named(settings, "notices.first_letters", "telegram", "x")
    rules = told.rules.copy(update={"notices": told.rules.notices.copy(update={"first_letters": None})})
    check(dataclasses.replace(told, rules=rules), monkeypatch)
