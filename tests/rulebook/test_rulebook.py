"""Rules: a draft until they are checked and released, taken back, and never written over unseen."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.clock import SetClock, SystemClock
from bot.database import Database
from bot.errors import ConfigurationError, FaultsError, RulesError, StaleRulesError
from bot.rulebook.acts import Act
from bot.rulebook.book import back_to
from bot.rulebook.drafts import difference
from bot.rulebook.service import BY_HAND, Rulebook
from bot.settings import ROOT, Settings, read_rules
from bot.settings.released import own_file
from bot.shelf import KEPT, SHIPPED, digest

HAND = "# Written by us.\nreturns:\n  window_days: 21   # as promised\n"


def by_hand(place: Settings, text: str = HAND) -> None:
    """Somebody writes the store's file."""
    own_file(place).parent.mkdir(parents=True, exist_ok=True)
    own_file(place).write_text(text, encoding="utf-8")


def refund(place: Settings) -> str:
    """What a process that starts now goes by."""
    return str(read_rules(ROOT / "shop.yml", own_file(place)).authority.refund)


def draft(rulebook: Rulebook, sum_: str = "60.00", by: str = "ada") -> None:
    rulebook.assign("authority.refund", f'"{sum_}"', by, seen=rulebook.book().token)


def test_an_edit_is_a_draft_that_nothing_goes_by(rulebook: Rulebook, place: Settings) -> None:
    draft(rulebook)
    assert refund(place) == "50.00"
    book = rulebook.book()
    assert book.draft is not None
    assert (book.draft.actor, book.draft.text) == ("ada", 'authority:\n  refund: "60.00"\n')
    assert (book.text, book.by_hand) == ("", False)


def test_a_release_is_the_stores_file_and_written_down(rulebook: Rulebook, place: Settings) -> None:
    draft(rulebook)
    made = rulebook.release("ada", note="more trust")
    assert refund(place) == "60.00"
    assert made.previous == SHIPPED
    book = rulebook.book()
    assert (book.draft, book.by_hand, book.released) == (None, False, made)
    release, edit = rulebook.log(5)
    assert (release.actor, release.act, release.version) == ("ada", Act.RELEASE, made.name)
    assert (release.note, release.changed, release.before) == ("more trust", ("authority.refund",), SHIPPED)
    assert (edit.act, edit.changed) == (Act.EDIT, ("authority.refund",))
    version, shipped = rulebook.shelf.listed()
    assert (version.made_by, version.note, shipped.name) == ("ada", "more trust", SHIPPED)


def test_what_somebody_wrote_by_hand_is_kept_comes_along_and_can_be_taken_back(
    rulebook: Rulebook, place: Settings
) -> None:
    by_hand(place)
    own_file(place).chmod(0o640)
    draft(rulebook)
    made = rulebook.release("ada")
    text = own_file(place).read_text(encoding="utf-8")
    assert text.startswith("# Written by us.\n")
    assert "21   # as promised" in text
    assert own_file(place).stat().st_mode & 0o777 == 0o640
    kept = rulebook.shelf.read(str(made.previous))
    assert (kept.made_by, kept.text) == (BY_HAND, HAND)
    assert rulebook.roll_back("ben").name == kept.name
    assert own_file(place).read_text(encoding="utf-8") == HAND
    assert rulebook.roll_back("ben").name == made.name
    assert refund(place) == "60.00"


def test_a_file_that_nobody_ever_released_is_not_rolled_back(rulebook: Rulebook, place: Settings) -> None:
    by_hand(place)
    assert back_to(rulebook.book()) is None
    with pytest.raises(RulesError, match="nothing to go back to"):
        rulebook.roll_back("ada", seen=rulebook.book().token)
    with pytest.raises(RulesError, match="there is no draft"):
        rulebook.release("ada")
    assert own_file(place).read_text(encoding="utf-8") == HAND


def test_a_file_that_is_edited_while_a_draft_is_written_is_not_written_over_unseen(
    rulebook: Rulebook, place: Settings
) -> None:
    by_hand(place)
    draft(rulebook)
    changed = HAND.replace("21", "30")
    by_hand(place, changed)
    book = rulebook.book()
    assert book.is_stale
    for seen in (None, book.token):
        with pytest.raises(StaleRulesError, match="was changed since ada wrote the draft"):
            rulebook.release("ada", seen=seen)
    assert own_file(place).read_text(encoding="utf-8") == changed
    # The difference shows what saving it again would undo.
    assert ("-", "  window_days: 30   # as promised") in difference(book.text, book.whole)
    rulebook.edit(book.whole.replace("21", "30"), "ada", seen=book.token)
    rulebook.release("ada")
    assert read_rules(ROOT / "shop.yml", own_file(place)).returns.window_days == 30
    assert refund(place) == "60.00"


