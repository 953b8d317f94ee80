from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import phonenumbers
import pytest
import sqlalchemy as sa

from bot.shop import tables
from bot.shop.identity import Identity, IdentityResult, Verdict
from bot.shop.locks import forget_old, network_of
from tests.conftest import BACKENDS

#: A test of what happens at the same time holds over both.
both = pytest.mark.parametrize("backend", BACKENDS)
Check = Callable[..., IdentityResult]


@pytest.fixture
def check(seeded, rules, clock) -> Check:
    """One check in a turn of its own."""

    def run(number: str, contact: str, channel: str = "web:1", network: str | None = None) -> IdentityResult:
        with seeded.begin() as connection:
            return Identity(connection, rules, clock).check(number, contact, channel, network)

    return run


@pytest.fixture
def sample(samples):
    return samples["delivered"]


@pytest.fixture
def stranger(samples, sample):
    """An order of somebody else."""
    return next(other for other in samples.values() if other.customer_id != sample.customer_id)


def tries(database) -> dict[str, int]:
    with database.begin() as connection:
        rows = connection.execute(sa.select(tables.identity_tries)).all()
    return {f"{row.kind}:{row.subject[:6]}": row.wrong for row in rows}


def swapped(number: str) -> str:
    """The number with its last two unlike neighbours swapped."""
    digits = list(number)
    place = next(place for place in range(len(digits) - 2, 3, -1) if digits[place] != digits[place + 1])
    digits[place], digits[place + 1] = digits[place + 1], digits[place]
    return "".join(digits)


# --- Who is let in ---------------------------------------------------------------------------------


def test_number_and_address_let_the_buyer_in(check, sample) -> None:
    result = check(sample.number, sample.email)
    assert result == IdentityResult(
        Verdict.VERIFIED, 5, customer_id=sample.customer_id, order_number=sample.number
    )


def test_number_and_phone_let_the_buyer_in_however_both_are_written(check, sample) -> None:
    national = phonenumbers.format_number(
        phonenumbers.parse(sample.phone), phonenumbers.PhoneNumberFormat.NATIONAL
    )
    typed = sample.number.lower().replace("-", " ")
    assert check(typed, national).order_number == sample.number
    assert check(typed, sample.phone).order_number == sample.number
    assert check(f" #{sample.number[3:]}", sample.email.upper()).order_number == sample.number


def test_the_orders_own_contact_counts_and_so_does_the_customers(check, sample, seeded) -> None:
    with seeded.begin() as connection:
        mine = tables.orders.c.number == sample.number
        gift = {"email": "aunt@post.example", "ship_phone": "+4915223432999"}
        connection.execute(sa.update(tables.orders).where(mine).values(**gift))
    for contact in ("aunt@post.example", "+4915223432999", sample.email, sample.phone):
        assert check(sample.number, contact).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "contact", ["", " ", "@", "nobody@mail.example", "+4915223432000", "x" * 10_000, "🙂"]
)
def test_a_wrong_contact_lets_nobody_in(check, sample, contact) -> None:
    assert check(sample.number, contact).verdict is Verdict.WRONG


def test_somebody_elses_contact_lets_nobody_in(check, sample, stranger) -> None:
    assert check(sample.number, stranger.email).verdict is Verdict.WRONG


# --- Repairing a number ----------------------------------------------------------------------------


def test_a_mistyped_number_is_repaired_once_the_contact_fits(check, sample) -> None:
    result = check(swapped(sample.number), sample.email)
    assert (result.verdict, result.order_number, result.repaired) == (Verdict.VERIFIED, sample.number, True)


def test_a_mistyped_number_is_not_repaired_for_anybody_else(check, sample, stranger) -> None:
    result = check(swapped(sample.number), stranger.email)
    assert (result.verdict, result.order_number) == (Verdict.WRONG, None)


def test_a_number_that_hits_somebody_elses_order_is_repaired_to_the_buyers_own(check, sample, seeded) -> None:
    with seeded.begin() as connection:
        other = sa.select(sa.func.max(tables.orders.c.id)).where(
            tables.orders.c.customer_id != sample.customer_id
        )
        other_id = connection.execute(other).scalar_one()
        hit = swapped(sample.number)
        taken = connection.execute(sa.select(tables.orders.c.id).where(tables.orders.c.number == hit)).first()
        if taken is None:
            is_other = tables.orders.c.id == other_id
            connection.execute(sa.update(tables.orders).where(is_other).values(number=hit))
    assert check(hit, sample.email).order_number == sample.number


def test_between_two_near_orders_of_one_buyer_nothing_is_guessed(check, sample, seeded, rules, clock) -> None:
    """Typed CD-200125, has CD-200123 and CD-200124."""
    with seeded.begin() as connection:
        ids = connection.execute(sa.select(tables.orders.c.id).limit(2)).scalars().all()
        for place, order_id in enumerate(ids):
            connection.execute(
                sa.update(tables.orders)
                .where(tables.orders.c.id == order_id)
                .values(number=f"CD-20012{3 + place}", email="both@post.example")
            )
    assert check("CD-200125", "both@post.example").verdict is Verdict.WRONG
    assert check("CD-200124", "both@post.example").order_number == "CD-200124"


