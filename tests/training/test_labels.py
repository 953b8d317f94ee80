"""What people say messages mean: one decision a group, fenced, undone, confirmed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score

from bot.database import Database
from bot.desk.people import People
from bot.desk.values.people import Rank
from bot.errors import ErasedError, ForbiddenError, ReviewError, StaleReviewError
from bot.operations.buyers import find
from bot.operations.erase import erase
from bot.training.agreement import kappa
from bot.training.labels import decided
from bot.training.reading import View
from bot.training.values import Actor, ItemState, Meaning, Verdict
from tests.conftest import BACKENDS
from tests.training.talks import LOST, Talks

PARCEL = Verdict(Meaning.INTENT, "logistics_where_is_parcel")
DELAY = Verdict(Meaning.INTENT, "logistics_delay")
THREAT = Verdict(Meaning.INTENT, "service_threat")
NOTHING = Verdict(Meaning.NOTHING)


@pytest.fixture
def filled(talks: Talks) -> Talks:
    """Four messages that mean the same, and one that doesn't."""
    for number in range(4):
        talks.say(f"where is my stuff {'now ' * number}", LOST, buyer=f"b{number}")
    talks.say("pay with a gift card", LOST, buyer="eva")
    talks.pass_time(minutes=2)
    talks.fill()
    return talks


def admin(talks: Talks, login: str, rank: Rank = Rank.ADMIN) -> Actor:
    with talks.database.begin() as connection:
        person = People(connection, talks.settings.rules, talks.clock).add(
            login, login.capitalize(), rank, "a long password"
        )
    return Actor(person.login, person.id)


@pytest.fixture
def ada(talks: Talks) -> Actor:
    return admin(talks, "ada")


@pytest.fixture
def bob(talks: Talks) -> Actor:
    return admin(talks, "bob")


def learned(talks: Talks, language: str = "en") -> str:
    path = talks.settings.store / "nlu" / language / "learned.yml"
    return path.read_text(encoding="utf-8") if path.exists() else ""


# --- Deciding ---


def test_one_decision_is_about_the_whole_group(filled: Talks, ada: Actor) -> None:
    first = filled.groups()[0]
    done = filled.review().label(ada, first.id, PARCEL, fence=first.fence)
    assert (done.items, done.settled) == (4, 4)
    assert [group.waiting for group in filled.groups()] == [1]
    assert "- intent: logistics_where_is_parcel\n  examples: |\n    - where is my stuff\n" in learned(filled)


def test_one_of_the_group_can_be_said_to_mean_something_else(filled: Talks, ada: Actor) -> None:
    review, first = filled.review(), filled.groups()[0]
    odd = review.items(first.id)[0]
    review.label(ada, first.id, DELAY, fence=first.fence, only=[odd.id])
    again = review.group(first.id)
    assert again.waiting == 3
    review.label(ada, first.id, PARCEL, fence=again.fence)
    meant = {item.text: item.verdict for item in review.items(first.id)}
    assert {verdict.intent for verdict in meant.values() if verdict} == {"logistics_delay", PARCEL.intent}
    assert meant[odd.text].intent == "logistics_delay"  # type: ignore[union-attr]


def test_what_came_after_the_page_was_made_is_not_decided_by_it(filled: Talks, ada: Actor) -> None:
    first = filled.groups()[0]
    seen = max(item.id for item in filled.review().items(first.id))
    filled.say("where is my stuff now", LOST, buyer="late")
    filled.pass_time(minutes=2)
    filled.fill()
    done = filled.review().label(ada, first.id, PARCEL, fence=first.fence, upto=seen)
    assert done.items == 4
    assert filled.review().group(first.id).waiting == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_two_admins_at_once_one_decides(filled: Talks, ada: Actor, bob: Actor) -> None:
    first = filled.groups()[0]

    def decide(actor: Actor) -> str:
        try:
            filled.review().label(actor, first.id, PARCEL, fence=first.fence)
        except StaleReviewError:
            return "stale"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(decide, (ada, bob)))
    assert outcomes == ["done", "stale"]
    assert len(filled.review().acts()) == 1


