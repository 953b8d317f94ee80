"""The console's inbox: admins only, each decision one form, hostile words harmless, late ones refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.settings import Settings
from bot.training.tables import review_items
from bot.training.values import OPERATOR, Meaning, Verdict
from tests.training.talks import Talks
from tests.web.browsing import Door, Enter
from tests.web.misunderstood import misunderstood
from tests.web.staff import Staff


@pytest.fixture
def talks(staff: Staff, settings: Settings, tmp_path: Path) -> Talks:
    return misunderstood(staff, settings, tmp_path)


@pytest.fixture
def ada(staff: Staff, talks: Talks, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that decides."""
    form = page[page.index('id="label"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[: form.index("<ol")])
    return dict(found)


def decide(client: TestClient, group: int = 1, **more: str) -> Any:
    given = fields(client.get(f"/console/inbox?group={group}").text)
    return client.post(f"/console/inbox/{group}/label", data={**given, **more})


def learned(talks: Talks) -> str:
    path = talks.settings.store / "nlu" / "en" / "learned.yml"
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("rank", ["trainee", "agent", "supervisor"])
def test_the_console_is_for_admins(rank: str, staff: Staff, enter: Enter, door: Door) -> None:
    staff.person("sam", rank)
    client = enter("sam")
    assert "/console" not in client.get("/desk").text
    for path in ("/console", "/console/inbox", "/console/pictures/coverage.svg"):
        assert client.get(path).status_code == 403
    assert client.post("/console/inbox/1/label", data={"intent": "order_state"}).status_code == 403
    stranger = door().get("/console/inbox")
    assert stranger.url.path == "/desk/sign-in"


def test_a_group_is_decided_at_once_and_the_next_one_follows(ada: TestClient, talks: Talks) -> None:
    assert "/console" in ada.get("/desk").text
    page = ada.get("/console/inbox").text
    assert "5 messages in English" in page
    answer = decide(ada, intent="logistics_where_is_parcel")
    assert answer.status_code == 200
    assert "5 messages: logistics_where_is_parcel." in answer.text
    assert "5 messages in English" not in answer.text
    assert "- where is my stuff now" in learned(talks)


def test_hostile_words_are_shown_as_words(ada: TestClient, talks: Talks) -> None:
    page = ada.get("/console/inbox").text
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "{{ 7*7 }}" in page
    assert "script-src 'self'" in ada.get("/console/inbox").headers["content-security-policy"]


def test_only_what_is_ticked_is_decided(ada: TestClient, talks: Talks) -> None:
    answer = decide(ada, intent="order_state", **{"item-2": "on"})
    assert "1 message: order_state." in answer.text
    assert talks.review().group(1).waiting == 4


def test_what_was_typed_counts_and_so_do_two_a_language_and_a_new_intent(
    ada: TestClient, talks: Talks
) -> None:
    assert "1 message: payment_methods." in decide(ada, 2, typed="payment_methods").text
    assert (
        "order_state and logistics_delay"
        in decide(ada, 1, typed="order_state", second="logistics_delay").text
    )
    # Its decision is the last: it is taken back, and said in other words.
    assert (
        "Taken back"
        in ada.post("/console/inbox/undo", data=fields(ada.get("/console/inbox?group=1").text)).text
    )
    assert (
        decide(ada, 1, new_name="logistics_stuff", about="asks for stuff", language="de").status_code == 200
    )
    assert "logistics_stuff" in talks.review().intents()
    assert (talks.settings.store / "nlu" / "de" / "learned.yml").exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "say which intent it means"),
        ({"typed": "nonsense"}, "there is no intent"),
        ({"typed": "<b>x</b>"}, "there is no intent &#39;&lt;b&gt;x"),
        ({"new_name": "engraving", "about": "x"}, "is no name for an intent"),
        ({"new_name": "product_engraving"}, "say in a line what the new intent is"),
        ({"intent": "order_state", "language": "xx"}, "none of the store"),
    ],
    ids=["nothing", "unknown", "markup", "bad name", "no words", "language"],
)
def test_what_makes_no_sense_is_a_line_on_the_page(
    ada: TestClient, talks: Talks, given: dict[str, str], says: str
) -> None:
    answer = decide(ada, **given)
    assert answer.status_code == 422
    assert says in answer.text
    assert talks.review().acts() == []


