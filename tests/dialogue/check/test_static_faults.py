"""Faults seeded into a copy of the scripts: each is found by reading them, with file, line and reason."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.dialogue.actions import every_action
from bot.dialogue.check.acts import Acts, Table, shipped
from bot.dialogue.check.coverage import Finding
from bot.dialogue.check.static import Sources, check_static
from bot.dialogue.check.table import flows_by_languages
from bot.settings import ROOT, ShopRules


@dataclass(frozen=True)
class Copy:
    """A copy of the shipped scripts in two languages, to be spoilt."""

    sources: Sources
    rules: ShopRules

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands once or more in a file."""
        path = self.sources.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r} to spoil"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def add(self, name: str, more: str) -> None:
        path = self.sources.root / name
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")

    def drop_key(self, name: str, key: str) -> None:
        """Take a reply out of a language."""
        path = self.sources.root / name
        text = path.read_text(encoding="utf-8")
        spoilt = re.sub(rf"^  {key}:.*\n(?:    .*\n)*", "", text, count=1, flags=re.MULTILINE)
        assert spoilt != text
        path.write_text(spoilt, encoding="utf-8")

    def found(self, table: Table | None = None) -> list[Finding]:
        return check_static(self.sources, self.rules, table)


@pytest.fixture
def copy(tmp_path: Path, rules: ShopRules) -> Copy:
    for name in ("domain.yml", "stories", "replies"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    shutil.copytree(ROOT / "bot" / "dialogue", tmp_path / "bot" / "dialogue")
    return Copy(
        Sources(tmp_path, tmp_path / "bot" / "dialogue"), rules.copy(update={"languages": ("en", "de")})
    )


def test_the_shipped_scripts_have_no_fault(rules: ShopRules) -> None:
    assert not check_static(Sources(), rules)


@pytest.mark.parametrize("flow", ["insales", "presales", "aftersales", "anytime"])
def test_the_table_of_flows_by_languages_has_no_gaps(rules: ShopRules, flow: str) -> None:
    rows = [
        row
        for row in flows_by_languages(Sources(), rules.languages, ROOT / "nlu" / "data")
        if row.phase == flow
    ]
    assert rows
    assert not [(row.flow, row.gaps) for row in rows if any(row.gaps.values())]


ORDERS = "bot/dialogue/actions/orders.py"
RULE = "\n  - rule: a fault\n    steps:\n      - intent: {intent}\n      - action: {action}\n"
#: What is spoilt, and the file and words of the finding.
FAULTS: dict[str, tuple[Callable[[Copy], None], str, str]] = {
    "a reply is missing in a language": (
        lambda copy: copy.drop_key("replies/de.yml", "utter_left"),
        "de.yml",
        "utter_left: is missing",
    ),
    "a place is missing in a language": (
        lambda copy: copy.change("replies/de.yml", "{carrier}", "DHL"),
        "de.yml",
        "has other places",
    ),
    "a button is missing in a language": (
        lambda copy: copy.change("replies/de.yml", 'payload: "/service_human"', 'payload: "/service_bot"'),
        "de.yml",
        "has other buttons",
    ),
    "an intent that no flow answers": (
        lambda copy: copy.change(
            "domain.yml", "  - out_of_scope\n", "  - out_of_scope\n  - order_teleport\n"
        ),
        "domain.yml",
        "order_teleport: no flow answers this intent",
    ),
    "a rule for an intent that is not there": (
        lambda copy: copy.add(
            "stories/anytime/talk.yml", RULE.format(intent="order_teleport", action="action_greet")
        ),
        "talk.yml",
        "'order_teleport' is not in the domain",
    ),
    "a rule that runs what is not there": (
        lambda copy: copy.add(
            "stories/anytime/talk.yml", RULE.format(intent="service_rating", action="action_teleport")
        ),
        "talk.yml",
        "there is no action 'action_teleport'",
    ),
    "an action that no code does": (
        lambda copy: copy.change(
            "domain.yml", "  - action_greet\n", "  - action_greet\n  - action_teleport\n"
        ),
        "domain.yml",
        "action_teleport: no code does this action",
    ),
    "an action that no rule takes": (
        lambda copy: copy.change(
            "stories/aftersales/refund_policy.yml", "action_refund_policy", "action_greet"
        ),
        "domain.yml",
        "action_refund_policy: no rule takes this action",
    ),
    "an action that the domain does not list": (
        lambda copy: copy.change("domain.yml", "  - action_greet\n", ""),
        "domain.yml",
        "action_greet: is not listed",
    ),
    "a value on which no rule goes on": (
        lambda copy: copy.change("domain.yml", "[unknown, failed, facts", "[unknown, failed, lost, facts"),
        "domain.yml",
        "no rule goes on where it is 'lost'",
    ),
    "a rule for a value that never is": (
        lambda copy: copy.change("stories/aftersales/invoice.yml", "order_step: invoice", "order_step: bill"),
        "invoice.yml",
        "'order_step' never is 'bill'",
    ),
    "a form that nothing ends": (
        lambda copy: copy.change(
            "stories/insales/not_received.yml",
            "      - active_loop: not_received_form\n    steps:\n      - action: not_received_form\n"
            "      - active_loop: null\n",
            "      - active_loop: not_received_form\n    steps:\n      - intent: service_rating\n",
        ),
        "domain.yml",
        "not_received_form: no rule goes on when this form is filled: a dead end",
    ),
    "a form's slot that nothing asks for": (
        lambda copy: copy.change(
            "domain.yml", "required_slots: [coupon]", "required_slots: [coupon, change_seen]"
        ),
        "domain.yml",
        "coupon_form: nothing asks for 'change_seen'",
    ),
    "a form that no rule opens": (
        lambda copy: copy.change(
            "domain.yml", "forms:\n", "forms:\n  lonely_form:\n    required_slots: [coupon]\n"
        ),
        "domain.yml",
        "lonely_form: no rule opens this form",
    ),
    "a button to a flow that is not there": (
        lambda copy: copy.change("replies/en.yml", '"/product_stock"', '"/product_teleport"'),
        "en.yml",
        "a button leads to 'product_teleport', which no flow takes",
    ),
    "a button that fills what nobody takes": (
        lambda copy: copy.change(
            "replies/en.yml", '/inform{\\"return_confirmed', '/inform{\\"returned_confirm'
        ),
        "en.yml",
        "a button fills 'returned_confirm'",
    ),
    "a button of the code that leads nowhere": (
        lambda copy: copy.change(
            "bot/dialogue/actions/interruptions.py", '"/service_deny"', '"/service_never"'
        ),
        "interruptions.py",
        "a button leads to 'service_never'",
    ),
    "a reply that nothing says": (
        lambda copy: copy.add("replies/en.yml", '  utter_nobody:\n    - text: "Nobody says this."\n'),
        "en.yml",
        "utter_nobody: nothing says this reply",
    ),
    "a reply that is said and does not exist": (
        lambda copy: copy.change(
            "bot/dialogue/actions/wrap_up.py", '"utter_what_is_open"', '"utter_whats_open"'
        ),
        "wrap_up.py",
        "utter_whats_open: there is no such reply",
    ),
    "a reply that is said without a value": (
        lambda copy: copy.change("bot/dialogue/actions/handover.py", "by=turn.words.moment(until)", ""),
        "handover.py",
        "utter_case_late: is said without by",
    ),
    "a handing over without words for closed hours": (
        lambda copy: copy.drop_key("replies/en.yml", "utter_threat_closed"),
        "handover.py",
        "there is no utter_threat_closed",
    ),
    "an apology without a remedy": (
        lambda copy: copy.change("replies/en.yml", "I couldn't use that answer.", "Sorry, I can't use that."),
        "en.yml",
        "utter_not_understood_in_form: apologises without a remedy",
    ),
    "an apology in one language only": (
        lambda copy: copy.change(
            "replies/de.yml", "Das konnte ich", "Leider, es tut mir leid, das konnte ich"
        ),
        "de.yml",
        "apologises without a remedy",
    ),
    "more than one apology": (
        lambda copy: copy.change(
            "replies/en.yml", "and I'm sorry: a colleague", "I'm sorry, sorry: a colleague"
        ),
        "en.yml",
        "has more than one apology",
    ),
    "blame": (
        lambda copy: copy.change("replies/en.yml", "Severe weather", "It is the carrier's fault: weather"),
        "en.yml",
        "blames somebody",
    ),
    "a forbidden phrase": (
        lambda copy: copy.change("replies/de.yml", "Gern geschehen", "Haben Sie Geduld"),
        "de.yml",
        "asks to wait instead of naming a date",
    ),
    "a promise of what no policy grants": (
        lambda copy: copy.change("replies/en.yml", "You're welcome.", "You're welcome: we pay all of it."),
        "en.yml",
        "utter_welcome: promises without a clause",
    ),
    "a figure of policy in the words": (
        lambda copy: copy.change("replies/en.yml", "That's outside", "Within 30 days, that's outside"),
        "en.yml",
        "promises beyond policy: the figure '30'",
    ),
    "a wait without its date": (
        lambda copy: copy.change("replies/en.yml", "You're welcome.", "You'll hear from us."),
        "en.yml",
        "utter_welcome: names a wait without its date",
    ),
    "too long for chat": (
        lambda copy: copy.change("replies/en.yml", "You're welcome.", "You're welcome. " * 40),
        "en.yml",
        "utter_welcome: has 640 characters",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_found_with_its_file_line_and_reason(copy: Copy, fault: str) -> None:
    spoil, file, reason = FAULTS[fault]
    spoil(copy)

    found = [one for one in copy.found() if one.file.name == file and reason in str(one)]

    assert found, [str(one) for one in copy.found()]
    assert all(1 <= one.line <= len(one.file.read_text(encoding="utf-8").splitlines()) for one in found)


@pytest.mark.parametrize(
    ("acts", "reason"),
    [
        (Acts(apology="by"), "declares an apology that its words do not hold"),
        (Acts(promise="returns.for_ever"), "promises beyond policy: shop.yml has no 'returns.for_ever'"),
    ],
)
def test_a_declaration_is_held_to_words_and_policy(copy: Copy, acts: Acts, reason: str) -> None:
    table = Table(shipped().dates, {**shipped().replies, "utter_left": acts}, shipped().words)

    assert any(one.key == "utter_left" and reason in one.reason for one in copy.found(table))


def test_a_remedy_that_is_not_in_the_words_is_found(copy: Copy) -> None:
    table = Table(shipped().dates, {**shipped().replies, "utter_case_late": Acts(apology="buttons")})

    assert any("there are no buttons" in one.reason for one in copy.found(table))


def test_an_action_that_is_left_out_of_the_code_is_found(copy: Copy) -> None:
    names = [name for action in every_action() if (name := action().name()) != "action_greet"]

    found = check_static(copy.sources, copy.rules, actions=names)

    assert [str(one) for one in found if one.key == "action_greet"]
