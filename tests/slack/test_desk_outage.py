"""Slack is away, limits us, or loses messages: cases go on, and threads are caught up in order, once."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.slack.desk import missed, posting
from adapters.slack.desk.cards import MOST_LISTED
from bot.desk.values.history import EventKind
from tests.channels.house import until
from tests.peers.local_slack import DESK, UPSTAIRS
from tests.slack.desk_house import DeskHouse, names, said
from tests.slack.edge import Allowance, Answer, limited, refusal

MINUTE = dt.timedelta(minutes=1)


async def calls(house: DeskHouse, times: int) -> None:
    """Wait for so many calls of Slack's methods in all."""

    async def look() -> bool:
        return len(house.edge.called) >= times

    await until(look, f"{times} calls")


@pytest.mark.parametrize(
    "fault",
    [
        Answer("<html>bad gateway</html>", 503),
        refusal("token_revoked"),
        refusal("is_archived"),
        limited(0),
    ],
    ids=["away", "revoked", "archived", "limited"],
)
async def test_while_slack_is_away_cases_go_on_and_threads_are_caught_up_in_order(
    house: DeskHouse, fault: Answer
) -> None:
    first = house.staff.case("Wo ist mein Paket?")
    await house.tells(first.id, "Wo ist mein Paket?")
    house.edge.faults["chat.postMessage"] = fault
    house.edge.faults["chat.update"] = fault
    before = len(house.edge.called)
    second = house.staff.case("Und meins?")
    house.hears(first, "eins")
    # Somebody works in the web desk meanwhile.
    view = await house.desk.claim(house.ana, first.id)
    await house.desk.note(house.ana, first.id, "a remark")
    await house.desk.reply(house.ana, first.id, view.fence, "Es ist beim Zoll.")
    house.hears(first, "zwei")
    await calls(house, before + 3)
    house.edge.faults.clear()
    await house.tells(first.id, "zwei")
    await house.tells(second.id, "Und meins?")
    await house.quiet()
    words = " ".join(await house.thread(first.id))
    order = [words.index(one) for one in ("eins", "claimed it", "a remark", "Es ist beim Zoll.", "zwei")]
    assert order == sorted(order)
    assert words.count("eins") == words.count("Es ist beim Zoll.") == words.count("zwei") == 1


async def test_all_that_a_buyer_wrote_while_slack_was_away_is_in_the_thread_however_much_it_is(
    house: DeskHouse,
) -> None:
    shown = house.staff.case("Wo ist mein Paket?")
    await house.tells(shown.id, "Wo ist mein Paket?")
    house.edge.faults["chat.postMessage"] = Answer("<html>bad gateway</html>", 503)
    new = house.staff.case("Und meins?")
    for case in (shown, new):
        for number in range(250):
            house.hears(case, f"[{number}]")
    await calls(house, len(house.edge.called) + 3)
    house.edge.faults.clear()
    for case in (shown, new):
        await house.tells(case.id, "[249]")
        words = " ".join(await house.thread(case.id))
        places = [words.find(f"[{number}]") for number in range(250)]
        assert -1 not in places
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (Answer("<html>bad gateway</html>", 503), "Slack takes no more for now: 503"),
        (refusal("token_revoked"), "token_revoked; install the app again and set the new token"),
        (refusal("is_archived"), "it is archived: bring it back, or name another in desk_options.slack"),
        (refusal("not_in_channel"), "the app is not in it: write /invite"),
        (refusal("channel_not_found"), "the app sees no such channel: invite it"),
        (limited(0), "Slack takes no more for now: ratelimited"),
    ],
    ids=["away", "revoked", "archived", "not in it", "unknown", "limited"],
)
async def test_the_operator_is_told_what_keeps_cases_from_being_shown_and_that_it_is_over(
    house: DeskHouse, fault: Answer, what: str
) -> None:
    house.edge.faults["chat.postMessage"] = fault
    case = house.staff.case("Wo ist mein Paket?")

    async def told() -> bool:
        return bool(house.troubles) and what in str(house.troubles[-1])

    await until(told, "a word to the operator")
    assert f"channel {DESK}" in str(house.troubles[-1])
    assert str(house.troubles[-1]).endswith("cases go on in the web desk")
    house.edge.faults.clear()
    await house.card(case.id)

    async def over() -> bool:
        return house.troubles[-1] is None

    await until(over, "that all is well")


async def test_one_refusal_is_no_trouble_yet(house: DeskHouse) -> None:
    house.edge.faults["chat.postMessage"] = [limited(0)]
    case = house.staff.case("Wo ist mein Paket?")
    await house.card(case.id)
    await house.quiet()
    assert house.troubles == []


