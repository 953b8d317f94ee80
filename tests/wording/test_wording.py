"""Words: a draft until they are checked and released, spoken by all processes, and taken back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

from adapters.mail.compose import compose
from adapters.mail.marks import Marks
from adapters.slack.blocks import to_posts
from bot.clock import SetClock
from bot.database import Database
from bot.dialogue import spoken
from bot.dialogue.spoken import Spoken
from bot.errors import FindingsError, StaleWordsError, WordsError
from bot.messages import Author, Outbound
from bot.settings import Settings
from bot.shelf import KEPT, SHIPPED
from bot.wording.acts import Act
from bot.wording.drafts import Written, written_of
from bot.wording.finding import Only, find
from bot.wording.service import Wording

#: A reply of one way and no buttons, with one place, that neither apologises nor promises.
KEY, GERMAN = (
    "utter_handed_over",
    "Ich habe Ihr Anliegen weitergegeben. Eine Antwort haben Sie hier bis {by}.",
)


def say(wording: Wording, text: str = GERMAN, language: str = "de", key: str = KEY, by: str = "ada") -> None:
    """Write a text into the draft."""
    wording.edit(key, language, [Written(text)], by, seen=wording.field(key, language).token)


def spoken_now(place: Settings, language: str = "de", key: str = KEY) -> str:
    return spoken.load(place).say(key, language, {"by": "BY"}).text


@pytest.fixture(autouse=True)
def _is_as_it_must_be(wording: Wording) -> None:
    (variant,) = wording.field(KEY, "de").variants
    assert "{by}" in variant["text"]
    assert "buttons" not in variant


def test_an_edit_is_a_draft_that_nobody_hears(wording: Wording, place: Settings) -> None:
    before = spoken_now(place)
    say(wording)
    assert spoken_now(place) == before
    field = wording.field(KEY, "de")
    assert field.draft is not None
    assert (field.draft.actor, field.variants[0]["text"]) == ("ada", GERMAN)
    (line,) = find(wording.book(), only=Only.DRAFT)
    assert (line.key, line.drafted, line.changed) == (KEY, ("de",), ())


def test_a_release_is_spoken_and_written_down_and_the_draft_is_empty(
    wording: Wording, place: Settings
) -> None:
    say(wording)
    made = wording.release("ada", note="warmer")
    assert spoken_now(place) == GERMAN.replace("{by}", "BY")
    assert wording.book().drafts == ()
    assert made.previous == SHIPPED
    release, edit = wording.log(5)
    assert (release.actor, release.act, release.version) == ("ada", Act.RELEASE, made.name)
    assert (release.note, release.changed) == ("warmer", (f"{KEY} de",))
    assert (edit.act, edit.changed) == (Act.EDIT, (f"{KEY} de",))
    (version, shipped) = spoken.shelf(place).listed()
    assert (version.made_by, version.note, shipped.name) == ("ada", "warmer", SHIPPED)


def test_a_roll_back_brings_back_what_was_said_before_and_can_be_taken_back(
    wording: Wording, place: Settings
) -> None:
    before = spoken_now(place)
    say(wording)
    made = wording.release("ada")
    assert wording.roll_back("ben", note="too warm").name == SHIPPED
    assert spoken_now(place) == before
    assert wording.log(1)[0].before == made.name
    assert wording.roll_back("ben").name == made.name
    assert spoken_now(place) == GERMAN.replace("{by}", "BY")


def test_where_nothing_was_released_there_is_nothing_to_go_back_to(wording: Wording) -> None:
    with pytest.raises(WordsError, match="nothing to go back to"):
        wording.roll_back("ada")
    with pytest.raises(WordsError, match="there is no draft"):
        wording.release("ada")


def test_a_second_release_stands_on_the_first(wording: Wording, place: Settings) -> None:
    say(wording)
    wording.release("ada")
    say(wording, "Your question is with a colleague. You'll have an answer here by {by}.", "en", by="ben")
    wording.release("ben")
    assert spoken_now(place) == GERMAN.replace("{by}", "BY")
    assert spoken_now(place, "en").startswith("Your question is with a colleague.")


def test_the_words_of_the_files_again_leave_nothing_of_a_change(wording: Wording, place: Settings) -> None:
    say(wording)
    wording.release("ada")
    shipped = written_of(wording.field(KEY, "de").in_files)
    wording.edit(KEY, "de", shipped, "ada")
    made = wording.release("ada")
    assert spoken.shelf(place).read(made.name).replies == {}


def test_words_that_would_call_people_or_draw_pages_are_only_words_to_every_channel(
    wording: Wording, place: Settings
) -> None:
    hostile = "<!channel> <@UABC> *so* <b>so</b> <script>so()</script> {by}"
    say(wording, hostile)
    wording.release("ada")
    text = spoken.load(place).say(KEY, "de", {"by": "B"}).text
    now = dt.datetime(2026, 11, 23, tzinfo=dt.timezone.utc)
    message = Outbound("k", "slack", "T1", "U1", text, Author.BOT, 1, now, language="de")
    (post,) = to_posts(message)
    assert "<!channel>" not in post.text
    assert "&lt;!channel&gt; &lt;@UABC&gt;" in post.text
    letter = compose(
        dataclasses.replace(message, channel="mail", account="shop@example.com", sender="eva@example.com"),
        None,
        marks=Marks(b"a secret of the tests"),
        store="Meridian",
    )
    page = letter.get_body(("html",))
    assert page is not None
    assert "<script>" not in page.get_content()


def test_what_serves_already_takes_a_change_out_of_the_draft(wording: Wording) -> None:
    before = written_of(wording.field(KEY, "de").variants)
    say(wording)
    assert wording.edit(KEY, "de", before, "ada").draft is None
    assert [entry.act for entry in wording.log(5)] == [Act.DROP, Act.EDIT]


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("de", "Bitte haben Sie Geduld bis {by}.", "asks to wait"),
        ("de", "Ich habe es weitergegeben.", "has other places"),
        ("de", "Ich habe es bis {by} {foo} weitergegeben.", "nothing fills {foo}"),
        ("de", "Ich habe es bis {by weitergegeben.", "holds a brace"),
        ("de", "Ich habe es für 20 € bis {by} weitergegeben.", "the figure"),
        ("de", "Tut mir leid! Das geht an jemanden, bis {by}.", "apologises without a remedy"),
        ("de", "Ich gebe es weiter, bis {by}. " + "Und so weiter. " * 40, "more than 480"),
        ("de", "In {by, plural, one {# Tag}}.", "lacks the form other"),
        ("de", "I've passed this to a colleague, with everything you told me. {by}", "not translated"),
        ("ru", "Вот {by, plural, one {# день} other {# дней}}.", "lacks the form few, many"),
        ("de", "", "says nothing"),
    ],
    ids=["tone", "place lost", "place unknown", "brace", "figure", "apology", "long", "plural", "copied",
         "plural of another language", "empty"],
)  # fmt: skip
def test_what_the_checker_has_against_a_draft_keeps_it_from_being_released(
    wording: Wording, place: Settings, language: str, text: str, reason: str
) -> None:
    if reason == "not translated":
        text = wording.field(KEY, "en").variants[0]["text"]
    before = spoken_now(place, language)
    say(wording, text, language)
    found = [one for one in wording.check(wording.book()) if one.language == language]
    assert any(reason in one.reason for one in found), found
    with pytest.raises(FindingsError, match="nothing is released") as refused:
        wording.release("ada")
    assert any(reason in one for one in refused.value.findings)
    assert spoken_now(place, language) == before
    assert wording.field(KEY, language).draft is not None


def test_a_place_less_in_english_is_found_in_every_other_language(wording: Wording) -> None:
    say(wording, "A colleague has this now.", "en")
    found = {one.language for one in wording.check(wording.book())}
    assert found >= {"de", "zh", "ar"}


@pytest.mark.parametrize(
    "text",
    ["a\x00b {by}", "\u202etxet {by}", "\ud800 {by}", "x" * 100_000, "bell \x07 {by}", "\ufeff{by}"],
    ids=["zero byte", "turned round", "half a sign", "100 kB", "bell", "byte order mark"],
)
def test_a_text_that_no_reply_can_hold_is_refused_at_once(wording: Wording, text: str) -> None:
    with pytest.raises(WordsError, match=r"a text ha|a text holds"):
        say(wording, text)
    assert wording.book().drafts == ()


@pytest.mark.parametrize(
    ("key", "language", "why"),
    [
        ("utter_nothing", "de", "there is no reply"),
        ("../../etc/passwd", "de", "there is no reply"),
        (KEY, "xx", "does not speak 'xx'"),
        (KEY, "", "does not speak"),
    ],
)
def test_a_reply_or_language_that_is_none_is_refused(
    wording: Wording, key: str, language: str, why: str
) -> None:
    with pytest.raises(WordsError, match=why):
        wording.edit(key, language, [Written("x")], "ada")


def test_buttons_keep_what_they_do_and_only_their_words_change(wording: Wording) -> None:
    before = wording.field("utter_about_bot", "en").variants
    payload = before[0]["buttons"][0]["payload"]
    after = [Written(before[0]["text"], ("Fetch a person",))]
    field = wording.edit("utter_about_bot", "en", after, "ada")
    assert field.variants[0]["buttons"] == [{"title": "Fetch a person", "payload": payload}]
    for wrong in ([], [Written("x")], [Written("x", ("a", "b"))], [*after, *after]):
        with pytest.raises(WordsError, match="give each its words"):
            wording.edit("utter_about_bot", "en", wrong, "ada")


def test_of_two_who_change_the_same_the_second_is_told_and_loses_nothing_of_the_first(
    wording: Wording,
) -> None:
    seen = wording.field(KEY, "de").token
    wording.edit(KEY, "de", [Written(GERMAN)], "ada", seen=seen)
    with pytest.raises(StaleWordsError, match="changed meanwhile, by ada"):
        wording.edit(KEY, "de", [Written("Von Ben, bis {by}.")], "ben", seen=seen)
    # On the command line nobody looked at anything.
    with pytest.raises(StaleWordsError, match="ada is changing"):
        wording.edit(KEY, "de", [Written("Von Ben, bis {by}.")], "ben")
    with pytest.raises(StaleWordsError):
        wording.drop(KEY, "de", "ben", seen=seen)
    assert wording.field(KEY, "de").variants[0]["text"] == GERMAN
    wording.edit(KEY, "de", [Written("Von Ben, bis {by}.")], "ben", over=True)
    assert wording.field(KEY, "de").variants[0]["text"] == "Von Ben, bis {by}."


def test_a_draft_that_changed_since_somebody_looked_is_not_released(
    wording: Wording, place: Settings
) -> None:
    say(wording)
    looked = wording.book().token
    say(wording, "A colleague has this now, with all you told me, until {by}.", "en", by="ben")
    with pytest.raises(StaleWordsError, match="changed the draft meanwhile"):
        wording.release("ada", seen=looked)
    assert spoken.shelf(place).released().name == SHIPPED
    assert len(wording.book().drafts) == 2


def test_a_draft_does_not_undo_a_release_unseen(
    wording: Wording, place: Settings, database: Database, clock: SetClock
) -> None:
    say(wording)
    wording.release("ada")
    say(wording, "Ich habe es weitergegeben, Sie hören hier bis {by}.")
    wording.roll_back("ben")
    with pytest.raises(StaleWordsError, match="was released otherwise since ada wrote it"):
        wording.release("ada")
    # Whoever looks at it and keeps it has seen what serves.
    again = Wording(place, database, clock)
    again.edit(KEY, "de", written_of(again.field(KEY, "de").variants), "ada")
    again.release("ada")
    assert spoken_now(place).startswith("Ich habe es weitergegeben")


def test_two_who_roll_back_at_once_go_back_once(wording: Wording, place: Settings) -> None:
    say(wording)
    serving = wording.release("ada").name
    wording.roll_back("ada", seen=serving)
    with pytest.raises(StaleWordsError, match="somebody was faster"):
        wording.roll_back("ben", seen=serving)
    assert spoken.shelf(place).released().name == SHIPPED


def test_the_last_five_are_kept_and_can_be_released_again(
    wording: Wording, place: Settings, clock: SetClock
) -> None:
    made = []
    for number in range(KEPT + 2):
        clock.advance(minutes=1)
        say(wording, f"Weitergegeben{'!' * number} Antwort bis {{by}}.")
        made.append(wording.release("ada").name)
    kept = [one.name for one in spoken.shelf(place).listed()]
    assert kept == [*reversed(made[-KEPT:]), SHIPPED]
    wording.release_again(made[3], "ben")
    assert spoken_now(place) == "Weitergegeben!!! Antwort bis BY."
    with pytest.raises(WordsError, match="there are no words"):
        wording.release_again(made[0], "ben")
    with pytest.raises(WordsError, match="serves already"):
        wording.release_again(made[3], "ben")
    wording.release_again(SHIPPED, "ben")
    assert spoken.shelf(place).released().previous == made[3]


@pytest.mark.parametrize("spoil", [lambda text: text[:40], lambda text: text.replace("weiterge", "wegge")])
def test_a_version_that_is_cut_or_changed_serves_nobody(
    wording: Wording, place: Settings, spoil: object
) -> None:
    say(wording)
    name = wording.release("ada").name
    wording.roll_back("ada")
    path = spoken.shelf(place).path(name)
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    for act in (lambda: wording.release_again(name, "ada"), lambda: wording.roll_back("ada")):
        with pytest.raises(WordsError):
            act()
    assert spoken.shelf(place).released().name == SHIPPED


@pytest.mark.parametrize("name", ["current", "../files/words/current", "", "words-", ".."])
def test_no_name_reaches_another_file(wording: Wording, name: str) -> None:
    say(wording)
    wording.release("ada")
    say(wording, "Anders, bis {by}.")
    wording.release("ada")
    with pytest.raises(WordsError, match="words"):
        wording.release_again(name, "ada")


def test_processes_speak_a_release_from_the_next_look_on_and_never_stop_for_a_damaged_one(
    wording: Wording, place: Settings
) -> None:
    words = Spoken(place)
    first = words.now()
    assert words.now() is first
    say(wording)
    name = wording.release("ada").name
    second = words.now()
    assert second is not first
    assert second.version.startswith(f"{name}:")
    assert words.now() is second
    spoken.shelf(place).current.write_text("{", encoding="utf-8")
    assert words.now() is second
    # One that starts then says what lies in files.
    assert Spoken(place).now().version == first.version
    # And an admin can mend it.
    wording.release_again(name, "ada")
    assert words.now().version == second.version


def test_what_no_longer_fits_after_an_upgrade_is_left_out_and_told(
    wording: Wording, place: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    say(wording)
    wording.release("ada")
    # The store's own file has another place now, as an upgrade's would.
    own = place.store / "replies" / "de.yml"
    own.parent.mkdir(parents=True)
    own.write_text(f'responses:\n  {KEY}:\n    - text: "Bis {{until}}."\n', encoding="utf-8")
    assert spoken.load(place).say(KEY, "de", {"until": "U", "by": "BY"}).text == "Bis U."
    assert f"{KEY} de: nothing fills {{by}}" in caplog.text
    (left,) = wording.book().serving.left_out
    assert left.startswith(f"{KEY} de: ")


def test_a_release_makes_no_model_stale(wording: Wording, place: Settings) -> None:
    from bot.training import models

    before = models.fingerprint(place)
    say(wording)
    wording.release("ada")
    assert models.fingerprint(place) == before


def test_a_version_is_a_file_that_says_all_of_itself(wording: Wording, place: Settings) -> None:
    say(wording)
    name = wording.release("ada", note="x" * 1000).name
    record = json.loads(spoken.shelf(place).path(name).read_text(encoding="utf-8"))
    assert record["replies"] == {"de": {KEY: [{"text": GERMAN}]}}
    assert len(record["note"]) == 500


def test_a_folder_that_cannot_be_written_changes_nothing(
    wording: Wording, place: Settings, tmp_path: Path
) -> None:
    say(wording)
    place.files.mkdir(parents=True, exist_ok=True)
    spoken.shelf(place).folder.write_text("a file stands in the way", encoding="utf-8")
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        wording.release("ada")
    assert [entry.act for entry in wording.log(5)] == [Act.EDIT]
    assert len(wording.book().drafts) == 1
    assert tmp_path.exists()


@pytest.mark.parametrize(
    ("words", "language", "finds"),
    [("utter_handed_OVER", "", True), ("SERVICETEAM angaben", "de", True), ("serviceteam angaben", "", False),
     ("zzz", "", False)],
)  # fmt: skip
def test_replies_are_found_by_their_name_and_their_words(
    wording: Wording, words: str, language: str, finds: bool
) -> None:
    found = [one.key for one in find(wording.book(), words, language=language)]
    assert (KEY in found) is finds
