"""``words`` on the command line: changed, looked at, checked, released and taken back without a page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.cli.doctor import _words
from bot.dialogue import spoken
from bot.settings import Settings
from tests.cli.conftest import Crossdesk

KEY = "utter_handed_over"
GERMAN = "Ich habe Ihr Anliegen weitergegeben. Eine Antwort haben Sie hier bis {by}."


@pytest.fixture
def words(place: Path, empty_file: Path, crossdesk: Crossdesk) -> Crossdesk:
    """``crossdesk words`` with a database."""
    shutil.copy(empty_file, place / "crossdesk.sqlite")

    def run(*given: str) -> object:
        return crossdesk("words", *given)

    return run  # type: ignore[return-value]


def said() -> str:
    return spoken.load(Settings.load()).say(KEY, "de", {"by": "BY"}).text


def test_the_whole_way_from_a_search_to_a_release_and_back(words: Crossdesk) -> None:
    found = words("list", "--find", "serviceteam ANGABEN", "--language", "de")
    assert KEY in found.out
    before = said()
    assert words("set", KEY, "de", GERMAN, "--by", "ada").out == "In the draft.\n"
    assert "draft by ada" in words("show", KEY, "de").out
    assert "0 findings" in words("check").out
    shown = json.loads(words("preview", KEY, "--language", "de", "--channel", "mail", "--json").out)
    assert "Ich habe Ihr Anliegen weitergegeben." in shown[0]["text"]
    assert "1 reply would be said otherwise." in words("diff").out
    assert said() == before
    made = json.loads(words("release", "--note", "warmer", "--by", "ada", "--json").out)
    assert made["previous"] == "shipped"
    assert said() == GERMAN.replace("{by}", "BY")
    assert [one["key"] for one in json.loads(words("list", "--only", "changed", "--json").out)] == [KEY]
    versions = json.loads(words("versions", "--json").out)
    assert [(one["name"], one["state"]) for one in versions] == [
        (made["name"], "released"),
        ("shipped", "before"),
    ]
    assert "Released shipped" in words("rollback", "--by", "ben").out
    assert said() == before
    assert "Released words-" in words("release", made["name"][:10]).out
    log = json.loads(words("log", "--json").out)
    assert [one["act"] for one in log] == ["release", "roll back", "release", "edit"]
    assert "warmer" in words("log").out
    assert "warmer" in words("versions").out


def test_what_the_checker_finds_is_told_at_once_and_keeps_it_from_being_released(words: Crossdesk) -> None:
    done = words("set", KEY, "de", "Bitte haben Sie Geduld. {foo}")
    assert done.code == 1
    assert f"{KEY} (de): asks to wait instead of naming a date: 'geduld'" in done.out.lower().replace(
        KEY.lower(), KEY
    )
    assert "nothing fills {foo}" in done.out
    checked = words("check", "--json")
    assert checked.code == 1
    assert {one["language"] for one in json.loads(checked.out)["findings"]} == {"de"}
    assert "nothing is released" in words("release").refusal()
    assert words("drop", KEY, "de").code == 0
    assert "there is no draft" in words("release").refusal()


def test_what_somebody_else_is_changing_is_not_written_over(words: Crossdesk) -> None:
    words("set", KEY, "de", GERMAN, "--by", "ada")
    assert "ada is changing" in words("set", KEY, "de", "Anders bis {by}.", "--by", "ben").refusal()
    assert "ada is changing" in words("drop", KEY, "de", "--by", "ben").refusal()
    assert words("set", KEY, "de", "Anders, hier bis {by}.", "--by", "ben", "--over").code == 0


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("set", "utter_nothing", "de", "x"), "there is no reply 'utter_nothing'"),
        (("set", KEY, "xx", "x"), "the store does not speak 'xx'"),
        (("set", KEY, "de", "x" * 100_000), "a text has 100,000 characters"),
        (("set", KEY, "de", "a\x1b[2Jb"), "U+001B"),
        (("set", KEY, "de", "x", "--way", "2"), "there is no way 2"),
        (("set", KEY, "de", "x", "--title", "y"), "give each its words"),
        (("drop", KEY, "de"), "is not in the draft"),
        (("show", "../../etc/passwd", "de"), "there is no reply"),
        (("preview", KEY, "--channel", "fax"), "there is no channel 'fax'"),
        (("preview", KEY, "--language", "xx"), "does not speak"),
        (("release", "words-1"), "there are no words 'words-1'"),
        (("release", "../current"), "there are no words"),
        (("diff", "nothing"), "there are no words"),
        (("rollback",), "nothing to go back to"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(words: Crossdesk, given: tuple[str, ...], why: str) -> None:
    assert why in words(*given).refusal()


def doctor() -> tuple[bool, str]:
    found = _words(Settings.load())
    return found.fine, found.says


def test_the_doctor_tells_which_words_are_said_and_what_is_wrong_with_them(
    words: Crossdesk, place: Path
) -> None:
    assert doctor() == (True, "shipped")
    words("set", KEY, "de", GERMAN)
    name = json.loads(words("release", "--json").out)["name"]
    assert doctor() == (True, name)
    own = place / "store" / "replies" / "de.yml"
    own.parent.mkdir(parents=True)
    own.write_text(f'responses:\n  {KEY}:\n    - text: "Bis {{until}}."\n', encoding="utf-8")
    fine, says = doctor()
    assert not fine
    assert f"{KEY} de: nothing fills {{by}}" in says
    assert f"left out of what serves: {KEY} de" in words("check").out
    spoken.shelf(Settings.load()).path(name).unlink()
    fine, says = doctor()
    assert not fine
    assert "what lies in the files is said meanwhile" in says


def test_a_hostile_text_is_shown_as_the_text_it_is(words: Crossdesk) -> None:
    hostile = "<script>alert(1)</script> <!channel> [link](http://x) bis {by}."
    words("set", KEY, "de", hostile)
    (shown,) = json.loads(words("preview", KEY, "--language", "de", "--channel", "web", "--json").out)
    assert shown["text"].startswith("<script>alert(1)</script> <!channel> [link](http://x)")