async def test_a_token_that_is_revoked_while_nothing_happens_is_told(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "EVERY", 0.1)
    await house.stop()
    await house.open()
    house.edge.faults["auth.test"] = refusal("token_revoked")

    async def told() -> bool:
        return bool(house.troubles) and "token_revoked" in str(house.troubles[-1])

    await until(told, "a word to the operator")
    house.edge.faults.clear()

    async def over() -> bool:
        return house.troubles[-1] is None

    await until(over, "that all is well")


async def test_a_post_whose_answer_was_lost_is_not_repeated(house: DeskHouse) -> None:
    house.edge.faults["chat.postMessage"] = [Answer("", 500, done=True)]
    case = house.staff.case("Wo ist mein Paket?")
    await house.tells(case.id, "Wo ist mein Paket?")
    house.edge.faults["chat.postMessage"] = [Answer("", 500, done=True)]
    house.hears(case, "Hallo?")
    await house.tells(case.id, "Hallo?")
    house.hears(case, "Noch da?")
    await house.tells(case.id, "Noch da?")
    found = await house.messages()
    assert sum(names(one, f"case:{case.id}.0") for one in found) == 1
    words = " ".join(await house.thread(case.id))
    assert words.count("Hallo?") == words.count("Wo ist mein Paket?") == 1


async def test_a_message_deleted_by_hand_is_made_anew(house: DeskHouse) -> None:
    case = house.staff.case("Wo ist mein Paket?")
    card = await house.card(case.id)
    await house.tells(case.id, "Wo ist mein Paket?")
    house.edge.faults["chat.update"] = [refusal("message_not_found")]
    await house.desk.claim(house.ana, case.id)

    async def anew() -> bool:
        return (await house.card(case.id))["ts"] != card["ts"]

    await until(anew, "a new message")
    await house.shows(case.id, "Ana has it")
    await house.tells(case.id, "claimed it")


async def test_what_people_wrote_while_the_service_was_stopped_is_taken_once(house: DeskHouse) -> None:
    case = house.staff.case("Wo ist mein Paket?")
    await house.presses(await house.card(case.id), "Claim")
    await house.shows(case.id, "Ana has it")
    await house.writes(case.id, "before")
    await house.quiet()
    await house.stop()
    await house.writes(case.id, "a remark")
    await house.writes(case.id, ">> Es kommt morgen.")
    for _ in range(2):
        await house.open()
        await house.shows(case.id, "waiting buyer")
        await house.quiet()
        await house.stop()
    assert house.sent(case) == ["Es kommt morgen."]
    events = (await house.desk.case(house.ana, case.id)).events
    assert [event.text for event in events if event.kind is EventKind.NOTED] == ["before", "a remark"]


async def test_many_new_cases_are_listed_first_and_each_can_be_claimed_there(house: DeskHouse) -> None:
    house.edge.faults["chat.postMessage"] = refusal("is_archived")
    opened = [house.staff.case(f"Frage {number}") for number in range(12)]
    await calls(house, 5)
    house.edge.faults.clear()

    async def listed() -> bool:
        return any(_lists(one) for one in await house.messages())

    await until(listed, "a list")
    for case in opened:
        await house.card(case.id)
    found = await house.messages()
    first = next(at for at, one in enumerate(found) if names(one, f"case:{opened[-1].id}.0"))
    (digest, *_) = [at for at, one in enumerate(found) if _lists(one)]
    assert digest < first
    await house.presses(_claims(found[digest], opened[3].id), "Claim")
    await house.shows(opened[3].id, "Ana has it")