def test_a_file_that_is_edited_after_a_release_is_kept_before_it_is_put_back(
    rulebook: Rulebook, place: Settings
) -> None:
    draft(rulebook)
    made = rulebook.release("ada")
    by_hand(place)
    assert rulebook.book().by_hand
    for act in (lambda: rulebook.roll_back("ben"), lambda: rulebook.release_again(SHIPPED, "ben")):
        with pytest.raises(StaleRulesError, match="was changed by hand"):
            act()
    assert own_file(place).read_text(encoding="utf-8") == HAND
    # Whoever looked goes back to what was released, and the hand's lines are a version.
    back = rulebook.roll_back("ben", seen=rulebook.book().token)
    assert back.name == made.name
    assert rulebook.shelf.read(str(back.previous)).text == HAND
    assert refund(place) == "60.00"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("returns:\n  window_days: soon\n", 2, "value is not a valid integer"),
        ("returns:\n  windw_days: 7\n", 2, "known are: window_days"),
        ("a: [1\nb: 2\n", 2, "this is not YAML"),
        ("languages: [en, xx]\n", 1, "is not a language"),
        ("lanes:\n  home:\n    countries: [CN, DE]\n", 1, "stands in two lanes"),
        ("topic_queues:\n  other: nobody\n", 1, "which `queues` does not describe"),
        ("- a\n", None, "expected keys and values"),
        ("a: 2026-02-30\n", None, "this is not YAML"),
        ("channels: [fax]\n", None, "no installed package offers 'fax'"),
        ("desks: [pigeon]\n", None, "no installed package offers 'pigeon'"),
        ("languages: [en, it]\n", None, "it.yml"),
        ("x" * 200_001, None, "200,000 are allowed"),
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
         "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
         "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", None, "more than 50,000 values"),
    ],
    ids=["no number", "misspelt", "no YAML", "no language", "two lanes", "no queue", "a list", "no day",
         "no channel", "no desk", "no words", "long", "a bomb of aliases"],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_keeps_it_from_being_released(
    rulebook: Rulebook, place: Settings, text: str, line: int | None, why: str
) -> None:
    book = rulebook.edit(text, "ada")
    _, faults = rulebook.check(book.whole)
    told = [one for one in faults if why in str(one)]
    assert told, faults
    assert line is None or told[0].line == line
    with pytest.raises(FaultsError, match="nothing is released"):
        rulebook.release("ada")
    assert not own_file(place).exists()
    assert rulebook.book().draft is not None
    assert rulebook.shelf.released().name == SHIPPED


def test_everything_that_is_wrong_is_told_at_once(rulebook: Rulebook) -> None:
    _, faults = rulebook.check("returns: {window_days: soon}\nstock: {low: none}\nnothing: 1\n")
    assert {one.place for one in faults} == {"returns.window_days", "stock.low", "nothing"}


def test_of_two_admins_the_second_is_told_and_nothing_is_lost(rulebook: Rulebook, place: Settings) -> None:
    seen = rulebook.book().token
    rulebook.assign("authority.refund", "60", "ada", seen=seen)
    with pytest.raises(StaleRulesError, match="changed meanwhile, by ada"):
        rulebook.assign("authority.refund", "70", "ben", seen=seen)
    # On the command line nobody looked at anything.
    with pytest.raises(StaleRulesError, match="ada is changing the rules"):
        rulebook.assign("authority.refund", "70", "ben")
    with pytest.raises(StaleRulesError):
        rulebook.drop("ben", seen=seen)
    looked = rulebook.book().token
    rulebook.assign("returns.window_days", "9", "ben", over=True)
    with pytest.raises(StaleRulesError, match="changed the draft or the file meanwhile"):
        rulebook.release("ada", seen=looked)
    rulebook.release("ada")
    rules = read_rules(ROOT / "shop.yml", own_file(place))
    assert (str(rules.authority.refund), rules.returns.window_days) == ("60", 9)


def test_two_who_write_at_once_are_one_after_the_other(
    rulebook: Rulebook, place: Settings, database: Database
) -> None:
    seen, begun = rulebook.book().token, threading.Barrier(2)

    def write(who: str) -> str:
        own = Database(str(database.url))
        begun.wait()
        try:
            Rulebook(place, own, SystemClock()).assign("store.name", who, who, seen=seen)
        except StaleRulesError:
            return "stale"
        finally:
            own.close()
        return who

    with ThreadPoolExecutor(2) as both:
        ended = list(both.map(write, ("ada", "ben")))
    assert "stale" in ended
    (winner,) = set(ended) & {"ada", "ben"}
    now = rulebook.book().draft
    assert now is not None
    assert now.actor == winner
    assert winner in now.text


def test_two_who_roll_back_at_once_go_back_once(rulebook: Rulebook) -> None:
    draft(rulebook)
    rulebook.release("ada")
    seen = rulebook.book().token
    rulebook.roll_back("ada", seen=seen)
    with pytest.raises(StaleRulesError, match="somebody was faster"):
        rulebook.roll_back("ben", seen=seen)
    assert rulebook.shelf.released().name == SHIPPED


