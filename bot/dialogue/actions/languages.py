"""Another language, please: from then on the buyer is answered in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from babel import Locale
from rasa_sdk import Tracker

from bot.dialogue import traditional
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.turn import Turn
from bot.mailroom import conversations
from bot.messages import Button

#: In the conversation's memory: the language (BCP 47) that the buyer asked for, which stays.
ASKED_LANGUAGE = "asked_language"
#: What languages are called beside their names in CLDR.
ALSO: Mapping[str, str] = {
    "en": "英文 영문 англ",
    "zh": "汉语 漢語 华语 華語 普通话 國語 简体 簡體 mandarin mandarín mandarim 중문",
    traditional.TAG: "繁体 繁體 正體",
    "es": "西文 西语 西語 castellano castelhano castillan",
    "fr": "法文 불문",
    "de": "德文 독문",
    "pt": "葡文 葡语 葡語 brasileiro",
    "ru": "俄文 노문",
    "ar": "阿拉伯文 عربي",
    "ja": "日文 일문 일본말 nihongo",
    "ko": "韩文 韓文 한글 한국말 hangugeo",
}
#: Endings that come to a name in the Latin letters: "auf Englischen".
_LATIN_ENDINGS = r"(?:e[nmrs]?|as?|os?|s)?\b"
_LATIN = re.compile(r"[a-z ]+")
_CYRILLIC = re.compile(r"[а-яё ]+")
_ARABIC = re.compile(r"[\u0621-\u064a ]+")


class SpeakLanguage(Step):
    """The buyer asks for a language: it is spoken from now on, whatever they write in."""

    title = "action_language"
    flow = "language"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Change to the language that is named; where none of ours is, show which there are."""
        spoken = [code for code in turn.rules.languages if code in turn.replies.languages()]
        read = turn.understanding
        asked = read.first("language") or language_named(read.text, spoken, turn.words.language)
        if asked is None or turn.replies.spoken(str(asked)) != asked:
            speaker.say("utter_which_language", [_choice(code) for code in spoken])
            return {}
        turn.memory[ASKED_LANGUAGE] = asked
        conversations.set_language(turn.connection, turn.conversation.id, asked)
        turn.words = turn.words.in_language(asked)
        speaker.say("utter_language" if tracker.active_loop_name else "utter_language_what_next")
        return {}


def language_named(text: str, languages: Sequence[str], current: str) -> str | None:
    """The language (BCP 47) that a message names, if it is one of these; rather another than the current one.

    "I don't speak German, English please", said to somebody who is answered in German, means English.
    """
    said = _plain(text)
    named = [
        code
        for code, pattern in _patterns(tuple(languages)).items()
        if code.split("-")[0] in languages and pattern.search(said)
    ]
    if traditional.TAG in named:
        # "Traditional Chinese" names Chinese as well.
        return traditional.TAG
    return next((code for code in named if code != current), named[0] if named else None)


def _choice(code: str) -> Button:
    name = Locale.parse(code).get_language_name(code) or code
    return Button(name[:1].upper() + name[1:], f'/service_language{{"language": "{code}"}}')


@lru_cache(maxsize=4)
def _patterns(languages: tuple[str, ...]) -> Mapping[str, re.Pattern[str]]:
    """A pattern for each language: its names in each of the languages, and what else it is called."""
    found = {}
    for code in (*languages, traditional.TAG):
        names = set(ALSO.get(code, "").split())
        if code in languages:
            names |= {str(Locale.parse(speaker).languages.get(code, code)) for speaker in languages}
        found[code] = re.compile("|".join(sorted(_pattern(_plain(name)) for name in names)))
    return found


def _pattern(name: str) -> str:
    if _LATIN.fullmatch(name):
        return rf"\b{name}{_LATIN_ENDINGS}"
    if _CYRILLIC.fullmatch(name):
        # Adjectives: "по-английски", "на английском".
        return rf"\b{name[:-2] if len(name) > 5 else name}"
    if _ARABIC.fullmatch(name):
        # With an article or without, as an adjective of either gender.
        return name.removeprefix("ال").removesuffix("ة").removesuffix("ي")
    return name


def _plain(text: str) -> str:
    """Small letters without accents."""
    bare = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", "".join(bare)).casefold()