def test_a_message_that_was_erased_is_refused_and_so_is_its_example(
    filled: Talks, ada: Actor, database: Database
) -> None:
    review = filled.review()
    lonely = next(group for group in filled.groups() if group.waiting == 1)
    (item,) = review.items(lonely.id)
    with database.begin() as connection:
        talk = connection.exec_driver_sql(
            f"SELECT conversation_id FROM review_items WHERE id = {item.id}"  # noqa: S608
        ).scalar_one()
        erase(connection, find(connection, f"conversation:{talk}"), filled.settings.files, filled.clock.now())
    with pytest.raises(ErasedError, match="no longer there: their buyer was erased"):
        review.label(ada, lonely.id, PARCEL, fence=lonely.fence)
    with pytest.raises(ErasedError):
        review.group(lonely.id)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_learnt_of_a_buyer_goes_when_they_are_erased(
    filled: Talks, ada: Actor, database: Database
) -> None:
    review = filled.review()
    lonely = next(group for group in filled.groups() if group.waiting == 1)
    review.label(ada, lonely.id, Verdict(Meaning.INTENT, "payment_methods"), fence=lonely.fence)
    assert "gift card" in learned(filled)
    with database.begin() as connection:
        talk = connection.exec_driver_sql(
            "SELECT conversation_id FROM review_items WHERE state = 'settled'"
        ).scalar_one()
        erase(connection, find(connection, f"conversation:{talk}"), filled.settings.files, filled.clock.now())
    assert [*review.write()] == ["nlu/en/learned.yml"]
    assert learned(filled) == ""


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (Verdict(Meaning.INTENT), "say which intent"),
        (
            Verdict(Meaning.INTENT, "logistics_teleport"),
            "there is no intent 'logistics_teleport': add it first",
        ),
        (Verdict(Meaning.INTENT, "repeated_question"), "there is no intent"),
        (Verdict(Meaning.TWO, "logistics_delay"), "which two intents"),
        (Verdict(Meaning.TWO, "logistics_delay", "logistics_delay"), "which two intents"),
        (Verdict(Meaning.INTENT, "logistics_delay", None, "tlh"), "none of the store's languages"),
        (Verdict(Meaning.INTENT, "x" * 5_000), "there is no intent 'x"),
    ],
    ids=["nothing", "unknown", "inward", "one of two", "twice the same", "language", "long"],
)
def test_what_makes_no_sense_is_refused(filled: Talks, ada: Actor, verdict: Verdict, says: str) -> None:
    first = filled.groups()[0]
    with pytest.raises(ReviewError, match=says):
        filled.review().label(ada, first.id, verdict, fence=first.fence)
    assert filled.review().group(first.id).fence == first.fence


def test_only_somebody_who_may_train_decides(filled: Talks) -> None:
    admin(filled, "sue", Rank.SUPERVISOR)
    with pytest.raises(ForbiddenError):
        filled.review().actor("sue")


def test_two_intents_and_nothing_settle_without_an_example(filled: Talks, ada: Actor) -> None:
    review, groups = filled.review(), filled.groups()
    review.label(ada, groups[0].id, Verdict(Meaning.TWO, "logistics_delay", "order_state"))
    review.label(ada, groups[1].id, NOTHING)
    assert filled.groups() == []
    assert learned(filled) == ""


def test_a_corrected_language_is_where_the_example_goes(filled: Talks, ada: Actor) -> None:
    first = filled.groups()[0]
    done = filled.review().label(ada, first.id, Verdict(Meaning.INTENT, PARCEL.intent, None, "fr"))
    assert learned(filled) == ""
    assert "where is my stuff" in learned(filled, "fr")
    filled.review().undo(ada, done.act_id)
    assert learned(filled, "fr") == ""
    assert {item.language for item in filled.review().items(first.id)} == {"en"}


# --- Undoing ---


def test_the_last_decision_is_taken_back_and_then_the_one_before(filled: Talks, ada: Actor) -> None:
    review, groups = filled.review(), filled.groups()
    for group in groups:
        review.label(ada, group.id, PARCEL)
    assert filled.groups() == []
    assert review.undo(ada).group_id == groups[1].id
    assert review.undo(ada).group_id == groups[0].id
    assert [group.id for group in filled.groups()] == [group.id for group in groups]
    assert learned(filled) == ""
    with pytest.raises(ReviewError, match="nothing of yours"):
        review.undo(ada)


def test_nobody_takes_back_what_another_decided(filled: Talks, ada: Actor, bob: Actor) -> None:
    review, first = filled.review(), filled.groups()[0]
    done = review.label(ada, first.id, PARCEL)
    with pytest.raises(ReviewError, match="nothing of yours"):
        review.undo(bob, done.act_id)


@pytest.mark.parametrize("backend", BACKENDS)
def test_undone_twice_at_once_is_undone_once(filled: Talks, ada: Actor) -> None:
    review, first = filled.review(), filled.groups()[0]
    done = review.label(ada, first.id, PARCEL)

    def undo(_: int) -> str:
        try:
            filled.review().undo(ada, done.act_id)
        except ReviewError:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(undo, range(2))) == ["done", "refused"]
    assert review.group(first.id).waiting == 4


