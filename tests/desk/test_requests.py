"""Requests on either database: the first decision counts, and the flow that waits goes on once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import pytest

from bot.clock import SetClock
from bot.desk import views
from bot.desk.requests import REQUEST_ANSWERED, REQUEST_LATE, Requests
from bot.desk.turning import turn_request_clocks
from bot.desk.values.people import Person
from bot.desk.values.requests import Decision, Request, RequestState
from bot.errors import DecidedError, DeskError, ForbiddenError, UnknownRequestError
from bot.mailroom.tables import conversations
from bot.settings import ShopRules
from bot.shop.exchange import write_rates
from bot.shop.money import Money
from bot.shop.tables import customers
from tests.conftest import BACKENDS
from tests.desk.acting import Acting
from tests.desk.test_races import at_once

T = TypeVar("T")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


class Asking:
    """Requests as the bot and the desk use them, each act in a unit of work of its own."""

    def __init__(self, desk: Acting) -> None:
        self.desk = desk

    def act(self, work: Callable[[Requests], T]) -> T:
        with self.desk.database.begin() as connection:
            return work(Requests(connection, self.desk.rules, self.desk.clock))

    def approval(self, amount: int = 2_500, **values: Any) -> Request:
        talk = values.pop("talk", None) or self.desk.conversation()
        about: dict[str, Any] = {
            "key": f"bargain:{talk}",
            "most": euros(3_000),
            "limit_kind": "discount",
            "question": "Tindra Rain Jacket for 104.00 EUR instead of 129.00 EUR",
            "language": "de",
            **values,
        }
        return self.act(lambda known: known.ask_approval(talk, "bargain", euros(amount), **about))

    def question(self, department: str = "product") -> Request:
        talk = self.desk.conversation()
        return self.act(
            lambda known: known.ask_department(
                talk,
                "fact",
                department,
                key=f"fact:{talk}",
                question="Is the zip of the Tindra Rain Jacket made of metal?",
                language="de",
            )
        )


@pytest.fixture
def asking(desk: Acting) -> Asking:
    return Asking(desk)


def test_what_is_asked_waits_with_a_running_clock(asking: Asking, clock: SetClock) -> None:
    approval, question = asking.approval(), asking.question()
    assert approval.due_at == clock.now() + dt.timedelta(minutes=30)
    assert (approval.queue, question.queue) == ("supervisor", "presales")
    assert question.due_at is not None
    assert question.due_at >= clock.now() + dt.timedelta(hours=24)
    assert [one.id for one in asking.act(lambda known: known.list())] == [approval.id, question.id]


def test_the_same_wish_is_asked_once(asking: Asking) -> None:
    first = asking.approval()
    assert asking.approval(talk=first.conversation_id, amount=2_900) == first
    assert asking.act(Requests.count) == 1


def test_a_yes_lets_the_flow_go_on(asking: Asking, desk: Acting, sue: Person) -> None:
    asked = asking.approval()
    decided = asking.act(lambda known: known.approve(asked.id, sue))
    assert (decided.state, decided.granted_minor, decided.decided_by) == (RequestState.APPROVED, 2_500, "Sue")
    assert decided.due_at is None
    assert desk.told() == [(REQUEST_ANSWERED, {"request_id": asked.id, "purpose": "bargain"})]


def test_another_amount_and_a_no_are_decisions_too(asking: Asking, sue: Person) -> None:
    countered = asking.approval()
    refused = asking.approval()
    one = asking.act(lambda known: known.counter(countered.id, sue, "10,50"))
    assert (one.state, one.granted_minor) == (RequestState.COUNTERED, 1_050)
    other = asking.act(lambda known: known.decline(refused.id, sue, "no room"))
    assert (other.state, other.granted_minor, other.answer) == (RequestState.DECLINED, 0, "no room")


def test_goods_are_granted_whole_or_not_at_all(asking: Asking, desk: Acting, sue: Person) -> None:
    asked = asking.approval(whole=True)
    with pytest.raises(DeskError, match="whole or not at all"):
        asking.act(lambda known: known.counter(asked.id, sue, "10"))
    with desk.database.begin() as connection:
        known = Requests(connection, desk.rules, desk.clock)
        assert views.request_view(known, known.get(asked.id), sue).may == {Decision.APPROVE, Decision.DECLINE}
    assert asking.act(lambda known: known.approve(asked.id, sue)).state is RequestState.APPROVED


def test_who_decides_reads_the_name_of_a_buyer_whose_identity_was_checked(
    asking: Asking, desk: Acting, sue: Person
) -> None:
    asked = asking.approval()
    with desk.database.begin() as connection:
        known = Requests(connection, desk.rules, desk.clock)
        before = views.request_view(known, asked, sue).buyer
        empty = dict.fromkeys(("email", "phone", "country", "street", "city", "region", "postcode"), "")
        made = connection.execute(
            customers.insert().values(
                **empty,
                number="C-1",
                name="Giulia Conti",
                language="it",
                timezone="Europe/Rome",
                consents_to_notices=False,
                consents_to_marketing=False,
                points=0,
            )
        )
        talk = conversations.update().where(conversations.c.id == asked.conversation_id)
        connection.execute(talk.values(customer_id=made.inserted_primary_key[0]))
        assert (before, views.request_view(known, asked, sue).buyer) == (None, "Giulia Conti")


def test_what_waits_about_an_order_is_found_from_any_conversation(asking: Asking, sue: Person) -> None:
    first = asking.approval(order_number="CD-1")
    second = asking.approval(order_number="CD-1")
    asking.approval(order_number="CD-2")
    assert asking.act(lambda known: known.pending_about("CD-1")) == (first, second)
    asking.act(lambda known: known.decline(first.id, sue, "no"))
    assert asking.act(lambda known: known.pending_about("CD-1")) == (second,)


@pytest.mark.parametrize("typed", ["", "much", "0", "-5", "nan", "1e99", "30.01", "1.250", "1,250", "inf"])
def test_a_sum_that_is_none_or_too_much_is_refused(asking: Asking, sue: Person, typed: str) -> None:
    asked = asking.approval()
    with pytest.raises(DeskError):
        asking.act(lambda known: known.counter(asked.id, sue, typed))
    assert asking.act(lambda known: known.get(asked.id)).state is RequestState.PENDING


def test_only_a_rank_that_may_decides_and_only_within_its_limit(
    asking: Asking, desk: Acting, ana: Person, sue: Person
) -> None:
    asked = asking.approval(60_000, most=euros(90_000))
    for act in (
        lambda known: known.approve(asked.id, ana),
        lambda known: known.counter(asked.id, ana, "1"),
        lambda known: known.decline(asked.id, ana, "no"),
        lambda known: known.approve(asked.id, sue),
    ):
        with pytest.raises(ForbiddenError):
            asking.act(act)
    assert asking.act(lambda known: known.counter(asked.id, sue, "500")).granted_minor == 50_000


def test_a_limit_counts_in_the_money_that_is_asked_for(asking: Asking, desk: Acting, sue: Person) -> None:
    with desk.database.begin() as connection:
        write_rates(connection, {"EUR": Decimal(1), "JPY": Decimal(160)}, desk.clock.now().date())
    talk = desk.conversation()
    asked = asking.act(
        lambda known: known.ask_approval(
            talk,
            "bargain",
            Money(80_001, "JPY"),
            key="yen",
            most=Money(99_999, "JPY"),
            limit_kind="discount",
            question="in yen",
            language="ja",
        )
    )
    with pytest.raises(ForbiddenError, match=r"500\.00 EUR"):
        asking.act(lambda known: known.approve(asked.id, sue))
    assert asking.act(lambda known: known.counter(asked.id, sue, "80000")).granted_minor == 80_000


def test_a_department_answers_in_its_own_words(
    asking: Asking, desk: Acting, ana: Person, tim: Person
) -> None:
    asked = asking.question()
    lin = desk.person("lin", "agent", queues=["logistics"])
    for nobody in (tim, lin):
        with pytest.raises(ForbiddenError):
            asking.act(lambda known, who=nobody: known.answer(asked.id, who, "Ja, aus Metall."))
    answered = asking.act(lambda known: known.answer(asked.id, ana, "Ja, aus Metall."))
    assert (answered.state, answered.answer) == (RequestState.ANSWERED, "Ja, aus Metall.")
    with pytest.raises(DeskError, match="settled"):
        asking.act(lambda known: known.approve(asked.id, ana))


def test_of_many_decisions_at_once_one_counts(asking: Asking, desk: Acting, clock: SetClock) -> None:
    crowd = [desk.person(f"sue{number}", "supervisor") for number in range(9)]
    for _ in range(6):
        asked = asking.approval()
        assert asked.due_at is not None
        before = len(desk.told())
        clock.at = asked.due_at
        works: list[Callable[[], Any]] = [
            *(
                partial(asking.act, partial(Requests.approve, request_id=asked.id, person=one))
                for one in crowd[:3]
            ),
            *(
                partial(asking.act, partial(Requests.counter, request_id=asked.id, person=one, amount="1"))
                for one in crowd[3:6]
            ),
            *(
                partial(asking.act, partial(Requests.decline, request_id=asked.id, person=one, reason="no"))
                for one in crowd[6:]
            ),
        ]
        done = at_once(works)
        won = [one for one in done if isinstance(one, Request)]
        assert len(won) == 1
        assert all(isinstance(one, (Request, DecidedError)) for one in done)
        assert asking.act(lambda known, asked=asked: known.get(asked.id)) == won[0]
        assert len(desk.told()) == before + 1


def test_a_decision_races_the_clock_and_only_one_of_them_has_its_way(
    asking: Asking, desk: Acting, sue: Person, clock: SetClock
) -> None:
    last = desk.rules.requests.times
    for _ in range(6):
        asked = asking.approval()
        for _ in range(last - 1):
            asked = asking.act(lambda known, asked=asked: known.get(asked.id))
            assert asked.due_at is not None
            clock.at = asked.due_at
            asking.act(lambda known, asked=asked: known.expire(asked.id))
        asked = asking.act(lambda known, asked=asked: known.get(asked.id))
        assert asked.due_at is not None
        clock.at = asked.due_at
        before = len(desk.told())
        at_once(
            [
                lambda asked=asked: asking.act(lambda known: known.approve(asked.id, sue)),
                lambda asked=asked: asking.act(lambda known: known.expire(asked.id)),
            ]
        )
        now = asking.act(lambda known, asked=asked: known.get(asked.id))
        assert now.state in (RequestState.APPROVED, RequestState.TIMED_OUT)
        assert (now.granted_minor is not None) is (now.state is RequestState.APPROVED)
        assert len(desk.told()) == before + 1


def test_silence_asks_again_with_a_new_date_and_ends_in_time(
    asking: Asking, desk: Acting, sue: Person, clock: SetClock, rules: ShopRules
) -> None:
    asked = asking.approval()
    assert turn_request_clocks(desk.database, rules, clock) == ()
    assert asked.due_at is not None
    clock.at = asked.due_at
    assert turn_request_clocks(desk.database, rules, clock) == (asked.id,)
    again = asking.act(lambda known: known.get(asked.id))
    assert (again.state, again.level) == (RequestState.PENDING, 1)
    assert again.due_at is not None
    assert desk.told()[-1] == (
        REQUEST_LATE,
        {"request_id": asked.id, "purpose": "bargain", "until": again.due_at.isoformat()},
    )
    clock.at = again.due_at
    turn_request_clocks(desk.database, rules, clock)
    over = asking.act(lambda known: known.get(asked.id))
    assert (over.state, over.due_at) == (RequestState.TIMED_OUT, None)
    assert [kind for kind, _ in desk.told()] == [REQUEST_LATE, REQUEST_ANSWERED]
    with pytest.raises(DecidedError, match="timed out"):
        asking.act(lambda known: known.approve(asked.id, sue))


def test_what_the_flow_needs_no_longer_is_withdrawn_without_a_word(
    asking: Asking, desk: Acting, sue: Person
) -> None:
    asked = asking.approval()
    for _ in range(2):
        assert asking.act(lambda known: known.withdraw(asked.id)).state is RequestState.WITHDRAWN
    assert desk.told() == []
    with pytest.raises(DecidedError, match="withdrawn"):
        asking.act(lambda known: known.approve(asked.id, sue))


def test_a_request_that_is_none_is_named(asking: Asking, sue: Person) -> None:
    with pytest.raises(UnknownRequestError, match="no request 99"):
        asking.act(lambda known: known.approve(99, sue))
