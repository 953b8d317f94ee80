from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.nlu.training_data import loading

from nlu import plain_examples
from tests.nlu.conftest import ROOT

PLAIN = """version: "3.1"
nlu:
  - intent: service_greeting
    examples: |
      - hello [there]
      - "quoted", with: a colon # and no comment
      -  two blanks before
  - intent: product_price
    examples: |
      - كم السعر
      - いくらですか
"""


def as_rasa_reads(path: Path) -> list[dict[str, str]]:
    return [message.data for message in loading.load_data(str(path)).training_examples]


def test_plain_files_hold_what_rasa_reads_in_them(tmp_path: Path) -> None:
    path = tmp_path / "plain.yml"
    path.write_text(PLAIN, encoding="utf-8")
    assert plain_examples.read(path) == as_rasa_reads(path)


@pytest.mark.parametrize("place", ["en/other.yml", "ar/payment.yml", "zh/order.yml"])
def test_shipped_examples_are_plain_and_hold_what_rasa_reads_in_them(place: str) -> None:
    path = ROOT / "nlu" / "data" / place
    # Rasa drops an example that is there twice; so does the importer, for all files together.
    assert list(unique(plain_examples.read(path) or [])) == as_rasa_reads(path)


def unique(examples: list[dict[str, str]]) -> list[dict[str, str]]:
    return [example for number, example in enumerate(examples) if example not in examples[:number]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("hello [there]", "hello [there](place)"),
        ("hello [there]", '[there]{"entity": "place"}'),
        ("  - intent: product_price\n", "  - regex: price\n"),
        ("  - intent: product_price\n", "  - intent: product_price\n    metadata: {by: anna}\n"),
        ("product_price", "faq/price"),
        ("- كم", "كم"),
        ("nlu:", "responses: {}\nnlu:"),
        ('version: "3.1"\n', ""),
        ('"3.1"', '"2.0"'),
        ("examples: |\n      - كم السعر\n      - いくらですか\n", "examples: []\n"),
        ("intent: product_price", "intent: [product_price"),
    ],
)
def test_what_is_not_plain_is_left_to_rasa(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "other.yml"
    assert before in PLAIN
    path.write_text(PLAIN.replace(before, after), encoding="utf-8")
    assert plain_examples.read(path) is None
    assert plain_examples.read(tmp_path / "missing.yml") is None
