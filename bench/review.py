"""How long each screen of the console takes with many messages: `python -m bench.review [MESSAGES]`.

Nothing to compare with: the mark is 300 ms a screen. The messages are made in the database, in groups whose
sizes fall as those of real questions do (a few large ones, thousands of single ones); the weeks hold every
intent in every language for two years, and five versions were judged.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from adapters.web.desk import WebDesk
from adapters.web.pages import Pages
from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.people import People
from bot.desk.service.desk import DatabaseDesk
from bot.desk.values.people import Rank
from bot.settings import Settings
from bot.training import intents, models, versions, weeks
from bot.training.releasing import Releases
from bot.training.review import Review, View
from bot.training.tables import review_groups, review_items, turn_weeks
from bot.training.values import Actor, Meaning, Verdict
from bot.training.versions import Version

TRIES = 9
#: How long the first view of each screen took: nothing was at hand but what a start reads.
firsts: list[float] = []
PASSWORD = "a long password of the bench"  # noqa: S105


def fill(database: Database, messages: int) -> None:
    draw = random.Random(1)
    now = dt.datetime.now(dt.timezone.utc)
    intents = ["logistics_where_is_parcel", "logistics_delay", "order_state", "payment_methods"]
    made = group = 0
    items: list[dict[str, object]] = []
    groups: list[dict[str, object]] = []
    while made < messages:
        group += 1
        size = min(max(1, int(600 / group)), messages - made)
        ranking = [[name, round(draw.random() / 2, 4)] for name in draw.sample(intents, 3)]
        groups.append(
            {
                "id": group, "language": draw.choice(["en", "de", "zh", "ar"]), "centre": bytes(1536),
                "members": size, "encoder": "bench", "likely": dict(ranking), "intent": ranking[0][0],
                "waiting": size, "second": 0, "disputed": 0, "worth": size * draw.random(),
                "newest_at": now, "fence": 0,
            }
        )  # fmt: skip
        for _ in range(size):
            made += 1
            items.append(
                {
                    "id": made, "group_id": group, "conversation_id": made, "inbox_id": made, "at": now,
                    "language": groups[-1]["language"], "text": f"where is my parcel number {made}",
                    "model": "m", "ranking": ranking, "reasons": ["fallback"], "doubt": 0.7,
                    "state": "waiting",
                }
            )  # fmt: skip
    with database.begin() as connection:
        connection.execute(review_groups.insert(), groups)
        connection.execute(review_items.insert(), items)
    print(f"{made:,} messages in {group:,} groups")


def fill_weeks(database: Database, settings: Settings) -> None:
    draw = random.Random(2)
    this = weeks.monday(dt.datetime.now(dt.timezone.utc).date())
    rows = [
        {
            "week": this - dt.timedelta(weeks=week), "language": language, "intent": intent,
            "messages": draw.randint(1, 900), "handed": draw.randint(0, 1),
        }
        for week in range(104)
        for language in settings.rules.languages
        for intent in ("nlu_fallback", *intents.shipped(settings))
    ]  # fmt: skip
    with database.begin() as connection:
        connection.execute(turn_weeks.insert(), rows)
    print(f"{len(rows):,} rows of weeks")


def make_versions(settings: Settings) -> None:
    """Five versions with the figures of a real one: their files are never opened here."""
    draw = random.Random(3)
    names = intents.shipped(settings)
    folder = models.models_folder(settings)
    folder.mkdir(parents=True)
    for number in range(versions.KEPT):
        accuracy = 0.9 + number / 100
        figures = {
            "test_set": "t",
            "messages": 5000,
            "accuracy": accuracy,
            "fallbacks": 0.05,
            "calibration_error": 0.03,
            "by_language": dict.fromkeys(settings.rules.languages, accuracy),
            "by_intent": dict.fromkeys(names, accuracy),
            "right_by_intent": dict.fromkeys(names, "+" * (59 - number) + "-" * (1 + number)),
            "right": dict.fromkeys(settings.rules.languages, "+" * 500),
            "intents": {name: {"count": 60, "precision": accuracy} for name in names},
            "confusions": [[draw.choice(names), draw.choice(names), draw.randint(1, 9)] for _ in range(300)],
            "reliability": [
                {
                    "low": low / 10,
                    "high": low / 10 + 0.1,
                    "count": 500,
                    "confidence": low / 10,
                    "accuracy": 0.5,
                }
                for low in range(10)
            ],
            "missed": [],
        }
        name = f"v{number}.tar.gz"
        (folder / name).write_bytes(b"")
        made_at = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=10 - number)
        versions.write_down(settings, Version(name, "f", made_at, figures=figures))
    models.release(settings, models.ModelVersion("v3.tar.gz", "f"))


def warm_up(client: TestClient, desk: WebDesk) -> None:
    """What a process does when it starts."""
    assert client.portal is not None
    client.portal.call(desk.start)
    for thread in threading.enumerate():
        if thread.name == "console":
            thread.join()


def measured(name: str, act: Callable[[], object]) -> float:
    times = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - begun))
    first, median = times[0], statistics.median(times)
    print(f"{name:42} first {first:7.1f} ms   median {median:7.1f} ms   longest {max(times):7.1f} ms")
    firsts.append(first)
    return median


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        url = f"sqlite:///{place / 'crossdesk.sqlite'}"
        settings = dataclasses.replace(
            Settings.load(), database_url=url, store=place / "store", files=place / "files"
        )
        database, clock = Database(url), SystemClock()
        schema.upgrade(database)
        with database.begin() as connection:
            person = People(connection, settings.rules, clock).add("ada", "Ada", Rank.ADMIN, PASSWORD)
        fill(database, messages)
        fill_weeks(database, settings)
        make_versions(settings)
        review = Review(database, settings, clock)
        ada = Actor(person.login, person.id)
        # Some of it is decided, and has become examples.
        decide = iter([group.id for group in review.groups(limit=1000)])
        for _ in range(200):
            review.label(ada, next(decide), Verdict(Meaning.INTENT, "order_state"))
        desk = WebDesk(
            settings,
            DatabaseDesk(database, settings.rules, clock, lambda: None),
            secret="s" * 40,
            clock=clock,
            pages=Pages(),
            review=review,
            releases=Releases(settings, database, clock),
        )
        with TestClient(Starlette(routes=list(desk.routes())), base_url="http://bench.test") as client:
            page = client.get("/desk/sign-in").text
            warm_up(client, desk)
            csrf = page.split('name="csrf" value="')[1].split('"')[0]
            client.post("/desk/sign-in", data={"login": "ada", "password": PASSWORD, "csrf": csrf})
            longest = [
                measured(f"page: {name}", lambda path=path: client.get(path).raise_for_status())
                for name, path in (
                    ("overview", "/console"),
                    ("overview, one language", "/console?language=de"),
                    ("picture: weeks", "/console/pictures/drift.svg"),
                    ("intents", "/console/intents"),
                    ("an intent", "/console/intents/order_state"),
                    ("versions", "/console/versions"),
                    ("a version", "/console/versions/v3"),
                    ("a version beside the released one", "/console/versions/v4/compare"),
                    ("picture: confusions", "/console/versions/v3/confusion.svg"),
                    ("words", "/console/words"),
                    ("rules", "/console/rules"),
                    ("a rule", "/console/rules?setting=returns.window_days"),
                )
            ]
            longest += [
                measured("page: inbox", lambda: client.get("/console/inbox").raise_for_status()),
                measured("page: one language", lambda: client.get("/console/inbox?language=de")),
                measured("page: second opinion", lambda: client.get("/console/inbox?view=second")),
                measured("page: disputed", lambda: client.get("/console/inbox?view=disputed")),
            ]
        longest += [
            measured("counts", review.counts),
            measured("intents", review.intents),
            measured("acts", lambda: review.acts(actor=ada, limit=5)),
            measured("list of 50 groups", lambda: review.groups(View.WAITING)),
            measured(
                "decide on a group, files written",
                lambda: review.label(ada, next(decide), Verdict(Meaning.INTENT, "order_state")),
            ),
            measured("undo it, files written", lambda: review.undo(ada)),
            measured("agreement", review.agreements),
        ]
        print(f"the slowest median is {max(longest):.0f} ms, the slowest first view {max(firsts):.0f} ms;")
        print("the mark is 300 ms")
        database.close()


if __name__ == "__main__":
    main()
