from __future__ import annotations

import html
import re

from bot.clock import SetClock
from bot.desk.cases import Cases
from bot.desk.values.cases import CaseCard, CaseState, Outcome, Priority, Reason
from bot.desk.values.history import EventKind
from tests.web.browsing import Enter, act, fields, problem, shown
from tests.web.staff import Staff


def test_the_list_shows_what_presses_most_first(staff: Staff, enter: Enter, clock: SetClock) -> None:
    staff.person("ana")
    staff.case(card=CaseCard(wants="first come"))
    clock.advance(seconds=60)
    staff.case(card=CaseCard(wants="second come"))
    staff.case(card=CaseCard(wants="to the bank"), priority=Priority.URGENT, reason=Reason.ALWAYS_HUMAN)
    page = enter("ana").get("/desk").text
    assert re.findall(r'<span class="wants" dir="auto">(.*?)</span>', page) == [
        "to the bank",
        "first come",
        "second come",
    ]
    assert "Sensitive topic" in page
    assert "Logistics lost" in page
    assert "2 min left" in page
    assert 'data-waiting="3"' in page


def test_the_list_can_be_narrowed(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    mine = staff.case(card=CaseCard(wants="mine it is"))
    staff.case(card=CaseCard(wants="another queue"), intent="refund_request")
    client = enter("ana")
    act(client, mine, "claim")

    def wants(query: str) -> list[str]:
        return re.findall(r'<span class="wants" dir="auto">(.*?)</span>', client.get(f"/desk?{query}").text)

    assert wants("view=mine") == ["mine it is"]
    assert wants("view=unclaimed") == ["another queue"]
    assert wants("queue=aftersales") == ["another queue"]
    assert wants("queue=logistics&view=mine") == ["mine it is"]
    assert wants("view=closed") == wants("queue=payment") == []
    act(client, mine, "close", outcome="solved")
    assert wants("view=closed") == ["mine it is"]
    assert len(wants("queue=%00<script>&view=xx")) == 1


def test_a_list_holds_no_personal_data(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.case()
    page = enter("ana").get("/desk").text
    for secret in ("lena.fischer", "1234567", "Lindenweg"):
        assert secret not in page


# --- a case


def test_the_card_tells_all_and_shows_nothing_private(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    page = html.unescape(enter("ana").get(f"/desk/cases/{case.id}").text)
    for fact in (
        "Checked</span>, valued buyer",
        "German",
        "Germany",
        "said twice that tracking has not moved",
        "Looked up CD-104233",
        "in transit",
        "no scan since 3 May, Leipzig",
        "€89.90",
        "Logistics lost 62 %",
        "Wed 04:00",
    ):
        assert fact in page
    for secret in ("lena.fischer", "1234567", "Lindenweg"):
        assert secret not in page


def test_showing_a_field_is_written_down(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    case = staff.case()
    client = enter("ana")
    page = client.get(f"/desk/cases/{case.id}").text
    assert "/reveal" not in page
    csrf = fields(page, f"/desk/cases/{case.id}/claim")
    refused = client.post(f"/desk/cases/{case.id}/reveal", data={**csrf, "field": "email"})
    assert refused.status_code == 409
    assert "lena.fischer" not in refused.text
    act(client, case, "claim")
    answer = client.post(f"/desk/cases/{case.id}/reveal", data={**csrf, "field": "email"})
    assert "lena.fischer@example.com" in answer.text
    assert "1234567" not in answer.text
    assert "lena.fischer" not in client.get(f"/desk/cases/{case.id}").text
    with staff.database.begin() as connection:
        events = Cases(connection, staff.rules, staff.clock).events(case.id)
    assert (events[-1].kind, events[-1].actor, events[-1].text) == (EventKind.REVEALED, "Ana Duarte", "email")
    assert client.post(f"/desk/cases/{case.id}/reveal", data={**csrf, "field": "card"}).status_code == 422


def test_a_case_is_claimed_answered_and_handed_back(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    case = staff.case()
    client = enter("ana")
    page = client.get(f"/desk/cases/{case.id}").text
    assert [shown(page, form) for form in ("claim", "reply", "note", "close")] == [True, False, True, False]
    claimed = act(client, case, "claim")
    assert "The case is yours." in claimed.text
    assert [shown(claimed.text, form) for form in ("claim", "reply", "note", "close")] == [
        False,
        True,
        True,
        True,
    ]
    answered = act(client, case, "reply", reply="Guten Tag,\r\nhier ist Ana.")
    assert "on its way to the buyer" in answered.text
    assert staff.said_to_buyer(case) == ["Guten Tag,\nhier ist Ana."]
    assert "Being sent" in answered.text
    unsaid = act(client, case, "hand-back", summary="will wait")
    assert (unsaid.status_code, problem(unsaid)) == (422, "Please choose how the case ended.")
    assert ">will wait</textarea>" in unsaid.text
    act(client, case, "hand-back", outcome="answered", summary="will wait")
    after = staff.now(case)
    assert (after.state, after.outcome, after.summary) == (CaseState.CLOSED, Outcome.ANSWERED, "will wait")


def test_a_private_note_never_reaches_the_buyer(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("ben")
    case = staff.case()
    act(enter("ana"), case, "claim")
    noted = act(enter("ben"), case, "note", note="difficult buyer, be patient")
    assert "The buyer never sees it." in noted.text
    assert re.search(r'<li id="event-\d+" class="note">.*?difficult buyer', noted.text, re.DOTALL)
    assert "difficult" not in " ".join(line.text for line in staff.lines(case))


def test_the_second_to_claim_is_told_who_was_first(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    staff.person("ben")
    case = staff.case()
    ana, ben = enter("ana"), enter("ben")
    seen = ben.get(f"/desk/cases/{case.id}").text
    act(ana, case, "claim")
    late = act(ben, case, "claim", seen)
    assert late.status_code == 409
    assert "Ana Duarte" in problem(late)
    assert not shown(late.text, "reply")


def test_a_late_agents_text_does_not_reach_the_buyer_and_is_not_lost(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("sue", "supervisor")
    case = staff.case()
    ana, sue = enter("ana"), enter("sue")
    seen = act(ana, case, "claim").text
    assert "The case is yours now." in act(sue, case, "take-over").text
    late = act(ana, case, "reply", seen, reply="I <b>promise</b> you everything")
    assert late.status_code == 409
    assert problem(late)
    assert ">I &lt;b&gt;promise&lt;/b&gt; you everything</textarea>" in late.text
    assert staff.said_to_buyer(case) == []


def test_a_form_sent_twice_says_it_once(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    for _ in range(2):
        assert act(client, case, "reply", page, reply="We are looking into it.").status_code == 200
        assert act(client, case, "note", page, note="asked the carrier").status_code == 200
    assert staff.said_to_buyer(case) == ["We are looking into it."]
    assert client.get(f"/desk/cases/{case.id}").text.count("asked the carrier") == 1


def test_release_and_passing_on(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    act(client, case, "release")
    assert staff.now(case).owner_id is None
    act(client, case, "claim")
    refused = act(client, case, "pass-on", queue="nowhere")
    assert refused.status_code == 422
    assert "nowhere" in problem(refused)
    act(client, case, "pass-on", queue="payment")
    assert (staff.now(case).queue, staff.now(case).owner_id) == ("payment", None)


def test_a_trainees_words_wait_for_a_yes(staff: Staff, enter: Enter) -> None:
    staff.person("tim", "trainee")
    staff.person("ana")
    case = staff.case()
    tim, ana = enter("tim"), enter("ana")
    act(tim, case, "claim")
    waiting = act(tim, case, "reply", reply="Ich frage nach.")
    assert "waits for a colleague’s yes" in waiting.text
    assert staff.said_to_buyer(case) == []
    declined = act(ana, case, "decline", decline="Please name a date.")
    assert "The draft is declined." in declined.text
    act(tim, case, "reply", reply="Ich frage nach und melde mich bis Freitag.")
    act(ana, case, "approve", draft="Ich frage nach und melde mich bis Freitag, 12 Uhr.")
    assert staff.said_to_buyer(case) == ["Ich frage nach und melde mich bis Freitag, 12 Uhr."]


def test_a_suggested_reply_can_be_taken_without_scripts(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    (link,) = re.findall(r'href="(/desk/cases/\d+\?use=\d+)"', page)
    text = html.unescape(client.get(link).text)
    written = re.search(r'<textarea id="reply"[^>]*>(.*?)</textarea>', text, re.DOTALL)
    assert written
    assert "We have opened a trace" in written[1]
    for nonsense in ("99", "-1", "x", "٣", "1" * 400):
        assert client.get(f"/desk/cases/{case.id}?use={nonsense}").status_code == 200


HOSTILE = "</textarea><script>alert(1)</script>\" onmouseover='x' {{ 7*7 }} \u202egnp.exe"


def test_a_buyers_words_are_data(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case(HOSTILE, card=CaseCard(wants=HOSTILE, name=HOSTILE, bot_did=(HOSTILE,)))
    client = enter("ana")
    act(client, case, "claim")
    page = act(client, case, "note", note=HOSTILE).text + client.get("/desk").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "onmouseover='x'" not in page
    assert "{{ 7*7 }}" in page


def test_what_a_buyer_changed_or_took_back_is_shown_beside_what_was_said(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    buyer = staff.sender(case)
    staff.hears(buyer, "Send it to Bonn", message_id="1")
    staff.hears(buyer, "Send it to Berlin", message_id="1e", edits="1")
    staff.hears(buyer, "", message_id="1d", edits="1", deletes=True)
    page = enter("ana").get(f"/desk/cases/{case.id}").text
    assert page.index("to Bonn") < page.index("to Berlin") < page.index("Deleted an earlier message")
    assert page.count("Instead of an earlier message") == 1
    assert "(a choice)" not in page


def test_a_pressed_button_reads_as_its_title(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    staff.hears(staff.sender(case), "", button="/thanks")
    page = enter("ana").get(f"/desk/cases/{case.id}").text
    assert '<p class="words" dir="auto">Thanks</p>' in page
    staff.hears(staff.sender(case), "", button="/never_offered")
    assert "(a choice)" in enter("ana").get(f"/desk/cases/{case.id}").text
