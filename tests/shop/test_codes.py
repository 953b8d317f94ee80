"""A one-time code proves who reads the letters to an address: it counts once, for a while, for its asker."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot.settings import CodeRules
from bot.shop import tables
from bot.shop.codes import IssuedCode, OneTimeCodes
from bot.shop.identity import IdentityResult, Verdict
from tests.conftest import BACKENDS

RULES = CodeRules(channel="mail", account="help@store.example")
ASKER = "web:chat:somebody"

Issue = Callable[..., IssuedCode | None]
Redeem = Callable[..., IdentityResult]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def issue(seeded, rules, clock) -> Issue:
    def run(address: str, asker: str = ASKER) -> IssuedCode | None:
        with seeded.begin() as connection:
            return OneTimeCodes(connection, rules.identity, RULES, clock).issue(address, asker)

    return run


@pytest.fixture
def redeem(seeded, rules, clock) -> Redeem:
    def run(typed: str, asker: str = ASKER, network: str | None = None) -> IdentityResult:
        with seeded.begin() as connection:
            return OneTimeCodes(connection, rules.identity, RULES, clock).redeem(typed, asker, network)

    return run


@pytest.fixture
def sample(samples):
    return samples["delivered"]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_tells_whose_address_it_was_sent_to(issue, redeem, sample) -> None:
    sent = issue(f" {sample.email.upper()} ")

    assert sent is not None
    assert sent.address == sample.email.lower()
    known = redeem(sent.code)
    assert (known.verdict, known.customer_id) == (Verdict.VERIFIED, sample.customer_id)


def test_nothing_is_sent_to_an_address_without_a_customer(issue, redeem) -> None:
    assert issue("nobody@elsewhere.example") is None
    assert redeem("123456").verdict is Verdict.WRONG


def test_a_code_counts_once(issue, redeem, sample) -> None:
    sent = issue(sample.email)
    redeem(sent.code)

    assert redeem(sent.code).verdict is Verdict.WRONG


def test_a_code_is_of_no_use_to_whoever_did_not_ask_for_it(issue, redeem, sample) -> None:
    sent = issue(sample.email)

    assert redeem(sent.code, asker="web:chat:thief").verdict is Verdict.WRONG
    assert redeem(sent.code).verdict is Verdict.VERIFIED


def test_a_code_is_over_after_its_minutes(issue, redeem, clock, sample) -> None:
    sent = issue(sample.email)
    clock.at += dt.timedelta(minutes=RULES.minutes)

    assert redeem(sent.code).verdict is Verdict.WRONG


def test_a_new_code_takes_the_place_of_the_one_before(issue, redeem, sample) -> None:
    first, second = issue(sample.email), issue(sample.email)

    assert redeem(first.code).verdict is (Verdict.VERIFIED if first.code == second.code else Verdict.WRONG)
    assert first.code == second.code or redeem(second.code).verdict is Verdict.VERIFIED


def test_wrong_codes_lock_whoever_guesses(issue, redeem, rules, sample) -> None:
    sent = issue(sample.email)
    answers = [redeem(other_than(sent.code)) for _ in range(rules.identity.wrong_tries)]

    assert [one.verdict for one in answers[:-1]] == [Verdict.WRONG] * (rules.identity.wrong_tries - 1)
    assert (answers[-1].verdict, answers[-1].locked_now) == (Verdict.LOCKED, True)
    assert redeem(sent.code).verdict is Verdict.LOCKED


def test_so_many_letters_an_hour_go_to_an_address(issue, clock, sample) -> None:
    sent = [issue(sample.email, asker=f"web:chat:{number}") for number in range(RULES.most + 1)]

    assert [one is not None for one in sent] == [True] * RULES.most + [False]
    clock.at += dt.timedelta(hours=1)
    assert issue(sample.email) is not None


def test_so_many_letters_an_hour_are_sent_for_one_who_asks(issue, samples) -> None:
    addresses = sorted({one.email for one in samples.values()})[: RULES.most + 1]
    sent = [issue(address) for address in addresses]

    assert [one is not None for one in sent] == [True] * RULES.most + [False]


def test_no_code_can_be_read_in_the_database(issue, seeded, sample) -> None:
    sent = issue(sample.email)
    with seeded.begin() as connection:
        (row,) = connection.execute(sa.select(tables.identity_codes)).all()

    assert sent.code not in str(row)
    assert sample.email not in str(row)


@pytest.mark.parametrize("typed", ["", "abc", "1" * 5_000, "١٢٣٤٥٦", "'; DROP TABLE orders;--"])
def test_whatever_is_typed_is_a_wrong_code(issue, redeem, sample, typed: str) -> None:
    issue(sample.email)

    assert redeem(typed).verdict is Verdict.WRONG
