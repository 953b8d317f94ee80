"""``crossdesk serve`` as a whole: it starts, answers, survives, and stops without losing anything."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.settings import Settings
from tests.service.running import Buyer, Service, alive, children, until

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Path:
    """Where the service keeps everything; the model is there already."""
    made = tmp_path_factory.mktemp("service")
    shutil.copytree(model_path.parent, made / "files" / "models")
    return made


@pytest.fixture(scope="module")
def service(place: Path) -> Iterator[Service]:
    """The first start of a service in a new place."""
    started = Service(place).ready()
    yield started
    started.stop()


@pytest.fixture
def buyer(service: Service) -> Iterator[Buyer]:
    visiting = Buyer(service)
    yield visiting
    visiting.close()


# --- It starts ---


def test_the_first_start_makes_all_that_is_missing_and_says_where_the_pages_are(service: Service) -> None:
    assert service.said("(Making the database)")
    assert service.said("(Filled in a demonstration store)")
    (address,) = service.said(r"Buyer's chat: (http://127\.0\.0\.1:\d+/chat)$")
    (desk,) = service.said(r"Desk: +(http://127\.0\.0\.1:\d+/desk)$")
    assert httpx.get(address).status_code == 200
    assert httpx.get(desk, follow_redirects=True).status_code == 200
    assert httpx.get(service.address).headers["location"] == "/chat"
    assert httpx.get(f"{service.address}/healthz").text == "ok\n"


def test_the_first_supervisors_password_is_told_once_and_opens_the_desk(service: Service) -> None:
    (password,) = service.said(r"login 'supervisor', password '([^']+)'")
    everything = "\n".join(service.out + service.err)
    assert everything.count(password) == 1
    with httpx.Client(base_url=service.address, follow_redirects=True) as desk:
        page = desk.get("/desk")
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"login": "supervisor", "csrf": token}
        assert desk.post("/desk/sign-in", data={**form, "password": "not it"}).status_code == 401
        inside = desk.post("/desk/sign-in", data={**form, "password": password})
    assert inside.status_code == 200
    assert not inside.url.path.endswith("/sign-in")


# --- It answers ---


def test_a_message_is_answered(buyer: Buyer) -> None:
    assert buyer.write("Hello").status_code == 202
    assert "automated assistant" in buyer.answered(1)[0]


def test_a_message_sent_again_because_the_answer_was_lost_is_answered_once(buyer: Buyer) -> None:
    key = str(uuid.uuid4())
    first, again = buyer.write("Hello", key), buyer.write("Hello", key)
    assert (first.json()["fresh"], again.json()["fresh"]) == (True, False)
    buyer.write("Are you a bot?")
    # The second message's answer comes after all that the first one ever gets.
    assert len(buyer.answered(2)) == 2


def test_two_buyers_never_see_each_others_words(service: Service, buyer: Buyer) -> None:
    other = Buyer(service)
    buyer.write("Are you a bot?")
    other.write("Hello")
    buyer.answered(1)
    other.answered(1)
    assert {line["text"] for line in buyer.lines()}.isdisjoint(line["text"] for line in other.lines())
    other.close()


def _page_with_a_turn(service: Service) -> str:
    page = httpx.get(f"{service.address}/metrics").text
    return "" if 'crossdesk_turns_total{channel="web",outcome="answered"} 0.0' in page else page


def test_who_watches_reads_what_the_workers_and_the_channels_did(service: Service, buyer: Buyer) -> None:
    buyer.write("Hello")
    buyer.answered(1)
    assert httpx.get(f"{service.address}/readyz").text == "ready\n"
    page = until(
        lambda: _page_with_a_turn(service),
        "the worker's count",
    )
    assert "crossdesk_workers_ready 1.0" in page
    for figure in ("messages_accepted_total", "delivery_lag_seconds_count"):
        assert f'crossdesk_{figure}{{channel="web"}} 0.0' not in page
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(f"{service.address}/metrics", headers=forwarded).status_code == 403


# --- It survives ---


def test_a_killed_worker_is_replaced_and_every_message_is_answered_once(
    service: Service, buyer: Buyer
) -> None:
    buyer.write("Hello")
    buyer.answered(1)
    before, ready = service.worker(), service.workers_ready()
    for text in ("Are you a bot?", "What can you do?", "Thanks!"):
        buyer.write(text)
    os.kill(before, signal.SIGKILL)
    buyer.write("Hello again")
    buyer.answered(5)
    assert service.workers_ready() == ready + 1
    assert service.worker() != before
    lines = buyer.lines()
    assert [line["text"] for line in lines if line["author"] == "buyer"] == [
        "Hello",
        "Are you a bot?",
        "What can you do?",
        "Thanks!",
        "Hello again",
    ]
    assert len(buyer.answers()) == 5
    assert any("ended with code -9" in line for line in service.err)


def test_a_full_disk_refuses_messages_honestly_and_loses_none_that_it_took(
    service: Service, buyer: Buyer
) -> None:
    def disk(free: bool, *processes: int) -> None:
        for process in processes:
            most = resource.RLIM_INFINITY if free else 1
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    front, worker = service.process.pid, service.worker()
    buyer.write("Hello")
    buyer.answered(1)
    try:
        # First for the worker: what was taken waits, and is answered once there is room.
        disk(False, worker)
        assert buyer.write("Are you a bot?").status_code == 202
        until(lambda: any("the database is away" in line for line in service.err), "the worker's line")
        disk(True, worker)
        buyer.answered(2)
        # Then for the front: the page is told that its message was not taken.
        disk(False, front, worker)
        refused = buyer.write("Thanks!")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
    finally:
        disk(True, front, worker)
    assert buyer.write("Thanks!").status_code == 202
    buyer.answered(3)
    assert [line["text"] for line in buyer.lines() if line["author"] == "buyer"] == [
        "Hello",
        "Are you a bot?",
        "Thanks!",
    ]
    assert len(buyer.answers()) == 3
    assert service.worker() == worker


def test_a_second_service_on_the_same_port_is_refused_in_one_line(service: Service, place: Path) -> None:
    port = service.address.rpartition(":")[2]
    second = Service(place, ("--port", port))
    assert second.process.wait(60) == 2
    second.stop()
    assert second.out == []
    (line,) = second.err
    assert line == (
        f"crossdesk: cannot listen on 127.0.0.1:{port}: another program has this port; "
        "choose another with --port or --host"
    )
    assert httpx.get(f"{service.address}/healthz").status_code == 200


def test_what_the_operator_reads_holds_no_buyers_words(service: Service, buyer: Buyer) -> None:
    buyer.write("PAPAYA papaya@fruit.example +49 151 23456789 CD-123456")
    buyer.answered(1)
    lines = "\n".join(service.out + service.err)
    assert "papaya" not in lines.lower()
    assert "23456789" not in lines
    assert "Traceback" not in lines
    assert "Warning" not in lines


# --- It stops, and starts again; from here on in this order ---


def test_a_stop_loses_nothing_and_the_next_start_needs_no_training(place: Path, service: Service) -> None:
    buyer = Buyer(service)
    buyer.write("Hello")
    buyer.answered(1)
    worker = service.worker()
    for text in ("Are you a bot?", "What can you do?"):
        buyer.write(text)
    assert service.stop(signal.SIGINT) == 0
    assert service.out[-1] == "Stopped; nothing was lost."
    assert not alive(worker)
    again = Service(place).ready()
    try:
        took = time.monotonic() - again.begun
        assert [
            line for line in again.out if line.startswith(("Making", "Filled", "Training", "There is"))
        ] == []
        assert again.said("(password)") == []
        back = Buyer(again, buyer.http.cookies)
        assert len(back.answered(3)) == 3
        assert back.lines()[0]["text"] == "Hello"
        back.close()
        assert took < 60
    finally:
        assert again.stop(signal.SIGTERM) == 0
    assert again.out[-1] == "Stopped; nothing was lost."
    buyer.close()


@pytest.mark.proof
def test_a_front_that_is_killed_leaves_no_worker_behind_and_nothing_unanswered(place: Path) -> None:
    first = Service(place).ready()
    buyer = Buyer(first)
    buyer.write("Hello")
    buyer.answered(1)
    worker = first.worker()
    buyer.write("Are you a bot?")
    first.stop(signal.SIGKILL)
    until(lambda: not alive(worker), "the worker's end")
    second = Service(place).ready()
    try:
        back = Buyer(second, buyer.http.cookies)
        assert len(back.answered(2)) == 2
        back.close()
    finally:
        assert second.stop() == 0
    buyer.close()


def test_a_stop_while_the_model_is_loading_is_quick(place: Path) -> None:
    service = Service(place).open()
    worker = service.worker()
    begun = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - begun < 10
    assert not alive(worker)
    assert children(service.process.pid) == []


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path, taken: int) -> None:
    service = Service(tmp_path, ("--port", f"{taken}"))
    assert service.process.wait(60) == 2
    service.stop()
    assert len(service.err) == 1
    assert "another program has this port" in service.err[0]
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_none_is_told_as_that(tmp_path: Path, settings: Settings) -> None:
    service = Service(tmp_path, ("--host", "nowhere.invalid"))
    assert service.process.wait(60) == 2
    service.stop()
    assert len(service.err) == 1
    assert "another program" not in service.err[0]
    assert "choose another with --port or --host" in service.err[0]
