"""Ways that lead nowhere, as far as can be read: intents, forms, buttons and replies that do not meet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.dialogue.check.coverage import Finding, Responses, key_lines
from bot.dialogue.check.scripts import Code, Scripts
from bot.dialogue.filling import places

#: What Rasa always knows.
_OWN_ACTIONS = frozenset({"action_listen"})
#: Slots that a button's payload may fill without a form that asks for them: actions look for them themselves.
_PAYLOAD = re.compile(r"/(?P<intent>\w+)(?P<slots>\{.*\})?")
_MEANING = "utter_meaning_"
_CLOSED = "_closed"


def check_paths(
    scripts: Scripts, code: Code, responses: Responses, replies_file: Path, actions: Sequence[str]
) -> list[Finding]:
    """Everything that can be read to lead nowhere.

    Args:
        scripts: domain and rules.
        code: what the bot's code names.
        responses: the replies of the fallback language.
        replies_file: where they stand.
        actions: the names of all actions that there are.
    """
    found = [
        *_intents(scripts),
        *_actions(scripts, responses, actions),
        *_branches(scripts),
        *_forms(scripts, responses),
        *_buttons(scripts, code, responses, replies_file),
        *_unsaid(scripts, code, responses, replies_file),
        *_missing(scripts, code, responses),
    ]
    return list(dict.fromkeys(found))


def _intents(scripts: Scripts) -> Iterator[Finding]:
    answered = {intent for rule in scripts.rules for intent in rule.intents}
    for intent in scripts.domain["intents"]:
        if intent not in answered:
            yield Finding(scripts.domain_file, scripts.line_of(intent), intent, "no flow answers this intent")
    for rule in scripts.rules:
        for intent in rule.intents:
            if intent not in scripts.domain["intents"]:
                yield Finding(rule.file, rule.line, rule.title, f"the intent '{intent}' is not in the domain")


def _actions(scripts: Scripts, responses: Responses, actions: Sequence[str]) -> Iterator[Finding]:
    listed = set(scripts.domain.get("actions", ()))
    known = listed | set(scripts.forms) | set(responses) | _OWN_ACTIONS
    taken = {name for rule in scripts.rules for name in rule.actions}
    taken |= {f"validate_{form}" for form in scripts.forms}
    taken |= {name for form in scripts.forms for _, asks in scripts.asks(form) for name in asks}
    # The policies' configuration names it.
    taken.add("action_not_understood")
    for rule in scripts.rules:
        for name in rule.actions:
            if name not in known:
                yield Finding(rule.file, rule.line, rule.title, f"there is no action '{name}'")
    for name in sorted(listed):
        where = scripts.domain_file, scripts.line_of(name), name
        if name not in actions and name not in responses:
            yield Finding(*where, "no code does this action")
        if name not in taken:
            yield Finding(*where, "no rule takes this action")
    for name in sorted(set(actions) - listed):
        yield Finding(scripts.domain_file, 1, name, "is not listed under `actions`: it can never be taken")


def _branches(scripts: Scripts) -> Iterator[Finding]:
    """Values of a slot on which rules branch, and which none goes on from."""
    used: dict[str, set[Any]] = {}
    for rule in scripts.rules:
        for slot, value in rule.slots:
            used.setdefault(slot, set()).add(value)
            allowed = scripts.domain["slots"].get(slot, {}).get("values")
            if allowed is not None and value is not None and value not in allowed:
                yield Finding(rule.file, rule.line, rule.title, f"'{slot}' never is '{value}'")
    for slot, about in scripts.domain["slots"].items():
        for value in about.get("values", ()) if about.get("type") == "categorical" else ():
            if value not in used.get(slot, ()):
                line = scripts.line_of(f"{slot}:")
                yield Finding(scripts.domain_file, line, slot, f"no rule goes on where it is '{value}'")


def _forms(scripts: Scripts, responses: Responses) -> Iterator[Finding]:
    listed = set(scripts.domain.get("actions", ()))
    for form in scripts.forms:
        where = scripts.domain_file, scripts.line_of(f"{form}:"), form
        for slot, asks in scripts.asks(form):
            if not any(name in listed or name in responses for name in asks):
                yield Finding(*where, f"nothing asks for '{slot}': there is neither {asks[0]} nor {asks[2]}")
        if f"validate_{form}" not in listed:
            yield Finding(*where, "nothing takes what is answered: there is no action validate_" + form)
        if not any(form in rule.opens for rule in scripts.rules):
            yield Finding(*where, "no rule opens this form")
        if not any(rule.inside == form and rule.closes for rule in scripts.rules):
            yield Finding(*where, "no rule goes on when this form is filled: a dead end")


def _buttons(scripts: Scripts, code: Code, responses: Responses, file: Path) -> Iterator[Finding]:
    lines = key_lines(file)
    for key, variants in responses.items():
        for variant in variants:
            for button in variant.get("buttons", ()):
                for reason in _payload(button["payload"], scripts, code):
                    yield Finding(file, lines.get(key, 1), key, reason)
    for payload, path, line in code.payloads:
        for reason in _payload(payload, scripts, code):
            yield Finding(path, line, payload, reason)
    for slot, path, line in code.informs:
        for reason in _filled(slot, scripts, code):
            yield Finding(path, line, slot, reason)


def _payload(payload: str, scripts: Scripts, code: Code) -> Iterator[str]:
    parts = _PAYLOAD.fullmatch(payload)
    if parts is None:
        yield f"the button's payload {payload!r} is none: /intent, or /intent and slots as JSON"
        return
    if not any(parts["intent"] in rule.intents for rule in scripts.rules):
        yield f"a button leads to '{parts['intent']}', which no flow takes"
    try:
        slots: Mapping[str, Any] = json.loads(parts["slots"] or "{}")
    except ValueError:
        # A place in it makes JSON of it only when it is said.
        if not places(payload):
            yield f"the button's payload {payload!r} holds no JSON"
        return
    for slot in slots:
        yield from _filled(slot, scripts, code)


def _filled(slot: str, scripts: Scripts, code: Code) -> Iterator[str]:
    if slot not in scripts.domain["entities"]:
        yield f"a button fills '{slot}', which is not among the domain's entities"
    elif slot not in code.entities and not any(slot in slots for slots in scripts.forms.values()):
        yield f"a button fills '{slot}', which no form and no action takes"


def _unsaid(scripts: Scripts, code: Code, responses: Responses, file: Path) -> Iterator[Finding]:
    said = {key for mentions in code.files.values() for key in mentions.replies}
    said |= {name for rule in scripts.rules for name in rule.actions}
    said |= {name for form in scripts.forms for _, asks in scripts.asks(form) for name in asks}
    patterns = {
        re.compile(pattern)
        for mentions in code.files.values()
        for pattern in mentions.patterns
        if pattern != _MEANING + ".+"
    }
    said |= {_MEANING + intent for intent in scripts.domain["intents"]}
    lines = key_lines(file)
    for key in responses:
        whole = key.removesuffix(_CLOSED)
        if not ({key, whole} & said or any(pattern.fullmatch(key) for pattern in patterns)):
            yield Finding(file, lines.get(key, 1), key, "nothing says this reply")


def _missing(scripts: Scripts, code: Code, responses: Responses) -> Iterator[Finding]:
    """Replies that the code says and that do not exist, or that lack a value."""
    known = set(scripts.domain["slots"])
    for path, mentions in code.files.items():
        for key, line in mentions.replies.items():
            if key not in responses:
                yield Finding(path, line, key, "there is no such reply")
    for call in code.calls:
        variants = responses.get(call.key, ())
        if call.hands_over and variants and call.key + _CLOSED not in responses:
            reason = f"there is no {call.key}{_CLOSED} for when nobody is on duty"
            yield Finding(call.file, call.line, call.key, reason)
        lacking = {place for one in variants for place in places(one["text"])} - call.given - known
        if lacking and not call.open_ended:
            yield Finding(call.file, call.line, call.key, f"is said without {', '.join(sorted(lacking))}")
