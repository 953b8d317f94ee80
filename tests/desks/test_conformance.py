"""What holds for every place where people work on cases."""

from __future__ import annotations

from bot.desk.values.cases import CardField, Case, CaseState, Outcome
from tests.channels.house import until
from tests.desks.rig import DeskRig


async def owned(rig: DeskRig, case: Case, owner_id: int | None) -> None:
    async def look() -> bool:
        return rig.staff.now(case).owner_id == owner_id

    await until(look, f"case {case.id} to be owned by {owner_id}")


async def sent(rig: DeskRig, case: Case, words: list[str]) -> None:
    async def look() -> bool:
        return rig.staff.said_to_buyer(case) == words

    await until(look, f"{words} on the way to the buyer")


async def test_a_case_is_shown_with_what_the_buyer_wants_and_masked_data(rig: DeskRig) -> None:
    case = rig.staff.case("Wo ist mein Paket?")
    shown = await rig.sees(rig.ana, case.id, "Wo ist mein Paket?")
    assert "CD-104233" in shown
    assert "Lena Fischer" in shown
    assert "lena.fischer@example.com" not in shown
    assert "1234567" not in shown
    assert "Lindenweg" not in shown


async def test_what_the_buyer_writes_is_seen_as_it_was_written(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    rig.staff.hears(rig.staff.sender(case), "Noch da? <b>&amp;</b> <!channel>")
    await rig.sees(rig.ana, case.id, "Noch da? <b>&amp;</b> <!channel>")


async def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.sees(rig.ana, case.id, "CD-104233")
    await rig.claims(rig.sue, case.id)
    await owned(rig, case, rig.sue.id)
    await rig.claims(rig.ana, case.id)
    await rig.told(rig.ana, "Sue")
    assert rig.staff.now(case).owner_id == rig.sue.id


async def test_a_remark_stays_inside_and_a_reply_reaches_the_buyer_once(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    await rig.remarks(rig.ana, case.id, "Be kind to her")
    await rig.replies(rig.ana, case.id, "Es ist beim Zoll & kommt morgen.")
    await sent(rig, case, ["Es ist beim Zoll & kommt morgen."])
    texts = [event.text for event in (await rig.desk.case(rig.sue, case.id)).events]
    assert "Be kind to her" in texts
    assert rig.staff.said_to_buyer(case) == ["Es ist beim Zoll & kommt morgen."]


async def test_whoever_pastes_a_card_number_is_told_that_it_was_masked(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    await rig.remarks(rig.ana, case.id, "Hers is 5500 0000 0000 0004")
    await rig.told(rig.ana, "payment card")
    await rig.replies(rig.ana, case.id, "Es war 4111 1111 1111 1111.")
    await sent(rig, case, ["Es war •••• 1111."])
    await rig.told(rig.ana, "payment card")
    await rig.closes(rig.ana, case.id, Outcome.SOLVED, "It was 4111-1111-1111-1111.")
    await rig.told(rig.ana, "payment card")
    assert rig.staff.now(case).summary == "It was •••• 1111."
    texts = [event.text for event in (await rig.desk.case(rig.sue, case.id)).events]
    assert "Hers is •••• 0004" in texts


async def test_what_holds_no_card_number_is_masked_by_nobody(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    await rig.replies(rig.ana, case.id, "Es hat die Nummer 4111 1111 1111 1112.")
    await sent(rig, case, ["Es hat die Nummer 4111 1111 1111 1112."])
    await rig.remarks(rig.ana, case.id, "CD-104233 of 2026-06-10")

    async def noted() -> bool:
        events = (await rig.desk.case(rig.sue, case.id)).events
        return "CD-104233 of 2026-06-10" in [event.text for event in events]

    await until(noted, "the remark")
    assert not rig.was_told(rig.ana, "payment card")


async def test_words_of_somebody_who_is_not_the_owner_never_reach_the_buyer(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    await rig.takes_over(rig.sue, case.id)
    await owned(rig, case, rig.sue.id)
    await rig.replies(rig.ana, case.id, "I say so")
    await rig.told(rig.ana, "Sue")
    assert rig.staff.said_to_buyer(case) == []


async def test_a_hidden_field_is_shown_to_the_owner_and_that_is_written_down(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    assert "lena.fischer@example.com" in await rig.reveals(rig.ana, case.id, CardField.EMAIL)
    kinds = [event.kind.value for event in (await rig.desk.case(rig.sue, case.id)).events]
    assert "revealed" in kinds


async def test_a_case_is_passed_on_and_closed_with_its_outcome(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    await rig.passes_on(rig.ana, case.id, "payment")
    await owned(rig, case, None)
    assert rig.staff.now(case).queue == "payment"
    await rig.claims(rig.ana, case.id)
    await owned(rig, case, rig.ana.id)
    await rig.closes(rig.ana, case.id, Outcome.SOLVED, "Found it.")
    closed = rig.staff.now(case)
    assert (closed.state, closed.outcome, closed.summary) == (
        CaseState.CLOSED,
        Outcome.SOLVED,
        "Found it.",
    )


async def test_whoever_is_no_member_can_do_nothing(rig: DeskRig) -> None:
    case = rig.staff.case()
    await rig.sees(rig.ana, case.id, "CD-104233")
    await rig.stranger_claims(case.id)
    assert rig.staff.now(case).owner_id is None


async def test_what_is_done_elsewhere_and_while_it_is_stopped_is_seen(rig: DeskRig) -> None:
    case = rig.staff.case("Wo ist mein Paket?")
    await rig.sees(rig.ana, case.id, "Wo ist mein Paket?")
    await rig.stop()
    view = await rig.desk.claim(rig.sue, case.id)
    await rig.desk.reply(rig.sue, case.id, view.fence, "Es kommt morgen.")
    await rig.open()
    shown = await rig.sees(rig.ana, case.id, "Es kommt morgen.")
    assert shown.count("Wo ist mein Paket?") == 1
    await rig.stop()
    # Idempotent.
    await rig.stop()
    await rig.open()
