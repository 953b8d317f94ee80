from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from bot.clock import SetClock
from bot.database import Database
from bot.desk.sessions import end_session, person_id_of
from bot.desk.sign_in import SignIn
from bot.desk.tables import desk_sessions, people, people_events
from bot.desk.values.people import Person
from bot.errors import DeskError, SignInError
from tests.desk.acting import CHEAP, PASSWORD, Acting


@pytest.fixture
def door(desk: Acting) -> SignIn:
    return SignIn(desk.database, desk.rules, desk.clock, CHEAP)


def whose(desk: Acting, token: str) -> int | None:
    with desk.database.begin() as connection:
        return person_id_of(connection, token, desk.clock.now())


def fails(door: SignIn, login: str, password: str, network: str = "net") -> float | None:
    with pytest.raises(SignInError) as caught:
        door.sign_in(login, password, network)
    return caught.value.retry_after


def test_who_knows_the_password_gets_a_session(desk: Acting, door: SignIn, ana: Person) -> None:
    assert whose(desk, door.sign_in(" ANA ", PASSWORD, "net")) == ana.id


@pytest.mark.parametrize(
    ("login", "password"),
    [("ana", "wrong horse"), ("nobody", PASSWORD), ("", ""), ("ana", "x" * 1_000_000), ("ana", "\ud800\x00")],
)
def test_a_wrong_login_and_a_wrong_password_sound_alike(
    door: SignIn, ana: Person, login: str, password: str
) -> None:
    with pytest.raises(SignInError) as caught:
        door.sign_in(login, password, "net")
    assert str(caught.value) == "The login or the password is wrong."
    assert caught.value.retry_after is None


def test_the_token_is_not_in_the_database(desk: Acting, door: SignIn, ana: Person) -> None:
    token = door.sign_in("ana", PASSWORD, "net")
    with desk.database.begin() as connection:
        stored = connection.execute(sa.select(desk_sessions.c.token_hash)).scalar_one()
    assert token not in stored
    assert whose(desk, stored) is None


def test_a_session_ends_after_a_shift(desk: Acting, door: SignIn, ana: Person, clock: SetClock) -> None:
    token = door.sign_in("ana", PASSWORD, "net")
    clock.advance(hours=11, minutes=59)
    assert whose(desk, token) == ana.id
    clock.advance(minutes=1)
    assert whose(desk, token) is None


def test_signing_out_ends_this_session_only(desk: Acting, door: SignIn, ana: Person) -> None:
    one, other = door.sign_in("ana", PASSWORD, "net"), door.sign_in("ana", PASSWORD, "net")
    for _ in range(2):
        with desk.database.begin() as connection:
            end_session(connection, one)
    assert whose(desk, one) is None
    assert whose(desk, other) == ana.id


def test_a_new_password_signs_out_everywhere_else(desk: Acting, door: SignIn, ana: Person) -> None:
    old = [door.sign_in("ana", PASSWORD, "net") for _ in range(2)]
    fresh = door.change_password(ana, PASSWORD, "another horse")
    assert [whose(desk, token) for token in old] == [None, None]
    assert whose(desk, fresh) == ana.id
    fails(door, "ana", PASSWORD)
    door.sign_in("ana", "another horse", "net")


def test_a_password_is_changed_only_by_who_knows_it_and_only_to_a_good_one(door: SignIn, ana: Person) -> None:
    with pytest.raises(SignInError):
        door.change_password(ana, "wrong horse", "another horse")
    with pytest.raises(DeskError, match="10 to 200"):
        door.change_password(ana, PASSWORD, "short")
    door.sign_in("ana", PASSWORD, "net")


def test_leaving_ends_all_sessions_and_shuts_the_door(
    desk: Acting, door: SignIn, ana: Person, sue: Person
) -> None:
    token = door.sign_in("ana", PASSWORD, "net")
    desk.staff(lambda people: people.deactivate(ana))
    assert whose(desk, token) is None
    fails(door, "ana", PASSWORD)


def test_five_wrong_tries_lock_a_login_for_a_while(
    door: SignIn, ana: Person, ben: Person, clock: SetClock
) -> None:
    for number in range(5):
        assert fails(door, "ana", "wrong horse", f"net {number}") is None
    assert fails(door, "ana", PASSWORD, "another net") == 15 * 60
    door.sign_in("ben", PASSWORD, "net 1")
    clock.advance(minutes=14)
    assert fails(door, "ana", PASSWORD) == 60
    clock.advance(minutes=1)
    door.sign_in("ana", PASSWORD, "net")


def test_the_right_password_forgives_wrong_tries(door: SignIn, ana: Person) -> None:
    for _ in range(3):
        for _ in range(4):
            fails(door, "ana", "wrong horse")
        door.sign_in("ana", PASSWORD, "net")


def test_twenty_wrong_tries_lock_a_network_for_every_login(door: SignIn, ana: Person) -> None:
    for number in range(20):
        assert fails(door, f"guess{number}", "wrong horse", "bad net") is None
    assert fails(door, "ana", PASSWORD, "bad net") is not None
    door.sign_in("ana", PASSWORD, "good net")


def test_a_login_that_does_not_exist_is_locked_alike(door: SignIn) -> None:
    assert [fails(door, "nobody", "wrong horse", f"net {n}") for n in range(6)][4:] == [None, 900]


def test_a_burst_of_guesses_has_no_more_tries_than_five(door: SignIn, ana: Person) -> None:
    def guess(number: int) -> float | None:
        return fails(door, "ana", f"wrong horse {number}", f"net {number}")

    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(guess, range(40)))
    assert waits.count(None) == 5


def test_an_unknown_login_takes_as_long_as_a_known_one(desk: Acting, ana: Person) -> None:
    # Heavy enough for hashing to be what takes the time, light enough for a test.
    hasher = PasswordHasher(time_cost=4, memory_cost=16 * 1024, parallelism=1)
    desk.staff(lambda people: people.list())
    with desk.database.begin() as connection:
        connection.execute(people.update().values(password_hash=hasher.hash(PASSWORD)))
    door = SignIn(desk.database, desk.rules, desk.clock, hasher)
    taken: dict[str, list[float]] = {"ana": [], "nobody": []}
    fails(door, "warm", "wrong horse", "net")
    for number in range(4):
        for login, times in taken.items():
            begin = time.thread_time()
            fails(door, login, "wrong horse", f"net {number}")
            times.append(time.thread_time() - begin)
    known, unknown = statistics.median(taken["ana"]), statistics.median(taken["nobody"])
    assert 0.6 < unknown / known < 1.6


def test_an_old_hash_is_renewed_at_the_next_sign_in(desk: Acting, ana: Person) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    door = SignIn(desk.database, desk.rules, desk.clock, stronger)
    for _ in range(2):
        door.sign_in("ana", PASSWORD, "net")
    with desk.database.begin() as connection:
        stored = connection.execute(sa.select(people.c.password_hash)).scalar_one()
    assert not stronger.check_needs_rehash(stored)


def test_a_sign_in_is_written_down(desk: Acting, door: SignIn, ana: Person, database: Database) -> None:
    door.sign_in("ana", PASSWORD, "192.0.2.7")
    with database.begin() as connection:
        row = connection.execute(sa.select(people_events).order_by(people_events.c.id.desc())).first()
    assert row is not None
    assert (row.actor, row.kind, row.text) == ("ana", "signed in", "192.0.2.7")
