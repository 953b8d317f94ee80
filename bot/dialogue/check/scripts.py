"""The scripts as they are written: the domain, its rules, and what the actions' code says of both."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

#: The name of a reply, and what begins one.
_KEY = re.compile(r"utter_\w*[a-z0-9]")
_BEGINS = "utter_"


@dataclass(frozen=True)
class Rule:
    """One rule of a flow, in Rasa's words."""

    title: str
    file: Path
    #: Counted from 1.
    line: int
    #: Intents that begin it; none where it goes on after a form.
    intents: tuple[str, ...]
    #: What it runs, forms among it, in order.
    actions: tuple[str, ...]
    #: Categorical slots that it branches on, with the value.
    slots: tuple[tuple[str, Any], ...]
    #: The form that must be open for it.
    inside: str | None
    opens: tuple[str, ...]
    closes: bool


@dataclass(frozen=True)
class Call:
    """A reply said in the code."""

    key: str
    file: Path
    line: int
    #: The places that are given a value.
    given: frozenset[str]
    #: Whether the code gives more than can be read from it.
    open_ended: bool
    #: Handed over with: it needs words for hours in which nobody is there.
    hands_over: bool = False


@dataclass(frozen=True)
class Mentions:
    """What a piece of code names."""

    #: Names of replies, each with its first line.
    replies: Mapping[str, int] = field(default_factory=dict)
    #: Patterns of names that are put together.
    patterns: frozenset[str] = frozenset()
    #: Other functions and classes.
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Code:
    """What the bot's code names: replies, payloads, entities."""

    #: By file.
    files: Mapping[Path, Mentions]
    #: By the name of each function and class at the top of a module.
    parts: Mapping[str, Mentions]
    calls: tuple[Call, ...]
    #: Payloads of buttons, with their place.
    payloads: tuple[tuple[str, Path, int], ...]
    #: Slots that buttons fill, with their place.
    informs: tuple[tuple[str, Path, int], ...]
    #: Entities that are looked for.
    entities: frozenset[str]
    #: The class of each action.
    titles: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Code:
        """Read every module below a folder."""
        paths = [path for path in sorted(folder.rglob("*.py")) if path.parent.name != "check"]
        read = [(path, _module(path.read_text(encoding="utf-8"))) for path in paths]
        return cls(
            files={path: one.whole for path, one in read},
            parts={name: part for _, one in read for name, part in one.parts.items()},
            calls=tuple(replace(call, file=path) for path, one in read for call in one.calls),
            payloads=tuple((payload, path, line) for path, one in read for payload, line in one.payloads),
            informs=tuple((slot, path, line) for path, one in read for slot, line in one.informs),
            entities=frozenset(entity for _, one in read for entity in one.entities),
            titles={title: name for _, one in read for title, name in one.titles.items()},
        )

    def reaches(self, start: str) -> Mentions:
        """All that a function or class names, with all that it calls."""
        replies: dict[str, int] = {}
        patterns: set[str] = set()
        seen: set[str] = set()
        todo = [start]
        while todo:
            name = todo.pop()
            if name in seen or name not in self.parts:
                continue
            seen.add(name)
            part = self.parts[name]
            replies.update(part.replies)
            patterns |= part.patterns
            todo += part.names
        return Mentions(replies, frozenset(patterns), frozenset(seen))


