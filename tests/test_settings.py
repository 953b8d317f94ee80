"""Settings: a wrong rule is told by file, line and what is allowed; the environment may hold anything."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings import ROOT, Settings, read_rules


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The store's own shop.yml; not there yet."""
    return tmp_path / "shop.yml"


def _refusal(own: Path, text: str | bytes) -> str:
    own.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as refused:
        read_rules(ROOT / "shop.yml", own)
    said = str(refused.value)
    assert "\n" not in said
    assert said.startswith(str(own))
    return said.removeprefix(str(own))


def test_the_stores_own_rules_are_laid_over_the_shipped_ones_key_by_key(own: Path) -> None:
    own.write_text(
        "store: {name: Tea & Co}\nauthority:\n  discount: {percent: 3}\nqueues: {order: {from: '08:15'}}\n"
        "languages: [en, de]\n",
        encoding="utf-8",
    )
    shipped, rules = read_rules(ROOT / "shop.yml"), read_rules(ROOT / "shop.yml", own)
    assert rules.store.name == "Tea & Co"
    assert rules.store.currency == shipped.store.currency
    assert rules.authority.discount.percent == Decimal(3)
    assert rules.authority.discount.amount == shipped.authority.discount.amount
    assert rules.queues["order"].opens == "08:15"
    assert rules.queues["order"].closes == shipped.queues["order"].closes
    assert set(rules.queues) == set(shipped.queues)
    # A list is one value: it is replaced whole.
    assert rules.languages == ("en", "de")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_own_file_changes_nothing(own: Path, text: str) -> None:
    own.write_text(text, encoding="utf-8")
    assert read_rules(ROOT / "shop.yml", own) == read_rules(ROOT / "shop.yml")


