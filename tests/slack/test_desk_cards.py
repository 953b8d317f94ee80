"""What the desk shows and hears in Slack: cards as they were agreed upon, and whatever may come in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how_often
from hypothesis import strategies as st

from adapters.slack.access import SHOP_APP, Access
from adapters.slack.desk import home, modals
from adapters.slack.desk.cards import case_card, digest_card, moved_card, request_card
from adapters.slack.desk.heard import AskedWhy, Nothing, Picked, Pressed, Said, Submitted
from adapters.slack.desk.hearing import hear
from adapters.slack.desk.options import DESK_APP, DeskOptions, own_access, read_desk_options
from adapters.slack.desk.thread import MOST_BLOCKS, items, posts
from adapters.slack.desk.words import to_send
from bot.clock import SetClock
from bot.desk.port.board import BoardLine
from bot.errors import ConfigurationError
from bot.messages import Author, TranscriptLine
from bot.settings import Settings
from tests.peers.local_slack import ALICE, BOT, DESK, TEAM
from tests.slack.desk_house import taken
from tests.web.staff import Staff, moment

GOLDEN = Path(__file__).parent / "golden_desk"
ROOMS = frozenset({DESK})


@pytest.fixture
async def staff(tmp_path: Path, settings: Settings) -> AsyncIterator[Staff]:
    made = Staff(tmp_path, settings.rules, SetClock(moment()))
    yield made
    made.close()


def agreed(name: str, shown: Any) -> None:
    """Look whether it is as the golden file has it; a missing one is written, and fails once."""
    path = GOLDEN / f"{name}.json"
    text = json.dumps(shown, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} is new: look at it, then run again")
    assert json.loads(text) == json.loads(path.read_text(encoding="utf-8"))


async def test_a_case_looks_as_agreed_upon_from_its_opening_to_its_end(staff: Staff) -> None:
    ana, case = staff.person("ana"), staff.case()
    looks = {"open": case_card((await staff.desk.board.case(case.id)).view, ">>")}
    view = await staff.desk.claim(ana, case.id)
    looks["claimed"] = case_card((await staff.desk.board.case(case.id)).view, ">>")
    await staff.desk.reply(ana, case.id, view.fence, "Es ist beim Zoll.")
    staff.hears(staff.sender(case), "Danke")
    found = await staff.desk.board.case(case.id)
    looks["moved"] = moved_card(found.view)
    looks["listed"] = digest_card([found.view.summary], 30)
    told = [[post.text, post.blocks] for post in posts(case.id, items(found, 0, 0))]
    await staff.desk.close(ana, case.id, view.fence, view.outcomes[0], "Done.")
    looks["closed"] = case_card((await staff.desk.board.case(case.id)).view, ">>")
    for card in looks.values():
        taken(json.loads(json.dumps(card.blocks)))
    for _, blocks in told:
        taken(json.loads(json.dumps(blocks)))
    agreed("case", {name: dataclasses.asdict(card) for name, card in looks.items()})
    agreed("thread", told)


async def test_requests_and_forms_look_as_agreed_upon(staff: Staff) -> None:
    ana, case = staff.person("ana"), staff.case()
    asked = [staff.approval(), staff.question()]
    cards = [request_card(one) for one in await staff.desk.board.requests()]
    assert len(cards) == len(asked)
    view = await staff.desk.claim(ana, case.id)
    told = {"case": case.id, "fence": view.fence}
    forms = {
        "reply": modals.reply(view, told, "Ana", (), "", previewed=False),
        "preview": modals.reply(view, told, "Ana", (), "Es ist beim Zoll.", previewed=True),
        "close": modals.close(view, told),
        "pass_on": modals.pass_on(view, told),
        "snooze": modals.snooze(view, told, moment()),
        "reveal": modals.reveal(view, told),
        "home": home.home(ana, [view.summary], await staff.desk.queues(ana), await staff.desk.today(ana)),
    }
    for card in cards:
        taken(json.loads(json.dumps(card.blocks)))
    for form in forms.values():
        taken(json.loads(json.dumps(form["blocks"])))
    agreed("requests", [dataclasses.asdict(card) for card in cards])
    agreed("forms", forms)


async def test_two_hundred_messages_take_few_posts_and_lose_none(staff: Staff) -> None:
    case = staff.case()
    found = await staff.desk.board.case(case.id)
    lines = [
        BoardLine(TranscriptLine(100 + number, Author.BUYER, f"[{number}] " + "words " * 40, moment()))
        for number in range(200)
    ]
    made = posts(case.id, items(dataclasses.replace(found, lines=tuple(lines), events=()), 0, 0))
    words = json.dumps([post.blocks for post in made])
    assert all(words.count(f"[{number}] ") == 1 for number in range(200))
    assert len(made) < 30
    assert all(len(post.blocks) <= MOST_BLOCKS for post in made)
    for post in made:
        taken(json.loads(json.dumps(post.blocks)))


@pytest.mark.parametrize(
    ("text", "sign", "words"),
    [
        (">> Hello", ">>", "Hello"),
        ("  >>Hello", ">>", "Hello"),
        ("> > Hello", ">>", "Hello"),
        ("> a quotation", ">>", None),
        ("Hello >> there", ">>", None),
        (">>", ">>", ""),
        ("", ">>", None),
        ("!! Hello", "!!", "Hello"),
    ],
)
def test_only_a_message_that_begins_with_the_sign_is_sent(text: str, sign: str, words: str | None) -> None:
    assert to_send(text, sign) == words


# --- What comes in ---

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def pressed(**changed: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": ALICE, "team_id": TEAM},
        "trigger_id": "1.2.3",
        "channel": {"id": DESK},
        "message": {"ts": "1795367507.000001"},
        "actions": [{"action_id": "desk:claim:12", "type": "button", "value": "x"}],
        **changed,
    }


def written(**changed: Any) -> dict[str, Any]:
    event = {"type": "message", "channel": DESK, "user": ALICE, "ts": "17.000002", "thread_ts": "17.000001"}
    return {"type": "event_callback", "team_id": TEAM, "event": {**event, "text": "hello", **changed}}


@pytest.mark.parametrize("whole", [pressed(), written()], ids=["pressed", "written"])
@given(data=st.data())
@how_often(deadline=None)
def test_whatever_comes_is_heard_without_an_error(whole: dict[str, Any], data: st.DataObject) -> None:
    broken = json.loads(json.dumps(whole))
    part = broken
    while True:
        key = data.draw(st.sampled_from(sorted(part)))
        if isinstance(part[key], dict) and data.draw(st.booleans()):
            part = part[key]
            continue
        part[key] = data.draw(_JSON)
        break
    hear(broken, BOT, ROOMS)


@given(body=_JSON)
@how_often(deadline=None)
def test_whatever_is_no_body_is_nothing(body: Any) -> None:
    assert hear(body, BOT, ROOMS) == Nothing()


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": {"id": "C66OTHER"}},
        {"user": {"id": "nobody"}},
        {"user": None},
        {"actions": [{"action_id": "desk:claim:-1", "value": "x"}]},
        {"actions": [{"action_id": "desk:claim:1e9", "value": "x"}]},
        {"actions": [{"action_id": "desk:claim:" + "9" * 40, "value": "x"}]},
        {"message": {"ts": "1'; --"}},
    ],
    ids=["room", "user", "no user", "negative", "no number", "too large", "no time"],
)
def test_a_click_that_cannot_be_is_nobodys(changed: dict[str, Any]) -> None:
    assert hear(pressed(**changed), BOT, ROOMS) == Nothing(ours=True)


def test_what_people_do_is_heard_as_they_meant_it() -> None:
    click = hear(pressed(), BOT, ROOMS)
    assert isinstance(click, Pressed)
    assert (click.act, click.about) == ("claim", (12,))
    assert isinstance(hear(written(), BOT, ROOMS), Said)
    # Nobody's thread, our own words, another app's, another channel's.
    assert hear(written(thread_ts=None), BOT, ROOMS) == Nothing(ours=True)
    assert hear(written(user=BOT), BOT, ROOMS) == Nothing(ours=True)
    assert hear(written(bot_id="B1"), BOT, ROOMS) == Nothing(ours=True)
    assert hear(written(channel="C66OTHER"), BOT, ROOMS) == Nothing()
    foreign = hear(written(user_team="T66OTHER"), BOT, ROOMS)
    assert isinstance(foreign, Said)
    assert foreign.who.team == "T66OTHER"
    shortcut = pressed(type="message_action", callback_id="desk:send")
    shortcut["message"] = {"ts": "17.2", "thread_ts": "17.1", "user": ALICE, "text": "x"}
    assert isinstance(hear(shortcut, BOT, ROOMS), Picked)
    names = ["12:l3.0", "12:l3.1", "12:e4.0", "12:l5.0", "13:l5.0", "x:l1.0", "12:l-1.0", 7, None]
    shortcut["message"]["blocks"] = [{"block_id": one} for one in names] + [None, "12:l9.0"]
    asked = hear({**shortcut, "callback_id": "desk:why"}, BOT, ROOMS)
    assert isinstance(asked, AskedWhy)
    assert asked.lines == ((12, 3), (12, 5), (13, 5))
    assert hear({**shortcut, "callback_id": "desk:other"}, BOT, ROOMS) == Nothing(ours=True)
    form = {"id": "V1", "callback_id": "desk:close", "private_metadata": '{"case": 1}', "state": {}}
    sent = hear(pressed(type="view_submission", view=form), BOT, ROOMS)
    assert isinstance(sent, Submitted)
    assert sent.view.told == {"case": 1}


# --- Settings ---


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "channels: field required"),
        ({"channels": {"default": "#desk"}}, "no channel's id"),
        ({"channels": {"nowhere": "C0123"}}, "there is no queue 'nowhere'"),
        ({"channels": {"payment": "C0123"}}, "has no channel"),
        ({"channels": {"default": "C0123"}, "send_sign": "to"}, "give a sign"),
        ({"channels": {"default": "C0123"}, "sign": ">>"}, "extra fields"),
        ({"channels": {"default": "C0123"}, "api": "http://slack.test/api"}, "begins with https://"),
        ({"channels": {"default": "C0123"}, "mode": "carrier pigeon"}, "unexpected value"),
    ],
    ids=["none", "a name", "no queue", "a queue without", "a word", "misspelt", "in the clear", "no mode"],
)
def test_a_wrong_setting_is_named(settings: Settings, options: dict[str, Any], complaint: str) -> None:
    rules = settings.rules.copy(update={"desk_options": {"slack": options}})
    with pytest.raises(ConfigurationError, match=complaint) as raised:
        read_desk_options(dataclasses.replace(settings, rules=rules))
    assert "desk_options.slack" in str(raised.value)


def test_an_app_of_the_desks_own_has_its_own_secrets_and_its_own_address(settings: Settings) -> None:
    shop = {name: f"shop's {name}" for name in SHOP_APP.variables}
    own = {name: f"desk's {name}" for name in DESK_APP.variables}
    options: dict[str, Any] = {"channels": {"default": "C0123"}}
    rules = settings.rules.copy(update={"desk_options": {"slack": options}})
    asked = dataclasses.replace(settings, rules=rules)
    assert own_access(asked, shop) is None
    access = own_access(asked, {**shop, **own})
    assert access is not None
    assert (access.bot_token, access.app_token, access.signing_secret) == tuple(own.values())
    assert (access.mode, access.api) == ("socket", "https://slack.com/api/")
    assert access.app.path != SHOP_APP.path
    assert access.line != Access.load(asked, shop).line
    # One of them is missing: it is named, and none of the shop's is taken in its place.
    half = own_access(asked, {**shop, DESK_APP.variables[1]: "xapp-1"})
    assert half is not None
    with pytest.raises(ConfigurationError, match=DESK_APP.variables[0]):
        half.check()
    options["mode"] = "http"
    elsewhere = own_access(asked, {**shop, **own})
    assert elsewhere is not None
    assert elsewhere.mode == "http"
    with pytest.raises(ConfigurationError, match="is for an app of the desk's own"):
        own_access(asked, shop)


def test_each_queue_has_its_channel() -> None:
    options = DeskOptions(channels={"default": "C01", "supervisor": "C02"})
    assert [options.channel_of(queue) for queue in ("payment", "supervisor", "gone")] == ["C01", "C02", "C01"]