@dataclass(frozen=True)
class Scripts:
    """The domain and its rules below a root."""

    root: Path
    domain: Mapping[str, Any]
    rules: tuple[Rule, ...]

    @classmethod
    def read(cls, root: Path) -> Scripts:
        """Read ``domain.yml`` and ``stories/``."""
        domain = YAML(typ="safe").load((root / "domain.yml").read_text(encoding="utf-8"))
        rules = [rule for path in sorted((root / "stories").rglob("*.yml")) for rule in _rules(path)]
        return cls(root, domain, tuple(rules))

    @property
    def domain_file(self) -> Path:
        """Where the domain stands."""
        return self.root / "domain.yml"

    def line_of(self, name: str) -> int:
        """The line of the domain that first lists a name."""
        text = self.domain_file.read_text(encoding="utf-8")
        found = re.search(rf"^\s*(?:-\s+)?{re.escape(name)}\b", text, re.MULTILINE)
        return 1 if found is None else text.count("\n", 0, found.end()) + 1

    @property
    def forms(self) -> Mapping[str, Sequence[str]]:
        """The slots that each form asks for."""
        return {name: form["required_slots"] for name, form in self.domain.get("forms", {}).items()}

    def asks(self, form: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each slot of a form, with what may ask for it: of replies and actions, one must exist."""
        for slot in self.forms[form]:
            yield (
                slot,
                (
                    f"action_ask_{form}_{slot}",
                    f"action_ask_{slot}",
                    f"utter_ask_{form}_{slot}",
                    f"utter_ask_{slot}",
                ),
            )


def _rules(path: Path) -> Iterator[Rule]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for rule in (YAML(typ="safe").load(text) or {}).get("rules", []):
        title = rule["rule"]
        line = next((number for number, one in enumerate(lines, 1) if f"rule: {title}" in one), 1)
        steps, conditions = rule["steps"], rule.get("condition", [])
        loops = [step["active_loop"] for step in steps if "active_loop" in step]
        inside = [step["active_loop"] for step in conditions if step.get("active_loop")]
        yield Rule(
            title=title,
            file=path,
            line=line,
            intents=tuple(
                one["intent"] for step in steps for one in (step, *step.get("or", [])) if "intent" in one
            ),
            actions=tuple(step["action"] for step in steps if "action" in step),
            slots=tuple(
                pair
                for step in (*conditions, *steps)
                for part in step.get("slot_was_set", [])
                for pair in part.items()
            ),
            inside=inside[0] if inside else None,
            opens=tuple(loop for loop in loops if loop),
            closes=None in loops,
        )


@dataclass(frozen=True)
class _Module:
    """What one module names; the places are lines."""

    whole: Mentions
    parts: Mapping[str, Mentions]
    calls: Sequence[Call]
    payloads: Sequence[tuple[str, int]]
    informs: Sequence[tuple[str, int]]
    entities: frozenset[str]
    titles: Mapping[str, str]


@cache
def _module(text: str) -> _Module:
    tree = ast.parse(text)
    parts: dict[str, Mentions] = {}
    titles: dict[str, str] = {}
    nodes: list[ast.AST] = []
    for top in tree.body:
        own = list(ast.walk(top))
        nodes += own
        names = list(_assigned(top))
        if isinstance(top, ast.FunctionDef | ast.ClassDef):
            names.append(top.name)
            title = _title(top)
            if title:
                titles[title] = top.name
        if names:
            parts.update(dict.fromkeys(names, _mentions(own)))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return _Module(
        _mentions(nodes),
        parts,
        [said for call in calls for said in _said(call, Path())],
        [
            (payload, call.lineno)
            for call in calls
            if _called(call) == "Button" and len(call.args) > 1 and (payload := _text(call.args[1]))
        ],
        [
            (one.arg, call.lineno)
            for call in calls
            if _called(call) == "inform"
            for one in call.keywords
            if one.arg
        ],
        frozenset(
            entity
            for call in calls
            if _called(call) == "first" and call.args and (entity := _text(call.args[0]))
        ),
        titles,
    )


def _mentions(nodes: Sequence[ast.AST]) -> Mentions:
    replies: dict[str, int] = {}
    patterns: set[str] = set()
    names: set[str] = set()
    within = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.JoinedStr):
            pattern = "".join(re.escape(text) if (text := _text(part)) else ".+" for part in node.values)
            if pattern.startswith(_BEGINS):
                patterns.add(pattern)
        elif id(node) not in within and (text := _text(node)) and _KEY.fullmatch(text):
            replies.setdefault(text, getattr(node, "lineno", 1))
    return Mentions(replies, frozenset(patterns), frozenset(names))


def _said(call: ast.Call, path: Path) -> Iterator[Call]:
    name = _called(call)
    key = next((text for one in call.args[:2] if (text := _text(one)) and _KEY.fullmatch(text)), None)
    for keyword in call.keywords:
        text = _text(keyword.value)
        if keyword.arg == "reply" and text and _KEY.fullmatch(text):
            yield Call(text, path, call.lineno, frozenset({"by"}), open_ended=False, hands_over=True)
    if key is None or name not in ("say", "word"):
        return
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    # ``replies.say(key, language, values)`` holds them in a dictionary.
    tables = [one for one in call.args[1:] if isinstance(one, ast.Dict)]
    given |= {text for table in tables for one in table.keys if one is not None and (text := _text(one))}
    splat = any(keyword.arg is None for keyword in call.keywords)
    handed = isinstance(call.func, ast.Attribute) and "replies" in ast.dump(call.func.value) and not tables
    yield Call(key, path, call.lineno, frozenset(given), open_ended=splat or handed)


def _called(call: ast.Call) -> str:
    target = call.func
    return target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _assigned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _title(node: ast.AST) -> str | None:
    for part in getattr(node, "body", ()):
        if isinstance(part, ast.Assign) and "title" in _assigned(part):
            return _text(part.value)
    return None