async def test_cases_that_move_before_they_are_shown_have_one_card_in_their_new_channel(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.edge.faults["chat.postMessage"] = refusal("is_archived")
    opened = [house.staff.case(f"Frage {number}") for number in range(3)]
    before = len(house.edge.called)
    await calls(house, before + 2)
    # Both channels' turns come while a post of the other waits for its own.
    monkeypatch.setattr(posting, "MESSAGES", 0.3)
    for case in opened:
        await house.desk.pass_on(house.sue, case.id, case.fence, "supervisor")
    await calls(house, len(house.edge.called) + 4)
    house.edge.faults.clear()
    for number, case in enumerate(opened):
        await house.tells(case.id, f"Frage {number}", UPSTAIRS)
    await house.quiet()
    shown = [*await house.messages(UPSTAIRS), *await house.messages(DESK)]
    assert [sum(names(one, f"case:{case.id}.0") for one in shown) for case in opened] == [1, 1, 1]


async def test_a_claims_clock_begins_when_its_card_is_there(house: DeskHouse) -> None:
    house.edge.faults["chat.postMessage"] = Answer("<html>bad gateway</html>", 503)
    case = house.staff.case("Wo ist mein Paket?")
    await calls(house, 3)
    waits = house.staff.now(case)
    assert waits.waits_unseen
    assert waits.due_at == case.opened_at + 6 * MINUTE
    # The store's people do not pay for Slack's trouble.
    house.clock.ahead += 2 * MINUTE
    house.edge.faults.clear()
    card = await house.card(case.id)
    await house.quiet()
    shown = house.staff.now(case)
    assert shown.shown_at is not None
    assert shown.due_at == shown.shown_at + 3 * MINUTE
    assert case.opened_at + 2 * MINUTE < shown.shown_at < shown.due_at < waits.due_at
    told = next(one["timestamp"] for one in _parts(card["blocks"]) if one.get("type") == "date")
    assert abs(told - shown.due_at.timestamp()) < 60
    assert "chat.update" not in house.edge.called, "the card told the end of the clock when it was posted"


async def test_a_case_in_a_list_can_be_seen_before_its_own_card_is_there(house: DeskHouse) -> None:
    house.edge.faults["chat.postMessage"] = refusal("is_archived")
    opened = [house.staff.case(f"Frage {number}") for number in range(6)]

    async def tried() -> bool:
        return any("6 cases wait" in str(told.get("text")) for _, told in house.edge.told)

    await until(tried, "a list of them all")
    # The list comes through, and no card.
    house.edge.faults["chat.postMessage"] = [None, *[refusal("is_archived")] * 50]

    async def seen() -> bool:
        return all(house.staff.now(case).shown_at is not None for case in opened)

    await until(seen, "six cases in a list")
    assert not await _cards(house)


async def test_a_channel_gets_one_message_a_second(house: DeskHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(posting, "MESSAGES", 1.0)
    monkeypatch.setattr(posting.asyncio, "sleep", sleep)
    own = posting.Posting(house.frontend._wire, house.frontend._showing._posting._folder)
    for _ in range(3):
        await own._turn("in C1", posting.MESSAGES)
    await own._turn("in C2", posting.MESSAGES)
    assert [round(one) for one in waits] == [0, 1, 2, 0]


@pytest.mark.proof
@pytest.mark.timeout(600)
async def test_however_often_the_service_ends_in_the_middle_each_line_is_shown_once_in_order(
    house: DeskHouse,
) -> None:
    rng = random.Random(7)
    opened = [house.staff.case(f"case {number} begins") for number in range(6)]
    told: dict[int, list[str]] = {case.id: [] for case in opened}
    for round_ in range(60):
        case = rng.choice(opened)
        text = f"<{case.id}/{round_}>"
        told[case.id].append(text)
        house.hears(case, text)
        if rng.random() < 0.3:
            house.edge.faults["chat.postMessage"] = [
                rng.choice([Answer("", 500, done=True), Answer("", 503), limited(0), Answer("", 500)])
            ]
        await asyncio.sleep(rng.random() * 0.1)
        if rng.random() < 0.3:
            # Cancelled wherever it is: as after a kill, what was posted may not be written down.
            await house.stop()
            await house.open()
    house.edge.faults.clear()
    for case in opened:
        house.hears(case, "the end")
        await house.tells(case.id, "the end")
    await house.quiet()
    shown = await house.messages(DESK)
    for case in opened:
        assert sum(names(one, f"case:{case.id}.0") for one in shown) == 1
        words = " ".join(await house.thread(case.id))
        places = [words.index(text) for text in told[case.id]]
        assert places == sorted(places)
        assert all(words.count(text) == 1 for text in told[case.id])


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("count", "faster"), [(40, 1), (500, 10), (500, 1)], ids=["40", "500 ten times as fast", "500"]
)
async def test_a_burst_of_cases_drains_in_order_within_slacks_limits(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch, count: int, faster: int
) -> None:
    """Every card and its thread; the lists come first. Slack's limits and our pace are faster by as much."""
    monkeypatch.setattr(posting, "MESSAGES", 1.0 / faster)
    monkeypatch.setattr(posting, "METHODS", 1.2 / faster)
    # What Slack documents: a message a second in a channel, short bursts of them, fifty calls a minute.
    house.edge.allowed["chat.postMessage"] = lambda: Allowance(1.0 / faster, 2)
    for method in ("chat.update", "reactions.add", "conversations.history", "conversations.replies"):
        house.edge.allowed[method] = lambda: Allowance(1.2 / faster, 2)
    opened = [house.staff.case(f"Frage {number}") for number in range(count)]
    in_web = await house.desk.cases(house.ana, limit=count)
    assert {one.id for one in in_web} == {case.id for case in opened}
    loop = asyncio.get_running_loop()
    end = loop.time() + 4 * count + 60
    seen_after = 0.0
    while not house.frontend._showing.idle or len(await _cards(house)) < count:
        assert loop.time() < end
        if not seen_after and len(await _listed(house)) >= count - len(await _cards(house)):
            # Whoever looks sees all of them, and from now on each has its clock.
            seen_after = loop.time()
            assert all(house.staff.now(case).shown_at is not None for case in opened[:-MOST_LISTED])
        await asyncio.sleep(0.5)
    assert house.edge.limited == []
    posted = [
        at
        for at, (method, told) in zip(house.edge.times, house.edge.told, strict=True)
        if method == "chat.postMessage" and told["channel"] == DESK
    ]
    # One a second; what the loop or the line delays may come closer to what follows.
    assert all(later - first > 8.0 / faster for first, later in zip(posted, posted[10:], strict=False))
    assert await _cards(house) == [case.id for case in opened]
    # That was long before the last card stood.
    assert seen_after
    assert seen_after - posted[0] < (posted[-1] - posted[0]) / 4
    for case in opened:
        now = house.staff.now(case)
        assert now.shown_at is not None
        assert now.due_at == now.shown_at + 3 * MINUTE


async def test_cases_that_were_listed_are_listed_anew_in_the_channel_that_they_move_to(
    house: DeskHouse,
) -> None:
    house.edge.faults["chat.postMessage"] = refusal("is_archived")
    opened = [house.staff.case(f"Frage {number}") for number in range(6)]

    async def tried() -> bool:
        return any("6 cases wait" in str(told.get("text")) for _, told in house.edge.told)

    await until(tried, "a list of them all")
    # The list comes through, and no card.
    house.edge.faults["chat.postMessage"] = [None, *[refusal("is_archived")] * 10_000]

    async def seen() -> bool:
        return all(house.staff.now(case).shown_at is not None for case in opened)

    await until(seen, "six cases in a list")
    for case in opened:
        await house.desk.pass_on(house.sue, case.id, house.staff.now(case).fence, "supervisor")
    await calls(house, len(house.edge.called) + 4)
    house.edge.faults.clear()
    for case in opened:
        await house.card(case.id, UPSTAIRS)
    upstairs, downstairs = await _listed(house, UPSTAIRS), await _listed(house)
    assert upstairs == downstairs == {f"desk:claim:{case.id}" for case in opened}
    assert not await _cards(house)


async def test_who_claims_a_case_from_a_list_has_its_thread_before_those_before_it(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "MESSAGES", 0.3)
    opened = [house.staff.case(f"Frage {number}") for number in range(12)]

    async def found() -> dict[str, Any] | None:
        return next((_claims(one, opened[-1].id) for one in await house.messages() if _lists(one)), None)

    alone = await until(found, "a list")
    assert alone is not None
    await house.presses(alone, "Claim")
    await house.card(opened[-1].id)
    assert len(await _cards(house)) < 12
    for case in opened:
        await house.card(case.id)
    assert [case_id for case_id in await _cards(house) if case_id != opened[-1].id] == [
        case.id for case in opened[:-1]
    ]


def _parts(of: Any) -> Iterator[dict[str, Any]]:
    """All parts of blocks, however deep."""
    if isinstance(of, dict):
        yield of
    for one in of.values() if isinstance(of, dict) else of if isinstance(of, list) else ():
        yield from _parts(one)


async def _cards(house: DeskHouse) -> list[int]:
    """The cases whose cards stand in the channel, oldest first."""
    ids = [
        str(block.get("block_id", "")) for one in await house.messages() for block in one.get("blocks") or ()
    ]
    return [
        int(one.split(":")[1].split(".")[0]) for one in ids if one.startswith("case:") and one.endswith(".0")
    ]


def _lists(message: dict[str, Any]) -> bool:
    return "cases wait" in said(message)


def _claims(listing: dict[str, Any], case_id: int) -> dict[str, Any]:
    """A list with nothing but the button of one case."""
    button = next(
        element
        for block in listing["blocks"]
        for element in block.get("elements") or ()
        if element.get("action_id") == f"desk:claim:{case_id}"
    )
    return {**listing, "blocks": [{"type": "actions", "elements": [button]}]}


async def _listed(house: DeskHouse, channel: str = DESK) -> set[str]:
    """The cases that the lists name."""
    return {
        str(element["action_id"])
        for one in await house.messages(channel)
        if _lists(one)
        for block in one.get("blocks") or ()
        for element in block.get("elements") or ()
        if str(element.get("action_id", "")).startswith("desk:claim:")
    }