# --- What a wrong answer tells ---------------------------------------------------------------------


def test_the_answer_is_the_same_whichever_part_was_wrong(check, sample, stranger) -> None:
    """A real number with a wrong contact, a real contact with a wrong number, and nothing right at all."""
    answers = {
        check(sample.number, "nobody@mail.example", "web:a"),
        check("CD-999998", sample.email, "web:b"),
        check("CD-999997", "noone@mail.example", "web:c"),
        check(stranger.number, sample.phone, "web:d"),
        check("no number", "no contact", "web:e"),
    }
    assert answers == {IdentityResult(Verdict.WRONG, 4)}


def test_a_lock_tells_nothing_about_the_order_either(check, sample, clock) -> None:
    def locked(number: str, contact: str, channel: str) -> list[IdentityResult]:
        return [check(number, contact, channel) for _ in range(7)]

    real = locked(sample.number, "nobody@mail.example", "web:a")
    made_up = locked("CD-999999", "noone@mail.example", "web:b")
    assert real == made_up


def test_no_fact_of_an_order_is_in_a_refusal(check, sample) -> None:
    result = check(sample.number, "nobody@mail.example")
    assert replace(result, verdict=Verdict.WRONG, tries_left=0) == IdentityResult(Verdict.WRONG, 0)
    assert sample.number not in repr(result)
    assert sample.email not in repr(result)


def test_what_was_tried_is_not_kept_in_clear(check, sample, seeded) -> None:
    check(sample.number, "nobody@mail.example", "web:1", "203.0.113.7")
    with seeded.begin() as connection:
        kept = repr(connection.execute(sa.select(tables.identity_tries)).all())
    for word in (sample.number, "nobody@mail.example", "203.0.113.7", "web:1"):
        assert word not in kept


# --- Locks -----------------------------------------------------------------------------------------


def test_the_fifth_wrong_try_locks_for_the_minutes_of_the_rules(check, sample, clock, rules) -> None:
    left = [check(sample.number, "nobody@mail.example").tries_left for _ in range(4)]
    assert left == [4, 3, 2, 1]
    fifth = check(sample.number, "nobody@mail.example")
    until = clock.now() + dt.timedelta(minutes=rules.identity.lock_minutes)
    assert fifth == IdentityResult(Verdict.LOCKED, 0, locked_until=until, locked_now=True)
    # Nothing is compared any more: right or wrong, the answer is the same, and only the first tells the desk.
    clock.advance(minutes=1)
    assert check(sample.number, sample.email) == IdentityResult(Verdict.LOCKED, 0, locked_until=until)
    assert check(sample.number, "nobody@mail.example") == IdentityResult(
        Verdict.LOCKED, 0, locked_until=until
    )


def test_a_lock_ends_and_a_new_count_begins(check, sample, clock, rules) -> None:
    for _ in range(5):
        check(sample.number, "nobody@mail.example")
    clock.advance(minutes=rules.identity.lock_minutes, seconds=-1)
    assert check(sample.number, sample.email).verdict is Verdict.LOCKED
    clock.advance(seconds=1)
    assert check(sample.number, "nobody@mail.example") == IdentityResult(Verdict.WRONG, 4)
    assert check(sample.number, sample.email).verdict is Verdict.VERIFIED


def test_the_order_is_locked_for_everybody(check, sample) -> None:
    for place in range(5):
        check(sample.number, f"guess{place}@mail.example", f"web:{place}", f"203.0.113.{place}")
    other = check(sample.number, sample.email, "telegram:9", "198.51.100.1")
    assert other.verdict is Verdict.LOCKED


def test_the_channel_identity_is_locked_for_every_order(check, samples) -> None:
    for place in range(5):
        check(f"CD-99999{place}", f"guess{place}@mail.example", "web:bad")
    fine = samples["shipped"]
    assert check(fine.number, fine.email, "web:bad").verdict is Verdict.LOCKED
    assert check(fine.number, fine.email, "web:good").verdict is Verdict.VERIFIED


def test_the_network_address_is_locked_for_every_channel_identity(check, samples) -> None:
    for place in range(5):
        check(f"CD-99999{place}", f"guess{place}@mail.example", f"web:{place}", "203.0.113.7")
    fine = samples["shipped"]
    assert check(fine.number, fine.email, "web:new", "203.0.113.7").verdict is Verdict.LOCKED
    assert check(fine.number, fine.email, "web:new", "::ffff:203.0.113.7").verdict is Verdict.LOCKED
    assert check(fine.number, fine.email, "web:new", "203.0.113.8").verdict is Verdict.VERIFIED


