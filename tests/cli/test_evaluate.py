"""``evaluate`` on a small model, trained on a few of the shipped examples in two languages."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.conftest import Crossdesk

INTENTS = ("refund_policy", "service_greeting", "order_cancel", "out_of_scope")
HOSTILE = r"""version: "3.1"
nlu:
  - intent: refund_policy
    examples: |
      - how long may I send it back?
      - <script>alert(1)</script>
      - {{ 7 * 7 }} $\frac$ &amp; "quoted"
  - intent: "<b>$x_{1}$ 退款"
    examples: |
      - nothing that the model knows
"""


class _Page(HTMLParser):
    """What a page loads from elsewhere, and which elements it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [
            value
            for name, value in attrs
            if value and name in ("src", "href", "xlink:href") and not value.startswith(("#", "data:"))
        ]


def _labelled(folder: Path, content: str, language: str = "en") -> Path:
    (folder / language).mkdir(parents=True, exist_ok=True)
    (folder / language / "some.yml").write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return _labelled(tmp_path / "data", HOSTILE)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of four intents: seconds to train."""
    from rasa.model_training import train_nlu
    from ruamel.yaml import YAML

    from tests.nlu.conftest import CONFIG, ROOT

    folder = tmp_path_factory.mktemp("evaluate")
    lines = ['version: "3.1"', "nlu:"]
    for path in sorted((ROOT / "nlu" / "data" / "en").glob("*.yml")):
        for block in YAML(typ="safe").load(path.read_text(encoding="utf-8"))["nlu"]:
            if block["intent"] in INTENTS:
                lines += [f"  - intent: {block['intent']}", "    examples: |"]
                lines += [f"      {line}" for line in block["examples"].splitlines()[:8]]
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "nlu.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        trained = train_nlu("config.yml", "data", str(folder / "models"))
    assert trained is not None
    return Path(trained)


@pytest.fixture
def model(place: Path, small: Path) -> None:
    folder = place / "files" / "models"
    folder.mkdir(parents=True)
    shutil.copy(small, folder / "small.tar.gz")
    (folder / "current.json").write_text('{"name": "small.tar.gz", "fingerprint": "x"}', encoding="utf-8")


@pytest.mark.model
def test_the_report_is_one_page_that_needs_nothing_else_and_hostile_text_stays_text(
    model: None, crossdesk: Crossdesk, place: Path, data: Path
) -> None:
    ran = crossdesk("evaluate", str(data))
    assert ran.code == 0, ran.err
    assert "accuracy" in ran.out
    html = (place / "files" / "reports" / "evaluation.html").read_text(encoding="utf-8")
    page = _Page(html)
    assert page.loaded == []
    assert page.tags.count("svg") == 4
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    figures = json.loads((place / "files" / "reports" / "evaluation.json").read_text(encoding="utf-8"))
    assert figures["messages"] == 4
    assert figures["languages"][0]["language"] == "en"
    assert sum(band["count"] for band in figures["reliability"]) == 4
    texts = {error["text"] for error in figures["worst"]}
    assert "nothing that the model knows" in texts


@pytest.mark.model
def test_read_at_once_a_message_means_what_it_means_alone(small: Path, place: Path) -> None:
    from bot.dialogue.engine import Engine

    engine = Engine.load(small)
    texts = ["hello there", "cancel my order please", "", "/service_greeting", "x" * 3000, "退货政策是什么"]
    try:
        for text, parsed in zip(texts, engine.parse_all(texts), strict=True):
            alone = engine.understand(text.lstrip("/"))
            assert parsed["intent"]["name"] == alone.intent or not text
            assert parsed["intent"]["confidence"] == pytest.approx(alone.confidence, abs=0.02)
            assert parsed["language"] == alone.language
    finally:
        engine.close()


@pytest.mark.model
def test_page_and_figures_go_where_they_are_wanted(
    model: None, crossdesk: Crossdesk, tmp_path: Path, data: Path
) -> None:
    page, figures = tmp_path / "deep" / "page.html", tmp_path / "figures.json"
    assert crossdesk("evaluate", str(data), "--page", str(page), "--json", str(figures)).code == 0
    assert page.stat().st_size > 10_000
    assert 0 <= json.loads(figures.read_text(encoding="utf-8"))["accuracy"] <= 1


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_messages_is_refused(crossdesk: Crossdesk, tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    refusal = crossdesk("evaluate", str(tmp_path / folder)).refusal()
    assert "holds no labelled messages" in refusal


@pytest.mark.parametrize(
    "content",
    [
        "nlu: [",
        "nlu: 3",
        "- just\n- a list",
        "nlu:\n  - intent: refund_policy\n",
        "nlu:\n  - intent: 7\n    examples: |\n      - text\n",
        "nlu:\n  - intent: refund_policy\n    examples:\n      - text: no\n",
        pytest.param("nlu: " + "[" * 5000, id="deep"),
        "\x00",
        'nlu:\n  - intent: refund_policy\n    examples: "- half a letter: \\ud800"\n',
    ],
)
def test_a_broken_file_is_refused_by_its_name(crossdesk: Crossdesk, tmp_path: Path, content: str) -> None:
    refusal = crossdesk("evaluate", str(_labelled(tmp_path / "data", content))).refusal()
    assert "some.yml: " in refusal


def test_bytes_that_are_no_text_are_refused_by_the_files_name(crossdesk: Crossdesk, tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_bytes(b"nlu: \xff\xfe")
    assert "x.yml: " in crossdesk("evaluate", str(tmp_path)).refusal()


def test_without_a_model_it_says_how_to_get_one(crossdesk: Crossdesk, data: Path) -> None:
    refusal = crossdesk("evaluate", str(data)).refusal()
    assert refusal == "there is no trained model yet: run `crossdesk train`"


@pytest.mark.model
def test_where_nothing_can_be_written_it_says_so_before_the_work(
    model: None, crossdesk: Crossdesk, tmp_path: Path, data: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    ran = crossdesk("evaluate", str(data), "--page", str(tmp_path / "file" / "page.html"))
    assert str(tmp_path / "file") in ran.refusal()
    assert ran.out == ""
    assert "is a folder: name a file" in crossdesk("evaluate", str(data), "--json", str(tmp_path)).refusal()