def test_a_byte_order_mark_is_no_key(own: Path) -> None:
    own.write_bytes(b"\xef\xbb\xbfstore: {name: Tea}\n")
    assert read_rules(ROOT / "shop.yml", own).store.name == "Tea"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        # Keys.
        ("store:\n  nmae: Tea\n", 2, "store.nmae: there is no such key (known are: name, assistant, "),
        ("# Tea\n\nstor: {}\n", 3, "stor: there is no such key (known are: store, languages, "),
        ("queues:\n  order:\n    form: '09:00'\n", 3, "(known are: timezone, days, from, to, holidays)"),
        ("1: 2\n", 1, "1: there is no such key"),
        ("store:\n  1: 2\n", 2, "store.1: there is no such key"),
        ("ranks:\n  boss: {may: [claim]}\n", 1, "there is no rank 'boss' (there are: trainee, agent, "),
        # Values.
        ("serving:\n  workers: none\n", 2, "serving.workers: value is not a valid integer"),
        ("serving:\n  workers: 0\n", 2, "greater than or equal to 1"),
        ("serving:\n  turn_seconds: .inf\n", 2, "less than or equal to 600"),
        ("serving:\n  turn_seconds: .nan\n", 2, "greater than 0"),
        ("store:\n  currency: euro\n", 2, "'euro' is not a currency: give its ISO 4217 code (such as EUR)"),
        ("store:\n  timezone: ../../etc/passwd\n", 2, "is not a time zone of the IANA database (such as"),
        ("store:\n", 1, "store: give a value; to keep the shipped one leave the key out"),
        ("store: Tea\n", 1, "store: give keys and values"),
        ("languages: en\n", 1, "languages: give a list"),
        ("languages:\n  - en\n  - xx\n", 1, "'xx' is not a language: give its ISO 639-1 code (such as en)"),
        ("fallback_language: sv\n", 1, "'sv' is not among `languages`"),
        ("remarks: {price: pink}\n", 1, "permitted: 'yellow', 'purple', 'blue',"),
        ("authority: {refund: '-1'}\n", 1, "greater than or equal to 0"),
        ("authority: {refund: NaN}\n", 1, "not a valid decimal"),
        ("shipping: {delay_days: {strike: -5}}\n", 1, "shipping.delay_days.strike: ensure this value is"),
        ("shipping: {self_redirect: DHL}\n", 1, "shipping.self_redirect: give a list"),
        (
            "lanes: {gulf: {countries: [XX]}}\n",
            1,
            "'XX' is not a country: give its ISO 3166 code (such as DE)",
        ),
        ("lanes:\n  gulf: {countries: [AE, DE]}\n", 1, "DE stands in two lanes: europe and gulf"),
        ("lanes: {gulf: {services: {boat: {}}}}\n", 1, "permitted: 'standard', 'express', 'economy'"),
        (
            "lanes: {gulf: {services: {express: {days: [5, 3]}}}}\n",
            1,
            "give the fewest days, then the most (such as [8, 14])",
        ),
        ("lanes: {gulf: {services: {express: {carriers: []}}}}\n", 1, "name at least one carrier"),
        ("lanes: {gulf: {duties: {paid_by: nobody}}}\n", 1, "permitted: 'store', 'buyer'"),
        ("changes: {gift: [balloon]}\n", 1, "permitted: 'wrapping', 'card', 'no_price'"),
        ("protection: {times: -1}\n", 1, "greater than or equal to 0"),
        ("payment: {instalments: {parts: 1}}\n", 1, "greater than or equal to 2"),
        ("payment: {deposit_percent: 100}\n", 1, "less than 100"),
        ("queues: {order: {from: '25:99'}}\n", 1, "'25:99' is not a time of day (such as \"09:30\")"),
        ("queues: {order: {days: [monday]}}\n", 1, "permitted: 'mon', 'tue', 'wed',"),
        ("queues: {order: {days: []}}\n", 1, "a queue must work on one day at least"),
        ("queues: {order: {holidays: XX}}\n", 1, "give a country's ISO 3166 code (such as DE)"),
        ("topic_queues: {product: nowhere}\n", 1, "'nowhere', which `queues` does not describe"),
        ("requests: {departments: {sales: nowhere}}\n", 1, "'nowhere', which `queues` does not describe"),
        ("requests: {then: shrug}\n", 1, "permitted: 'case', 'decline'"),
        (
            "returns: {window_days: 3.5}\n",
            1,
            "window_days: value is not a valid integer: give a whole",
        ),
        ("returns: {window_days: yes}\n", 1, "returns.window_days: value is not a valid integer"),
        ("shipping: {delay_days: {strike: 2.5}}\n", 1, "shipping.delay_days.strike: value is not a valid"),
        ("authority: {refund: '50,00'}\n", 1, "give a number (such as 12.50)"),
        ("returns: {window_days_by_country: {UK: 14}}\n", 1, "'UK' is not a country: give its ISO 3166"),
        ("wholesale: {breaks: {ten: 5}}\n", 1, "wholesale.breaks: a key here: value is not a valid integer"),
        ("wholesale: {most: 5}\n", 1, "at least that of the first of `breaks` (20)"),
        ("store: {email: nobody}\n", 1, "'nobody' is not an e-mail address (such as help@example.com)"),
        ("bargaining: {steps: [50, 40]}\n", 1, "one to three growing percentages of at most 100"),
        ("bargaining: {steps: [10, 50]}\n", 1, "each step must grow by less than the one before"),
        ("bargaining: {steps: [20, 40, 50, 55]}\n", 1, "one to three growing percentages"),
        ("wholesale: {breaks: {1: 5}}\n", 1, "give pieces (2 or more) with percentages"),
        ("wholesale: {breaks: {20: 9, 50: 3, 100: 9, 300: 9}}\n", 1, "more pieces must not cost more each"),
        ("ranks: {agent: {may: [fly]}}\n", 1, "permitted: 'claim', 'reply',"),
        ("patterns: {tracking_number: ['(']}\n", 1, "'(' is not a regular expression: missing )"),
        (
            "patterns: {order_number: [{regex: 'X(?P<n>1)', normal: '{m}'}]}\n",
            1,
            "names what the regex has no group for (there are: n)",
        ),
        # YAML.
        ("store: {name: a}\nstore: {name: b}\n", 2, 'found duplicate key "store"'),
        ("store:\n\tname: Tea\n", 2, "this is not YAML"),
        ("store: {name: a}\n---\nstore: {name: b}\n", 2, "this is not YAML"),
    ],
)
def test_a_wrong_rule_is_told_by_file_line_and_what_is_allowed(
    own: Path, text: str, line: int, says: str
) -> None:
    said = _refusal(own, text)
    assert said.startswith(f", line {line}: ")
    assert says in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n- b\n", "expected keys and values"),
        ("Tea & Co", "expected keys and values"),
        (b"store: {name: \xe9}\n", "this is not YAML"),
        (b"store: {name: '\x00'}\n", "this is not YAML"),
        pytest.param("[" * 500, "nested too deeply", id="open brackets"),
        pytest.param("store: " + "[" * 500 + "]" * 500, "nested too deeply", id="deep brackets"),
    ],
)
def test_what_is_no_yaml_at_all_is_told_in_one_line(own: Path, text: str | bytes, says: str) -> None:
    assert says in _refusal(own, text)