# --- A second person ---


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_matters_waits_for_a_second_person_who_decides_without_the_first_ones_word(
    filled: Talks, ada: Actor, bob: Actor
) -> None:
    review, first = filled.review(), filled.groups()[0]
    done = review.label(ada, first.id, THREAT)
    assert (done.settled, done.second) == (0, 4)
    assert learned(filled) == ""
    assert filled.review().groups(View.SECOND, actor=ada) == []
    (seen,) = review.groups(View.SECOND, actor=bob)
    assert all(item.said == {} and item.verdict is None for item in review.items(seen.id))
    done = review.label(bob, seen.id, THREAT, fence=seen.fence)
    assert done.settled == 4
    assert "service_threat" in learned(filled)


def test_the_first_cannot_be_the_second_too(filled: Talks, ada: Actor, bob: Actor) -> None:
    review, first = filled.review(), filled.groups()[0]
    review.label(ada, first.id, THREAT)
    with pytest.raises(ReviewError, match="nothing of this waits for you"):
        review.label(ada, first.id, THREAT)


def test_where_nobody_else_may_decide_nobody_is_waited_for(filled: Talks, ada: Actor) -> None:
    admin(filled, "sue", Rank.SUPERVISOR)
    assert filled.review().label(ada, filled.groups()[0].id, THREAT).settled == 4


def test_what_two_disagree_on_is_never_trained_until_a_third_settles_it(
    filled: Talks, ada: Actor, bob: Actor
) -> None:
    review, first = filled.review(), filled.groups()[0]
    review.label(ada, first.id, THREAT)
    done = review.label(bob, first.id, PARCEL)
    assert done.disputed == 4
    assert learned(filled) == ""
    (group,) = review.groups(View.DISPUTED)
    assert review.items(group.id)[0].said == {
        "ada": Verdict(Meaning.INTENT, "service_threat", None, "en"),
        "bob": Verdict(Meaning.INTENT, PARCEL.intent, None, "en"),
    }
    done = review.label(admin(filled, "cleo"), first.id, PARCEL)
    assert done.settled == 4
    assert "logistics_where_is_parcel" in learned(filled)
    assert "service_threat" not in learned(filled)


def test_whoever_changes_their_mind_ends_a_dispute(filled: Talks, ada: Actor, bob: Actor) -> None:
    review, first = filled.review(), filled.groups()[0]
    review.label(ada, first.id, THREAT)
    review.label(bob, first.id, PARCEL)
    assert review.undo(ada).settled == 4
    assert "logistics_where_is_parcel" in learned(filled)


@pytest.mark.parametrize(
    ("said", "needed", "state"),
    [
        ("", 1, ItemState.WAITING),
        ("a", 1, ItemState.SETTLED),
        ("a", 2, ItemState.SECOND),
        ("aa", 2, ItemState.SETTLED),
        ("ab", 1, ItemState.DISPUTED),
        ("aba", 2, ItemState.SETTLED),
        ("abc", 1, ItemState.DISPUTED),
        ("aabb", 2, ItemState.DISPUTED),
        ("abbab", 2, ItemState.SETTLED),
    ],
)
def test_a_message_is_settled_once_enough_agree(said: str, needed: int, state: ItemState) -> None:
    verdicts = [Verdict(Meaning.INTENT, one) for one in said]
    assert decided(verdicts, needed)[0] is state


# --- Agreement ---


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_cohens(seed: int) -> None:
    import random

    draw = random.Random(seed)
    pairs = [(draw.choice("abc"), draw.choice("abcd")) for _ in range(60)]
    pairs += [("a", "a")] * draw.randint(0, 40)
    expected = cohen_kappa_score([one for one, _ in pairs], [other for _, other in pairs])
    assert kappa(pairs) == pytest.approx(expected)


@pytest.mark.parametrize("pairs", [[], [("a", "a")], [("a", "a"), ("a", "a")]])
def test_kappa_of_one_label_or_none_is_not_defined(pairs: Any) -> None:
    assert kappa(pairs) is None


def test_agreement_is_told_of_each_pair_and_of_all(filled: Talks, ada: Actor, bob: Actor) -> None:
    review, (first, lonely) = filled.review(), filled.groups()
    assert review.agreements() == []
    review.label(ada, first.id, THREAT)
    review.label(bob, first.id, THREAT)
    review.label(ada, lonely.id, THREAT)
    review.label(bob, lonely.id, DELAY)
    everybody, pair = review.agreements()
    assert (everybody.people, pair.people) == (None, ("ada", "bob"))
    assert pair.messages == 5
    assert pair.same == pytest.approx(0.8)
    assert pair.kappa == pytest.approx(0.0)
