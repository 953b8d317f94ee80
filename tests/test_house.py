"""The house: what is written in one place and used in another fits together."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.settings import ROOT
from bot.shop.states import DelayCause

SOURCES = ("bot", "adapters", "nlu", "scripts")
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def _python(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _yaml(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


# --- Requirements ---


def test_there_are_requirements_to_look_at() -> None:
    assert {path.name for path in REQUIREMENTS} >= {"run.txt", "dev.txt"}


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_everything_that_is_installed_is_pinned_with_its_hashes(path: Path) -> None:
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+ ", line), line
        assert " --hash=sha256:" in line, line


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_no_requirement_names_a_place_in_the_network(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for sign in ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", " @ "):
        assert sign not in text, sign


@pytest.mark.parametrize("name", ["run", "dev"])
def test_what_is_asked_for_is_what_is_pinned(name: str) -> None:
    def plain(requirement: str) -> str:
        return (
            re.split(r"[\[=<>~!; ]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")
        )

    asked = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    names = {plain(line) for line in asked if line and not line.startswith(("#", "-"))}
    pinned = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert names <= {plain(line) for line in pinned if "==" in line}


# --- Settings ---


def test_every_variable_of_the_environment_is_explained_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files = [*_python(*SOURCES), *(ROOT / "scripts").glob("*.sh"), ROOT / "Makefile"]
    used = {
        name for path in files for name in re.findall(r"CROSSDESK_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert len(used) >= 7
    assert {name for name in used if name not in readme} == set()
    # And none is explained that nothing reads.
    assert set(re.findall(r"CROSSDESK_[A-Z_]+", readme)) <= used


def test_the_readme_begins_with_the_two_commands() -> None:
    beginning = (ROOT / "README.md").read_text(encoding="utf-8")[:1500]
    assert beginning.index("make run") < beginning.index("make test")


# --- Words ---

#: What Rasa calls things that are no reply.
_NO_REPLY = {"utter_action", "utter_message"}


def _reply_names() -> tuple[set[str], set[str]]:
    """The replies that code names in full, and the beginnings of those that it puts together."""
    whole, begun = set(), set()
    for path in _python("bot/dialogue"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # In an f-string the constants are what stands between the values.
            if isinstance(node, ast.JoinedStr):
                first = node.values[0]
                if isinstance(first, ast.Constant) and str(first.value).startswith("utter_"):
                    begun.add(str(first.value))
            elif isinstance(node, ast.Constant) and re.fullmatch(r"utter_\w*[a-z0-9]", str(node.value)):
                whole.add(str(node.value))
    return whole - _NO_REPLY, begun


def test_every_reply_that_code_names_is_written() -> None:
    written = set(_yaml("replies/en.yml")["responses"])
    whole, begun = _reply_names()
    assert len(whole) > 50
    # A whole name may also be the beginning of others: of a greeting's times of day.
    assert {name for name in whole if not any(reply.startswith(name) for reply in written)} == set()
    assert {name for name in begun if not any(reply.startswith(name) for reply in written)} == set()


def test_every_reply_that_is_written_is_said_somewhere() -> None:
    whole, begun = _reply_names()
    asked = {
        f"utter_ask_{form}_{slot}"
        for form, wants in _yaml("domain.yml")["forms"].items()
        for slot in wants["required_slots"]
    }
    said = tuple(whole | begun | asked)
    assert {reply for reply in _yaml("replies/en.yml")["responses"] if not reply.startswith(said)} == set()


def test_every_handing_over_has_words_for_the_queues_nights() -> None:
    written = set(_yaml("replies/en.yml")["responses"])
    found = {"utter_handed_over"}
    for path in _python("bot/dialogue/actions"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "hand_over":
                found |= {
                    word.value.value
                    for word in node.keywords
                    if word.arg == "reply" and isinstance(word.value, ast.Constant)
                }
    assert len(found) > 4
    assert {name for reply in found for name in (reply, f"{reply}_closed")} - written == set()


def test_every_cause_of_a_delay_has_its_words() -> None:
    written = set(_yaml("replies/en.yml")["responses"])
    assert {f"utter_delay_{cause.value}" for cause in DelayCause} - written == set()


def test_every_meaning_that_can_be_offered_has_a_button() -> None:
    domain = _yaml("domain.yml")
    written = set(_yaml("replies/en.yml")["responses"])
    offered = {
        reply.removeprefix("utter_meaning_") for reply in written if reply.startswith("utter_meaning_")
    }
    assert offered <= set(domain["intents"])
    # What a person may want: all but small talk and what only happens inside.
    small = {"affirm", "deny", "thanks", "goodbye", "greeting", "leave", "praise"}
    wanted = {
        intent
        for intent in domain["intents"]
        if "_" in intent
        and intent.partition("_")[0] in ("product", "payment", "logistics", "refund", "order", "service")
        and intent.removeprefix("service_") not in small
    }
    assert wanted - offered == set()


# --- Flows ---


@pytest.mark.model
def test_every_action_of_the_domain_is_written_and_none_beside_them() -> None:
    with warnings.catch_warnings(record=True):
        from bot.dialogue.actions import every_action

    written = [action.title for action in every_action()]
    assert len(written) == len(set(written))
    assert set(written) == set(_yaml("domain.yml")["actions"])


def test_every_intent_of_the_domain_leads_somewhere() -> None:
    named: set[str] = set()
    for path in (ROOT / "stories").rglob("*.yml"):
        named |= set(re.findall(r"intent: ([a-z_]+)", path.read_text(encoding="utf-8")))
    assert named == set(_yaml("domain.yml")["intents"])


def test_every_story_lies_with_its_stage_of_the_sale() -> None:
    stages = {path.parent.name for path in (ROOT / "stories").rglob("*.yml")}
    assert stages == {"presales", "insales", "aftersales", "anytime"}