def test_a_wrong_rule_that_comes_through_a_merge_is_told_where_it_is_used(own: Path) -> None:
    said = _refusal(own, "store: &store\n  name: Tea\nidentity:\n  <<: *store\n")
    assert said.startswith(", line ")
    assert "name: there is no such key" in said


def test_a_tag_of_the_yaml_never_runs_code(own: Path, tmp_path: Path) -> None:
    _refusal(own, f"store: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    assert not (tmp_path / "made").exists()


def test_aliases_within_aliases_do_not_blow_up(own: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "this stands for more than 50,000 values" in _refusal(own, "\n".join(levels))


def test_a_wrong_shipped_file_is_named_itself(own: Path, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped.yml"
    text = (ROOT / "shop.yml").read_text(encoding="utf-8").replace("stuck_days: 10", "stuck_days: ten")
    shipped.write_text(text, encoding="utf-8")
    own.write_text("shipping: {trace_days: 6}\n", encoding="utf-8")
    line = text[: text.index("stuck_days")].count("\n") + 1
    with pytest.raises(ConfigurationError, match=re.escape(f"{shipped}, line {line}: shipping.stuck_days")):
        read_rules(shipped, own)


def test_a_missing_shipped_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is missing"):
        read_rules(tmp_path / "shop.yml")


def test_a_folder_in_the_place_of_the_own_file_is_named(own: Path) -> None:
    own.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        read_rules(ROOT / "shop.yml", own)


def test_rules_cannot_be_changed_while_serving(tmp_path: Path) -> None:
    rules = read_rules(ROOT / "shop.yml")
    with pytest.raises(TypeError):
        rules.serving.workers = 5
    with pytest.raises(TypeError):
        rules.serving = None  # type: ignore[assignment]


def test_every_intent_of_the_domain_has_a_queue() -> None:
    from ruamel.yaml import YAML

    rules = read_rules(ROOT / "shop.yml")
    domain = YAML(typ="safe").load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    for intent in domain["intents"]:
        assert rules.queue_for(intent) in rules.queues


def test_an_intent_of_its_own_goes_before_its_topic() -> None:
    rules = read_rules(ROOT / "shop.yml")
    assert rules.queue_for("service_threat") == "supervisor"
    assert rules.queue_for("service_human") == rules.topic_queues["service"]
    assert rules.queue_for("nlu_fallback") == rules.topic_queues["other"]


# --- The environment ---


def test_without_environment_everything_lies_below_the_project() -> None:
    settings = Settings.load({})
    assert settings.files == ROOT / "var" / "files"
    assert settings.store == ROOT / "store"
    assert settings.database_url == f"sqlite:///{ROOT / 'var' / 'crossdesk.sqlite'}"
    assert (settings.host, settings.port) == ("127.0.0.1", 8600)


def test_an_empty_variable_counts_as_none() -> None:
    names = ("FILES", "STORE", "DATABASE_URL", "HOST", "PORT")
    assert Settings.load({f"CROSSDESK_{name}": "" for name in names}) == Settings.load({})


def test_a_relative_folder_is_meant_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load({"CROSSDESK_FILES": "files", "CROSSDESK_STORE": "mine"})
    assert (settings.files, settings.store) == (tmp_path / "files", tmp_path / "mine")


@pytest.mark.parametrize("port", ["0", "65535"])
def test_any_port_there_is_may_be_given(port: str) -> None:
    assert Settings.load({"CROSSDESK_PORT": port}).port == int(port)


@pytest.mark.parametrize("port", ["x", "-1", "65536", " 80", "0x1", "80.0", "²", "٣", "1" * 5000, "80;ls"])
def test_a_wrong_port_is_told(port: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CROSSDESK_PORT is .*: give a port between 0 and 65535"):
        Settings.load({"CROSSDESK_PORT": port})
