"""Checked settings: frozen dataclasses whose fields carry their range, choices and explanation.

A field's explanation is the string written below it; `field_docs` hands these strings to whoever
shows the settings (the graph's tooltips, the command line), so that a setting is explained once.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import itertools
import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from .errors import ConfigError

# How the keys of trackers and model sites begin, and how their long random part looks.
_KEY_START = re.compile(
    r"\b(wandb_v\d_|hf_|sk-|gh[pousr]_|github_pat_|glpat-|AKIA|xox[a-z]-)[\w-]{12,}|://[^/@\s]+@"
)
_RANDOM_RUN = re.compile(r"[A-Za-z0-9]{20,}")


def looks_like_key(text: str) -> bool:
    """Whether a text holds what looks like a secret: a known beginning, or many mixed characters.

    A run of 20 letters and digits counts when at least three of each are in it; names of people
    and runs have separators or hardly a digit.
    """
    if _KEY_START.search(text):
        return True
    runs = [found.group() for found in _RANDOM_RUN.finditer(text)]
    return any(
        sum(sign.isdigit() for sign in run) >= 3 and sum(sign.isalpha() for sign in run) >= 3
        for run in runs
    )


@dataclass(frozen=True)
class Range:
    """Smallest and largest allowed value of a number, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class FieldRule:
    """What a field accepts: its Python type, and either a range or a list of choices."""

    kind: type
    range: Range | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """Base of every group of settings; creating one with a bad value raises ConfigError."""

    def __post_init__(self) -> None:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        if faults := self.find_faults(values):
            raise ConfigError("\n".join(faults))
        for name, rule in field_rules(type(self)).items():
            if rule.kind is float:
                object.__setattr__(self, name, float(values[name]))

    @classmethod
    def find_faults(cls, values: Mapping[str, Any], section: str = "") -> list[str]:
        """All that is wrong with `values`, one sentence each, without raising.

        Args:
            values: Field name to value; missing fields keep their default.
            section: Name of the section in a file, put before the field's name.
        """
        rules = field_rules(cls)
        prefix = f"{section}." if section else ""
        faults = []
        for name, value in values.items():
            if name not in rules:
                faults.append(unknown_name_text(prefix + name, name, list(rules), "setting"))
            elif text := _value_fault(prefix + name, value, rules[name]):
                faults.append(text)
        if not faults:
            defaults = {item.name: item.default for item in fields(cls)}
            faults = cls.cross_faults({**defaults, **values}, prefix)
        return faults

    @classmethod
    def cross_faults(cls, values: Mapping[str, Any], prefix: str) -> list[str]:
        """Faults that need more than one field to see; each field alone is already sound."""
        del values, prefix
        return []

    def to_dict(self) -> dict[str, Any]:
        """The values by field name, in the order of declaration."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def field_rules(settings: type[Settings]) -> Mapping[str, FieldRule]:
    """The rule of every field of a settings class, by name."""
    hints = get_type_hints(settings, include_extras=True)
    return {item.name: _rule_of(hints[item.name]) for item in fields(settings)}


def field_docs(settings: type[Settings]) -> Mapping[str, str]:
    """The explanation of every field of a settings class: the string below it in the source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(settings)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs: dict[str, str] = {}
    for before, after in itertools.pairwise(body):
        is_field = isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)
        if is_field and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            docs[before.target.id] = inspect.cleandoc(str(after.value.value))  # type: ignore[attr-defined]
    return docs


def unknown_name_text(shown: str, name: str, known: list[str], what: str) -> str:
    """One sentence about an unknown name, with the nearest known ones."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return f"'{shown}' is not a known {what}. {hint}"


def _rule_of(hint: Any) -> FieldRule:
    if get_origin(hint) is Literal:
        return FieldRule(str, choices=get_args(hint))
    if get_origin(hint) is Annotated:
        kind, limits = get_args(hint)
        return FieldRule(kind, range=limits)
    return FieldRule(hint)


def _value_fault(shown: str, value: object, rule: FieldRule) -> str | None:
    if rule.choices:
        if value in rule.choices:
            return None
        return f"'{shown}' must be one of {', '.join(rule.choices)}, but is {value!r}."
    if not _has_kind(value, rule.kind):
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        return f"'{shown}' must be {words[rule.kind]}, but is {value!r}."
    if rule.range is None or not isinstance(value, (int, float)):
        return None
    if math.isfinite(value) and rule.range.low <= value <= rule.range.high:
        return None
    return f"'{shown}' must be from {rule.range.low:g} to {rule.range.high:g}, but is {value:g}."


def _has_kind(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