def test_the_last_five_are_kept_and_can_be_released_again(
    rulebook: Rulebook, place: Settings, clock: SetClock
) -> None:
    made = []
    for number in range(KEPT + 2):
        clock.advance(minutes=1)
        draft(rulebook, f"{60 + number}.00")
        made.append(rulebook.release("ada").name)
    assert [one.name for one in rulebook.shelf.listed()] == [*reversed(made[-KEPT:]), SHIPPED]
    rulebook.release_again(made[3], "ben")
    assert refund(place) == "63.00"
    with pytest.raises(RulesError, match="there are no rules"):
        rulebook.release_again(made[0], "ben")
    with pytest.raises(RulesError, match="serves already"):
        rulebook.release_again(made[3], "ben")
    rulebook.release_again(SHIPPED, "ben")
    assert refund(place) == "50.00"


def test_a_version_that_no_longer_holds_is_not_released_again(rulebook: Rulebook, place: Settings) -> None:
    draft(rulebook)
    name = rulebook.release("ada").name
    rulebook.edit("", "ada")
    rulebook.release("ada")
    # As an upgrade would leave it: the rules have no such key any more.
    path = rulebook.shelf.path(name)
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["digest"]
    record["text"] = "authority: {gone: 1}\n"
    path.write_text(json.dumps({**record, "digest": digest(record)}), encoding="utf-8")
    for act in (lambda: rulebook.release_again(name, "ada"), lambda: rulebook.roll_back("ada")):
        with pytest.raises(FaultsError, match="is not released"):
            act()
    assert refund(place) == "50.00"
    assert rulebook.log(1)[0].act is Act.RELEASE


def test_what_lies_there_already_takes_the_draft_away(rulebook: Rulebook, place: Settings) -> None:
    by_hand(place)
    draft(rulebook)
    assert rulebook.unassign("authority.refund", "ada").draft is None
    assert [entry.act for entry in rulebook.log(5)] == [Act.DROP, Act.EDIT]
    draft(rulebook)
    rulebook.drop("ada")
    assert rulebook.book().draft is None
    with pytest.raises(RulesError, match="there is no draft"):
        rulebook.drop("ada")


def test_a_file_that_cannot_be_read_is_told_and_nothing_is_done(rulebook: Rulebook, place: Settings) -> None:
    own_file(place).parent.mkdir(parents=True)
    own_file(place).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"shop\.yml"):
        rulebook.book()
    with pytest.raises(ConfigurationError, match=r"shop\.yml"):
        rulebook.release("ada")


def test_a_folder_that_cannot_be_written_changes_nothing(rulebook: Rulebook, place: Settings) -> None:
    draft(rulebook)
    place.files.mkdir(parents=True, exist_ok=True)
    rulebook.shelf.folder.write_text("a file stands in the way", encoding="utf-8")
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        rulebook.release("ada")
    assert [entry.act for entry in rulebook.log(5)] == [Act.EDIT]
    assert rulebook.book().draft is not None
    assert not own_file(place).exists()


# --- Where secrets go ---


@pytest.mark.parametrize(
    "lines",
    [
        "channel_options: {slack: {api: 'https://evil.example/api'}}\n",
        "desk_options: {slack: {api: 'https://evil.example/api'}}\n",
        "feed: {webhook: 'https://evil.example/orders'}\n",
    ],
    ids=["a channel's", "a desk's", "the change feed's"],
)
def test_from_afar_nobody_sends_the_stores_tokens_elsewhere(
    rulebook: Rulebook, place: Settings, database: Database, clock: SetClock, lines: str
) -> None:
    console = Rulebook(place, database, clock, from_afar=True)
    console.edit(lines, "ada")
    with pytest.raises(FaultsError, match="only whoever runs crossdesk"):
        console.release("ada")
    assert not own_file(place).exists()
    # Whoever runs crossdesk may, and others go on from there: with anything else, not back behind it.
    rulebook.release("operator", note="by hand")
    console.assign("returns.window_days", "9", "ada")
    now = console.release("ada")
    assert "evil.example" in own_file(place).read_text(encoding="utf-8")
    with pytest.raises(FaultsError, match="only whoever runs crossdesk"):
        console.release_again(SHIPPED, "ada", seen=console.book().token)
    assert console.book().released == now


def test_the_log_names_a_setting_that_was_given_a_wrong_value(rulebook: Rulebook) -> None:
    rulebook.assign("returns.window_days", "banana", "ada")
    rulebook.unassign("returns.window_days", "ada")
    rulebook.assign("authority.refund", '"60.00"', "ada")
    named = [one.changed for one in rulebook.log(3)]
    assert (named[0], named[-1]) == (("authority.refund",), ("returns.window_days",))