def test_who_looked_at_an_older_page_is_refused(ada: TestClient, talks: Talks) -> None:
    old = fields(ada.get("/console/inbox").text)
    talks.review().label(OPERATOR, 1, Verdict(Meaning.INTENT, "logistics_delay"), only=[1])
    answer = ada.post("/console/inbox/1/label", data={**old, "intent": "order_state"})
    assert answer.status_code == 409
    assert "Somebody else decided" in answer.text
    assert fields(answer.text)["fence"] == "1"
    assert len(talks.review().acts()) == 1


def test_a_message_erased_meanwhile_is_refused(ada: TestClient, talks: Talks, staff: Staff) -> None:
    old = fields(ada.get("/console/inbox?group=2").text)
    with staff.database.begin() as connection:
        connection.execute(review_items.delete().where(review_items.c.group_id == 2))
    answer = ada.post("/console/inbox/2/label", data={**old, "intent": "order_state"})
    assert answer.status_code == 410
    assert "no longer there: their buyer was erased" in answer.text
    assert ada.get("/console/inbox?group=2").status_code == 410
    assert ada.get("/console/inbox?group=999999999999").status_code == 200


def test_no_other_page_decides(ada: TestClient, talks: Talks) -> None:
    given = {**fields(ada.get("/console/inbox").text), "intent": "order_state", "csrf": "stolen"}
    assert ada.post("/console/inbox/1/label", data=given).status_code == 403
    assert ada.post("/console/inbox/undo", data={}).status_code == 403
    assert talks.review().acts() == []


def test_nobody_undoes_what_is_not_theirs(ada: TestClient, talks: Talks) -> None:
    done = talks.review().label(OPERATOR, 1, Verdict(Meaning.INTENT, "logistics_delay"))
    given = fields(ada.get("/console/inbox").text)
    answer = ada.post("/console/inbox/undo", data={**given, "act": str(done.act_id)})
    assert answer.status_code == 422
    assert "nothing of yours to undo" in answer.text


def test_the_examples_are_checked_on_a_page_of_their_own(ada: TestClient, talks: Talks) -> None:
    decide(ada, intent="", new_name="product_engraving", about="<b>engraving</b>")
    page = ada.get("/console/data").text
    assert "&lt;b&gt;engraving" in page
    assert "to presales" in page
    assert "mended before" not in page
    own = talks.settings.store / "nlu" / "en" / "own.yml"
    own.write_text(
        'version: "3.1"\nnlu:\n- intent: product_<i>magic\n  examples: |\n    - hocus\n', encoding="utf-8"
    )
    csrf = fields(ada.get("/console/inbox?group=2").text)["csrf"]
    checked = ada.post("/console/data", data={"csrf": csrf}).text
    assert "there is no intent product_&lt;i&gt;magic" in checked
    # Two of the five were written alike.
    assert "product_engraving has 4 examples in en" in checked
    assert ada.post("/console/data", data={}).status_code == 403


def test_words_are_marked_and_unmarked_and_go_into_the_example(ada: TestClient, talks: Talks) -> None:
    page = ada.get("/console/inbox?group=2")
    given = {**fields(page.text), "item": re.findall(r'name="item" value="(\d+)"', page.text)[0]}
    wrong = ada.post("/console/inbox/2/mark", data={**given, "kind": "colour", "words": "<b>blue"})
    assert wrong.status_code == 422
    assert "“&lt;b&gt;blue” does not stand in the message" in wrong.text
    assert ada.post("/console/inbox/2/mark", data={**given, "csrf": "stolen"}).status_code == 403
    assert ada.post("/console/inbox/2/unmark", data={**given, "mark": "99999"}).status_code == 410
    gone = {**given, "item": "99999", "kind": "colour", "words": "blue"}
    assert ada.post("/console/inbox/2/mark", data=gone).status_code == 410
    shown = ada.post("/console/inbox/2/mark", data={**given, "kind": "colour", "words": "blue"})
    assert shown.status_code == 200
    assert "colour “<bdi>blue</bdi>”" in shown.text
    number = re.findall(r'name="mark" value="(\d+)"', shown.text)[0]
    again = ada.post("/console/inbox/2/unmark", data={**given, "mark": number})
    assert "colour “<bdi>blue</bdi>”" not in again.text
    ada.post("/console/inbox/2/mark", data={**given, "kind": "colour", "words": "blue"})
    assert decide(ada, 2, intent="payment_methods").status_code == 200
    assert "for the [blue](colour) lamp" in learned(talks)
