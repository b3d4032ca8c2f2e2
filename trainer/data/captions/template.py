"""Caption templates: free text with named slots, filled so that the result stays good English."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import ConfigError

SLOTS = (
    "style",
    "trigger",
    "class_word",
    "traits",
    "pose",
    "background",
    "extra",
    "framing",
    "ratio",
    "view",
    "pronoun",
    "shot",
    "caption",
)
"""Names that may stand between braces in a template."""

_SENTENCE_ENDS = ".!?"
# A mark ends a clause where text follows after a space or a slot, so "e.g" and "3.5" stay whole.
_CLAUSE_END = re.compile(r"([.,;!?]+)(?=\s|$)")
# Words that mean nothing once the slot behind them is empty.
_GLUE = frozenset(
    "a an the and or with without wearing holding in on at of by near from against before "
    "behind is are has having".split()
)
_VOWEL_SOUND = re.compile(r"(?i)(?!uni|use|uk|eu|one\b|once)[aeiou]|hour|heir|honest")


@dataclass(frozen=True, slots=True)
class _Literal:
    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str


_Part = _Literal | _Slot


@dataclass(frozen=True, slots=True)
class _Clause:
    parts: tuple[_Part, ...]
    end: str


def check_template(template: str, what: str = "The caption template") -> None:
    """Raise for a template that cannot be filled.

    Args:
        template: Free text with slots like `{trigger}`; `{{` and `}}` stand for plain braces.
        what: How errors call the template.

    Raises:
        ConfigError: A brace is not closed or not opened, or a slot is unknown.
    """
    _parse(template, what)


def slots_of(template: str, what: str = "The caption template") -> frozenset[str]:
    """Names of the slots that a template uses; raises as `check_template` does."""
    return frozenset(part.name for part in _parse(template, what) if isinstance(part, _Slot))


def fill_template(
    template: str, values: Mapping[str, str], what: str = "The caption template"
) -> str:
    """Fill the slots of a template and tidy up what empty slots leave behind.

    A clause (text up to a comma or full stop) goes when all its slots are empty; where only some
    are, the small words before an empty slot go ("with {traits}"). Spaces are single, "a" becomes
    "an" where needed, and a sentence that begins with a slot gets a capital, except the trigger.

    Args:
        template: Free text with slots like `{trigger}`; `{{` and `}}` stand for plain braces.
        values: Text for each slot; a missing one counts as empty.
        what: How errors call the template.

    Raises:
        ConfigError: A brace is not closed or not opened, or a slot is unknown.
    """
    kept: list[tuple[str, str]] = []
    starts_sentence, lost_start = True, False
    for clause in _split_clauses(_parse(template, what)):
        text = _fill_clause(clause, values)
        if not text:
            kept = _pass_on_end(kept, clause.end) if not starts_sentence else kept
            lost_start = lost_start or starts_sentence
        else:
            if starts_sentence:
                text = _capitalised(clause, text, values.get("trigger", ""), lost_start)
            kept.append((text, clause.end))
            lost_start = False
        if text or not starts_sentence:
            starts_sentence = clause.end[-1:] in tuple(_SENTENCE_ENDS) and bool(clause.end)
    return " ".join(_with_end(text, end) for text, end in kept).strip()


def _parse(template: str, what: str) -> list[_Part]:
    parts: list[_Part] = []
    literal = ""
    position = 0
    while position < len(template):
        letter = template[position]
        if letter in "{}" and template[position + 1 : position + 2] == letter:
            literal, position = literal + letter, position + 2
        elif letter == "{":
            name, position = _read_slot(template, position, what)
            parts += [_Literal(literal)] if literal else []
            parts.append(_Slot(name))
            literal = ""
        elif letter == "}":
            raise ConfigError(
                f"{what} has a '}}' without a '{{' before it, after "
                f"'{_tail(template, position)}'. Add the '{{', or write '}}}}' for a plain brace."
            )
        else:
            literal, position = literal + letter, position + 1
    return [*parts, _Literal(literal)] if literal else parts


def _read_slot(template: str, start: int, what: str) -> tuple[str, int]:
    end = template.find("}", start)
    opened_again = template.find("{", start + 1)
    if end < 0 or 0 <= opened_again < end:
        raise ConfigError(
            f"{what} has a '{{' without a '}}' after it, at "
            f"'{template[start : start + 20]}'. Add the '}}', or write '{{{{' for a plain brace."
        )
    name = template[start + 1 : end].strip()
    if name not in SLOTS:
        near = difflib.get_close_matches(name, SLOTS, n=1)
        hint = f" Did you mean '{{{near[0]}}}'?" if near else ""
        raise ConfigError(
            f"{what} has an unknown slot '{{{name}}}'.{hint} The slots are: {', '.join(SLOTS)}."
        )
    return name, end + 1


def _tail(text: str, end: int) -> str:
    return text[max(0, end - 20) : end]


def _split_clauses(parts: list[_Part]) -> list[_Clause]:
    clauses: list[_Clause] = []
    current: list[_Part] = []
    for part in parts:
        if isinstance(part, _Slot):
            current.append(part)
            continue
        rest = part.text
        while match := _CLAUSE_END.search(rest):
            current.append(_Literal(rest[: match.start()]))
            clauses.append(_Clause(tuple(current), match.group(1)))
            current, rest = [], rest[match.end() :]
        if rest:
            current.append(_Literal(rest))
    return [*clauses, _Clause(tuple(current), "")] if current else clauses


def _fill_clause(clause: _Clause, values: Mapping[str, str]) -> str:
    slots = [_value(part, values) for part in clause.parts if isinstance(part, _Slot)]
    if slots and not any(slots):
        return ""
    text = ""
    has_value = False
    drop_joiner = False
    for part in clause.parts:
        if isinstance(part, _Literal):
            text += re.sub(r"^\s*(and|or)\b", "", part.text) if drop_joiner else part.text
            drop_joiner = False
            continue
        value = _value(part, values)
        text = _fit_before(text, value) if value else _without_glue(text)
        drop_joiner = not value and not has_value
        has_value = has_value or bool(value)
        text += value
    return re.sub(r"\s+", " ", text).strip()


def _value(part: _Slot, values: Mapping[str, str]) -> str:
    return re.sub(r"\s+", " ", values.get(part.name, "")).strip()


def _without_glue(text: str) -> str:
    words = text.split()
    while words and words[-1].lower() in _GLUE:
        words.pop()
    return " ".join(words) + " " if words else ""


def _fit_before(text: str, value: str) -> str:
    """Change the small word before a slot to go with its value."""
    first = value.split()[0].lower()
    article = re.search(r"\b(a|an)\s+$", text, re.IGNORECASE)
    if article:
        if first in ("a", "an", "the"):
            return text[: article.start()]
        letter = article.group(1)[0]
        return text[: article.start()] + letter + ("n " if _VOWEL_SOUND.match(value) else " ")
    # "with wearing a dress": a trait that is a verb or has its own "with" needs none before it.
    if re.search(r"\bwith\s+$", text) and (first.endswith("ing") or first in ("with", "in", "who")):
        return re.sub(r"with\s+$", "", text)
    return text


def _capitalised(clause: _Clause, text: str, trigger: str, lost_start: bool) -> str:
    begins_with_slot = isinstance(clause.parts[0], _Slot) or (
        isinstance(clause.parts[0], _Literal)
        and not clause.parts[0].text.strip()
        and len(clause.parts) > 1
    )
    if not (begins_with_slot or lost_start) or (trigger and text.startswith(trigger)):
        return text
    return text[0].upper() + text[1:]


def _pass_on_end(kept: list[tuple[str, str]], end: str) -> list[tuple[str, str]]:
    # The last clause of a sentence went: the one before it takes over the full stop.
    if kept and end[-1:] in tuple(_SENTENCE_ENDS) and end:
        return [*kept[:-1], (kept[-1][0], end)]
    return [*kept[:-1], (kept[-1][0], "")] if kept and not end else kept


def _with_end(text: str, end: str) -> str:
    if not end:
        return text
    bare = text.rstrip(" ,;")
    has_own_end = bare[-1:] in tuple(_SENTENCE_ENDS) and bool(bare)
    return bare if has_own_end else bare + end
