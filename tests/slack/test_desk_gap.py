"""A process dies in the midst of something, or Slack brings nothing for a while: all is done, and once."""

from __future__ import annotations

import pytest

from bot.desk.port.board import digest_of
from bot.desk.values.cases import Case, Outcome
from bot.desk.values.history import EventKind
from tests.channels.house import until
from tests.peers.local_slack import ALICE, BOB, DESK
from tests.slack.desk_house import DeskHouse, names
from tests.slack.edge import refusal


async def claimed(house: DeskHouse, text: str = "Wo ist mein Paket?") -> Case:
    case = house.staff.case(text)
    await house.presses(await house.card(case.id), "Claim")
    await house.shows(case.id, "Ana has it")
    await house.quiet()
    return case


async def forgets(house: DeskHouse, case: Case) -> None:
    """As if the process had died after it posted the case's message and before it wrote that down."""
    card = await house.card(case.id)
    place = {f"case:{case.id}": None, f"thread:{DESK}:{card['ts']}": None}
    await house.desk.board.keep("slack", place)


async def sends(house: DeskHouse, case: Case, *texts: str) -> None:
    async def all_there() -> bool:
        return house.sent(case) == list(texts)

    await until(all_there, f"{texts}")


async def noted(house: DeskHouse, case: Case) -> list[str]:
    events = (await house.desk.case(house.ana, case.id)).events
    return [event.text for event in events if event.kind is EventKind.NOTED]


@pytest.mark.parametrize("noted_as", ["{channel}/{thread}/{ts}", "{ts}"], ids=["now", "an older version did"])
async def test_a_reply_is_not_lost_with_a_process_that_had_only_begun_to_take_it(
    house: DeskHouse, noted_as: str
) -> None:
    case = await claimed(house)
    await house.stop()
    ts = await house.writes(case.id, ">> Es kommt morgen.")
    place = noted_as.format(channel=DESK, thread=(await house.card(case.id))["ts"], ts=ts)
    await house.desk.board.keep("slack", {f"said:{digest_of(f'slack:{DESK}:{ts}')}": place})
    await house.open()
    await sends(house, case, "Es kommt morgen.")


async def test_a_message_that_slack_brings_again_is_refused_once(house: DeskHouse) -> None:
    case = await claimed(house)
    ts = await house.writes(case.id, ">> Words of somebody else.", user=BOB)
    await house.whispered("Ana has this case now")
    # Sue has it by now: what she was refused then must not be sent for that.
    await house.presses(await house.card(case.id), "Take over", user=BOB)
    await house.shows(case.id, "Sue has it")
    await house.brings(house.edge.envelope_of(ts))
    for _ in range(2):
        await house.stop()
        await house.open()
        await house.quiet()
    assert house.sent(case) == []
    refused = [
        one for one in (await house.desk.case(house.ana, case.id)).events if one.kind is EventKind.REFUSED
    ]
    assert len(refused) == 1


async def test_what_was_written_in_a_gap_goes_before_what_comes_after_it(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.stop()
    await house.writes(case.id, ">> one")
    # The threads cannot be looked for yet when the next message is brought.
    house.edge.faults["conversations.history"] = refusal("internal_error")
    await house.open()
    await house.writes(case.id, ">> two")
    await sends(house, case, "one", "two")


async def test_what_was_changed_in_a_gap_is_changed_for_the_buyer_once(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await claimed(house)
    reply = await house.writes(case.id, ">> Es kommt morgen.")
    remark = await house.writes(case.id, "a remark")
    await sends(house, case, "Es kommt morgen.")
    await house.stop()
    both = await house.writes(case.id, "written and changed")
    for ts, text in ((reply, "&gt;&gt; Es kommt heute."), (remark, "another"), (both, "at once")):
        await house.act(house.slack.edits, DESK, ts, text, user=ALICE)
    for _ in range(2):
        await house.open()
        await sends(house, case, "Es kommt heute.")

        async def all_noted() -> bool:
            return len(await noted(house, case)) >= 3

        await until(all_noted, "the remarks")
        await house.quiet()
        await house.stop()
    assert await noted(house, case) == ["a remark", "(changed) another", "at once"]


async def test_words_that_were_taken_and_changed_around_a_death_are_changed(house: DeskHouse) -> None:
    case = await claimed(house)
    ts = await house.writes(case.id, ">> Es kommt morgen.")
    await sends(house, case, "Es kommt morgen.")
    await house.quiet()
    await house.stop()
    # It died after it had taken them and before it had noted so.
    await house.desk.board.keep("slack", {f"heard:{digest_of(f'slack:{DESK}:{ts}')}": None})
    await house.act(house.slack.edits, DESK, ts, "&gt;&gt; Es kommt heute.")
    await house.open()
    await sends(house, case, "Es kommt heute.")


async def test_a_message_that_nobody_wrote_down_says_that_its_case_was_closed_meanwhile(
    house: DeskHouse,
) -> None:
    case = await claimed(house)
    await house.stop()
    await forgets(house, case)
    view = await house.desk.case(house.ana, case.id)
    await house.desk.close(house.ana, case.id, view.fence, Outcome.SOLVED)
    await house.open()
    await house.shows(case.id, "closed")
    assert sum(names(one, f"case:{case.id}.0") for one in await house.messages()) == 1


async def test_words_in_a_thread_that_nobody_wrote_down_are_taken(house: DeskHouse) -> None:
    case = await claimed(house)
    await forgets(house, case)
    await house.writes(case.id, "a remark")
    await house.writes(case.id, ">> Es kommt morgen.")
    await sends(house, case, "Es kommt morgen.")
    assert await noted(house, case) == ["a remark"]


async def test_a_thread_that_is_no_cases_is_asked_about_once(house: DeskHouse) -> None:
    ts = await house.act(house.slack.says, DESK, "Lunch?")
    first, _ = [await house.act(house.slack.says, DESK, text, thread=ts) for text in ("Yes", "No")]
    case = await claimed(house)
    assert house.edge.envelope_of(first)
    assert house.edge.called.count("conversations.replies") == 1
    assert await noted(house, case) == []
