"""Files that buyers send to the bot: answered with sense, in every language, and never five times."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.mailroom import conversations
from bot.messages import Attachment
from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model

PHOTO = Attachment("broken cup.jpg", "image/jpeg", 4_000, "attachments/ab/cd")
LOST = Attachment("film.mov", "video/quicktime", 90_000_000, "")
LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko")


def send(talk: Talk, *files: Attachment, text: str = "", language: str = "en") -> list[str]:
    """What is said to a message with files."""
    with talk.database.begin() as connection:
        conversations.set_language(connection, talk.id, language)
    before = len(talk.said())
    talk.write(text, attachments=files)
    talk.turns()
    return talk.said()[before:]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_photo_without_a_word_is_kept_and_asked_about(talk: Talk, language: str) -> None:
    (said,) = send(talk, PHOTO, language=language)
    assert said == talk.replies.say("utter_file_alone", language, {}).text
    assert talk.reports[-1].flow == "file_alone"
    assert talk.case() is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_was_not_kept_is_told_with_what_to_do(talk: Talk, language: str) -> None:
    (said,) = send(talk, LOST, language=language)
    assert "film.mov" in said
    assert "20" in said
    assert talk.case() is None


def test_of_files_sent_together_the_first_is_answered(talk: Talk) -> None:
    assert len(send(talk, PHOTO)) == 1
    assert send(talk, PHOTO) == []
    assert talk.reports[-1].note == "silent"
    talk.clock.at += dt.timedelta(minutes=5)
    assert len(send(talk, PHOTO)) == 1


def test_a_file_that_came_along_and_was_not_kept_is_told_all_the_same(talk: Talk) -> None:
    send(talk, PHOTO)
    (said,) = send(talk, LOST)
    assert "film.mov" in said


def test_words_with_a_photo_are_answered_as_words(talk: Talk) -> None:
    said = send(talk, PHOTO, text="I want to talk to a person")
    assert talk.case() is not None
    assert not any("kept" in one for one in said)


def test_words_with_a_lost_file_are_answered_and_the_file_is_told(talk: Talk) -> None:
    first, *rest = send(talk, LOST, PHOTO, text="I want to talk to a person")
    assert "film.mov" in first
    assert rest
    assert talk.case() is not None


def test_a_photo_inside_a_question_lets_the_question_be_asked_again(talk: Talk) -> None:
    asked = send(talk, text="where is my parcel?")[-1]
    kept, again = send(talk, PHOTO)
    assert "kept" in kept
    assert again == asked


def test_a_lost_file_is_told_while_a_person_answers(talk: Talk) -> None:
    send(talk, text="I want to talk to a person")
    person = talk.person("sue")
    del person
    said = send(talk, LOST, PHOTO)
    assert [one for one in said if "film.mov" in one]
