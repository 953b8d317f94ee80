"""Log lines for machines: one object a line, whatever is in it, and no words of an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from bot import logs
from bot.errors import ConfigurationError


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_machine_reads_one_object_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSDESK_LOG", "json")
    logs.set_up()
    logging.getLogger("bot.mailroom").warning("row %s: %s", 7, 'new\nline "quoted" \u2028 ünï\x00')
    (line,) = _lines(capsys)
    assert line["message"] == 'row 7: new\nline "quoted" \u2028 ünï\x00'
    assert (line["level"], line["logger"]) == ("warning", "bot.mailroom")
    assert str(line["at"]).endswith("Z")


def test_an_errors_words_stay_out_and_its_place_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSDESK_LOG", "json")
    logs.set_up()
    try:
        raise ValueError("PAPAYA")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("a page failed")
    raw = capsys.readouterr().err
    assert "PAPAYA" not in raw
    line = json.loads(raw)
    assert line["error"] == "ValueError"
    assert line["places"][-1].startswith("test_logs.py:")


def test_a_line_that_does_not_fit_its_form_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSDESK_LOG", "json")
    logs.set_up()
    logging.getLogger("bot").error("two %s %s", "one")
    (line,) = _lines(capsys)
    assert line["message"] == "two %s %s"


def test_a_person_reads_a_line_of_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSDESK_LOG", "")
    logs.set_up()
    logging.getLogger("bot").info("ready")
    assert capsys.readouterr().err.endswith(" INFO bot: ready\n")


def test_a_form_that_there_is_none_of_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDESK_LOG", "xml")
    with pytest.raises(ConfigurationError, match="CROSSDESK_LOG is 'xml': give text or json"):
        logs.set_up()