def test_guessing_numbers_for_a_known_contact_is_locked_from_wherever_it_comes(check, sample) -> None:
    """Repairing a number must not make guessing it easier."""
    written = (sample.email, sample.email.upper(), f"<{sample.email}>", f" {sample.email}", sample.email)
    for place, contact in enumerate(written):
        check(f"CD-99999{place}", contact, f"web:{place}", f"203.0.113.{place}")
    assert check(sample.number, sample.email, "web:x", "198.51.100.1").verdict is Verdict.LOCKED


def test_a_locked_order_is_not_reached_by_a_repaired_number(check, sample) -> None:
    for place in range(5):
        check(sample.number, f"guess{place}@mail.example", f"web:{place}")
    assert check(swapped(sample.number), sample.email, "web:x").verdict is Verdict.WRONG


def test_the_order_counts_however_its_number_is_written(check, sample) -> None:
    digits = sample.number[3:]
    for place, typed in enumerate(
        (sample.number, f"cd{digits}", f"CD {digits}", f"#{digits}", f" {digits} ")
    ):
        check(typed, f"guess{place}@mail.example", f"web:{place}")
    assert check(sample.number, sample.email, "web:x").verdict is Verdict.LOCKED


def test_own_orders_do_not_win_back_the_tries_at_other_peoples(check, sample) -> None:
    own = sample
    for place in range(4):
        check(f"CD-99999{place}", f"guess{place}@mail.example", "web:1", "203.0.113.7")
        check(own.number, own.email, "web:1", "203.0.113.7")
    assert check("CD-999999", "guess@mail.example", "web:1", "203.0.113.7").verdict is Verdict.LOCKED


def test_the_buyer_who_gets_it_right_begins_a_new_count_for_the_order(check, sample, seeded) -> None:
    for place in range(4):
        check(sample.number, f"guess{place}@mail.example", f"web:{place}")
    assert check(sample.number, sample.email, "web:owner").verdict is Verdict.VERIFIED
    assert check(sample.number, "guess@mail.example", "web:5").tries_left == 4


def test_old_tries_are_forgotten(check, sample, clock, rules) -> None:
    for _ in range(4):
        check(sample.number, "nobody@mail.example")
    clock.advance(minutes=rules.identity.lock_minutes)
    assert check(sample.number, "nobody@mail.example").tries_left == 4


def test_a_right_answer_leaves_no_rows_behind(check, sample, seeded) -> None:
    check(sample.number, sample.email, network="203.0.113.7")
    assert tries(seeded) == {}


def test_house_keeping_deletes_what_is_over_and_keeps_what_is_locked(check, sample, seeded, clock) -> None:
    for _ in range(5):
        check(sample.number, "nobody@mail.example", "web:locked")
    check("CD-999999", "old@mail.example", "web:old")
    clock.advance(minutes=1)
    check("CD-999998", "new@mail.example", "web:new")
    with seeded.begin() as connection:
        assert forget_old(connection, clock.now() - dt.timedelta(seconds=30)) == 3
    assert check(sample.number, sample.email, "web:else").verdict is Verdict.LOCKED


@pytest.mark.parametrize(
    ("address", "subscriber"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix-socket", "unix-socket"),
    ],
)
def test_an_address_stands_for_its_subscriber(address, subscriber) -> None:
    assert network_of(address) == subscriber


# --- At the same time ------------------------------------------------------------------------------


def in_parallel(functions: list[Callable[[], IdentityResult]]) -> list[IdentityResult]:
    barrier = threading.Barrier(len(functions))

    def started(function: Callable[[], IdentityResult]) -> IdentityResult:
        barrier.wait(10)
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(started, functions))


@both
def test_wrong_tries_at_the_same_time_are_all_counted(check, sample) -> None:
    results = in_parallel([lambda: check(sample.number, "nobody@mail.example") for _ in range(8)])
    assert sorted(result.tries_left for result in results) == [0, 0, 0, 0, 1, 2, 3, 4]
    assert [result.locked_now for result in results].count(True) == 1


@both
def test_two_right_checks_at_the_same_time_are_one_and_the_same(check, sample, seeded) -> None:
    results = in_parallel([lambda: check(sample.number, sample.email) for _ in range(2)])
    assert results[0] == results[1]
    assert results[0].verdict is Verdict.VERIFIED
    assert tries(seeded) == {}


def test_a_check_in_a_turn_that_is_rolled_back_is_not_counted(seeded, rules, clock, sample, check) -> None:
    def crash() -> None:
        with seeded.begin() as connection:
            Identity(connection, rules, clock).check(sample.number, "nobody@mail.example", "web:1")
            raise RuntimeError("the worker died")

    with pytest.raises(RuntimeError, match="died"):
        crash()
    assert check(sample.number, "nobody@mail.example").tries_left == 4
