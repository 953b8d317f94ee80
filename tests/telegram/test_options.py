"""What a store says of its bots, and what is said of mistakes in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from adapters.telegram import open_channel
from adapters.telegram.options import Options, read_accounts
from bot.channels import read_options
from bot.errors import ConfigurationError, OperatorError
from bot.settings import Settings
from tests.telegram.test_speech import said
from tests.web.reception import MemoryReception

TOKEN = "7123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
OTHER = "7123456790:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bd"
VARIABLE = "CROSSDESK_TELEGRAM_TOKEN"


def with_options(settings: Settings, options: Any) -> Settings:
    rules = settings.rules.copy(update={"channel_options": {"telegram": options}})
    return dataclasses.replace(settings, rules=rules)


def open_with(settings: Settings, options: Any = None) -> Any:
    return open_channel(
        with_options(settings, options or {}), MemoryReception(settings.files, settings.rules.attachments)
    )


def test_one_bot_needs_nothing_but_its_token(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f" {TOKEN}\n")
    assert open_with(settings).exclusive == "telegram:7123456789"


def test_several_bots_are_polled_under_one_lease(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    monkeypatch.setenv("CROSSDESK_TELEGRAM_TOKEN_B2B", OTHER)
    bots = [{"token": "CROSSDESK_TELEGRAM_TOKEN_B2B"}, {}]
    assert open_with(settings, {"bots": bots}).exclusive == "telegram:7123456789,7123456790"


def test_a_bot_that_is_called_needs_no_lease(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    assert open_with(settings, {"bots": [{"webhook": "https://shop.example"}]}).exclusive is None


async def test_a_missing_token_closes_this_door_only(settings: Settings) -> None:
    channel = open_with(settings)
    with pytest.raises(ConfigurationError, match=f"{VARIABLE} is not set"):
        await channel.start()
    with pytest.raises(OperatorError, match=VARIABLE):
        await channel.send(said("hello"))
    (examined,) = await channel.examine()
    assert not examined.fine
    await channel.stop()


@pytest.mark.parametrize(
    ("environment", "wrong"),
    [
        ({VARIABLE: "meridian_bot"}, "holds no bot's token"),
        ({VARIABLE: f"bot{TOKEN}"}, "holds no bot's token"),
        ({VARIABLE: "  "}, "is not set"),
    ],
)
def test_a_wrong_token_is_told_without_its_words(environment: dict[str, str], wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=wrong) as told:
        read_accounts(Options(), environment)
    assert environment[VARIABLE].strip() not in str(told.value) or not environment[VARIABLE].strip()


def test_one_bot_named_twice_is_an_error() -> None:
    options = Options.parse_obj({"bots": [{}, {"token": "CROSSDESK_TWO"}]})
    with pytest.raises(ConfigurationError, match="same bot"):
        read_accounts(options, {VARIABLE: TOKEN, "CROSSDESK_TWO": TOKEN})


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"bot": []}, "channel_options.telegram.bot"),
        ({"bots": []}, "channel_options.telegram.bots"),
        ({"bots": [{"token": TOKEN}]}, "channel_options.telegram.bots.0.token"),
        ({"bots": [{"webhook": "http://shop.example"}]}, "channel_options.telegram.bots.0.webhook"),
        ({"bots": [{"webhook": "https://shop.example/?a=b"}]}, "channel_options.telegram.bots.0.webhook"),
    ],
)
def test_a_wrong_option_is_told_by_its_key(settings: Settings, options: Any, key: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_options(with_options(settings, options), "telegram", Options)
    assert key in str(told.value)
    assert TOKEN not in str(told.value)


def test_the_webhooks_secret_is_the_same_on_every_host_and_no_part_of_the_token() -> None:
    (first,), (second,) = (read_accounts(Options(), {VARIABLE: TOKEN}) for _ in range(2))
    assert first.secret == second.secret
    assert len(first.secret) == 64
    assert TOKEN not in repr(first)
