"""Captions: one sentence or a few for each crop, from a template, a file or an override."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..errors import ConfigError, DatasetError
from .caption_template import check_template, fill_template
from .pictures.buckets import Bucket
from .pictures.crops import Crop
from .pictures.media import MediaItem, caption_path

DEFAULT_TEMPLATE = (
    "{style}. {trigger}, a {class_word} with {traits}, {pose}. {background}. {extra}. "
    "The {ratio} {view} image shows {framing}."
)
"""Gives, say: "Anime style. alva, a woman with teal hair, wearing a purple dress, standing.
White background. The 9:16 front view image shows her full body, from head to toe." """

SHOTS = ("full_body", "waist_up", "torso", "headshot", "detail", "picture")
"""Shots that have a wording of their own."""

COMMON_RATIOS = ((9, 16), (3, 4), (1, 1), (4, 3), (16, 9))
OTHER_RATIOS = ((1, 3), (9, 21), (1, 2), (2, 3), (4, 5), (5, 4), (3, 2), (2, 1), (21, 9), (3, 1))

# A common ratio is named although another simple one is a little nearer: 896x1152 is "3:4".
_COMMON_WITHIN = 0.04
_FEMALE = frozenset("woman girl female lady mother sister queen princess actress witch".split())
_MALE = frozenset("man boy male guy gentleman father brother king prince actor wizard".split())
_PERSON = frozenset(
    "person character human child kid teenager adult baby people figure couple group".split()
)
_VIEW_WORDS = {"front": "front view", "behind": "back view", "side": "side view", "": ""}
_BODY_FRAMING = {
    "full_body": "{pronoun} full body, from head to toe",
    "waist_up": "{pronoun} upper body, from the waist up",
    "torso": "{pronoun} torso, from the shoulders to the hips",
    "headshot": "{pronoun} head and shoulders",
    "detail": "a close-up detail",
    "picture": "{object}",
}
_THING_FRAMING = {
    "full_body": "all of it, from top to bottom",
    "waist_up": "its upper half",
    "torso": "its middle",
    "headshot": "its head, up close",
    "detail": "a close-up detail",
    "picture": "the whole scene",
}
_OVERRIDE_FIELDS = (
    "style",
    "trigger",
    "class_word",
    "named_traits",
    "pose",
    "background",
    "extra",
)
Origin = Literal["template", "file", "override"]


@dataclass(frozen=True, slots=True)
class CaptionFields:
    """What the captions of one dataset have in common.

    The two trait fields take a tuple, or one text whose parts are separated by commas or lines.
    """

    style: str = ""
    """Look of the pictures as a short phrase: "Anime style"."""
    trigger: str = ""
    """Name that calls the character up later: "alva". Kept exactly as written."""
    class_word: str = ""
    """What the subject is: "woman", "robot". Also decides between her, his, their and its."""
    named_traits: tuple[str, ...] | str = ()
    """Traits to mention, because they should stay changeable: hair colour, outfit."""
    omitted_traits: tuple[str, ...] | str = ()
    """Traits that belong to the character; no caption should mention them."""
    pose: str = ""
    """What the subject does: "standing"."""
    background: str = ""
    """What is behind: "White background"."""
    extra: str = ""
    """Anything else, as a sentence."""

    def __post_init__(self) -> None:
        for name in ("named_traits", "omitted_traits"):
            object.__setattr__(self, name, _split_traits(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Captioned:
    """A crop with its caption."""

    crop: Crop
    """The crop."""
    caption: str
    """Its caption; may be empty."""
    origin: Origin
    """Where the caption came from: the template, a text file beside the picture, an override."""


def ratio_words(bucket: Bucket) -> str:
    """Name the aspect ratio of a bucket: "9:16", "3:4", "1:1", "4:3", "16:9" or the nearest simple one.

    Nearest means the smallest difference of log(width / height).
    """
    wanted = math.log(bucket.width_px / bucket.height_px)

    def distance(ratio: tuple[int, int]) -> float:
        return abs(math.log(ratio[0] / ratio[1]) - wanted)

    best = min(COMMON_RATIOS, key=distance)
    if distance(best) > _COMMON_WITHIN:
        best = min((*COMMON_RATIOS, *OTHER_RATIOS), key=distance)
    return f"{best[0]}:{best[1]}"


def pronoun(class_word: str) -> str:
    """Choose "her", "his", "their" or "its" from the class word's last word that says it."""
    for word in reversed(re.findall(r"[^\W\d_]+", class_word.lower())):
        for group, answer in ((_FEMALE, "her"), (_MALE, "his"), (_PERSON, "their")):
            if word in group:
                return answer
    return "its"


def framing_words(shot: str, class_word: str) -> str:
    """Say what a shot shows: "her full body, from head to toe"; unknown shots are named as they are."""
    owner = pronoun(class_word)
    table = _THING_FRAMING if owner == "its" else _BODY_FRAMING
    other = {"her": "her", "his": "him", "their": "them", "its": "it"}[owner]
    text = table.get(shot, shot.replace("_", " "))
    return text.replace("{pronoun}", owner).replace("{object}", other)


def fill_caption(crop: Crop, fields: CaptionFields, template: str = DEFAULT_TEMPLATE) -> str:
    """Write the caption of one crop from a template.

    Args:
        crop: Its shot, view and bucket give the wording of framing, view and ratio.
        fields: The texts for the other slots.
        template: Free text with slots.

    Raises:
        ConfigError: The template has an unknown slot or an unbalanced brace.
    """
    values = {
        "style": fields.style,
        "trigger": fields.trigger,
        "class_word": fields.class_word,
        "traits": ", ".join(fields.named_traits),
        "pose": fields.pose,
        "background": fields.background,
        "extra": fields.extra,
        "framing": framing_words(crop.shot, fields.class_word),
        "ratio": ratio_words(crop.bucket),
        "view": _VIEW_WORDS.get(crop.view, crop.view),
        "pronoun": pronoun(fields.class_word),
        "shot": crop.shot.replace("_", " "),
    }
    return fill_template(template, values)


def parse_overrides(text: str) -> dict[str, dict[str, Any]]:
    """Read per-picture overrides from JSON text.

    The form is `{"file name or stem": {"pose": "sitting", "headshot": {"caption": "..."}}}`:
    fields of CaptionFields, "caption" for the whole caption (slots allowed), and names of shots
    with their own fields inside. Empty text means none.

    Raises:
        ConfigError: The text is not such JSON, or a field is unknown; all faults are listed.
    """
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"'overrides' is not valid JSON: {error.msg} in line {error.lineno}, column "
            f'{error.colno}. The form is {{"picture name": {{"pose": "sitting"}}}}.'
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(
            'The JSON in \'overrides\' must be an object like {"picture name": {"pose": "sitting"}}'
            f", but is {type(found).__name__}."
        )
    faults = [fault for name, entry in found.items() for fault in _override_faults(name, entry)]
    if faults:
        valid = ", ".join((*_OVERRIDE_FIELDS, "caption", *SHOTS))
        raise ConfigError(f"'overrides' cannot be used: {'; '.join(faults)}. Valid are: {valid}.")
    return found


def caption_crops(
    crops: Sequence[Crop],
    fields: CaptionFields,
    *,
    template: str = DEFAULT_TEMPLATE,
    overrides: str | Mapping[str, Mapping[str, Any]] = "",
    keep_existing: bool = True,
) -> list[Captioned]:
    """Give every crop a caption.

    An override comes first; then, with `keep_existing`, a text file of the same name beside the
    picture, word for word for all its crops (a file that is empty does not count); else the template.

    Args:
        crops: The crops.
        fields: What the captions have in common.
        template: Free text with slots.
        overrides: JSON text for `parse_overrides`, or what it returns.
        keep_existing: Whether text files beside the pictures are used.

    Raises:
        ConfigError: Template or overrides are wrong, or an override names no picture.
        DatasetError: A caption file is not UTF-8 text.
    """
    check_template(template)
    found = parse_overrides(
        overrides if isinstance(overrides, str) else json.dumps(overrides, ensure_ascii=False)
    )
    _refuse_unknown_pictures(found, [crop.item for crop in crops])
    files: dict[str, str] = {}
    if keep_existing:
        for crop in crops:
            if str(crop.item.path) not in files:
                files[str(crop.item.path)] = _existing_caption(crop.item)
    return [
        _caption_one(crop, fields, template, found, files.get(str(crop.item.path), ""))
        for crop in crops
    ]


def _caption_one(
    crop: Crop,
    fields: CaptionFields,
    template: str,
    overrides: Mapping[str, Mapping[str, Any]],
    existing: str,
) -> Captioned:
    changes = _changes_for(crop, overrides)
    if changes:
        whole = changes.pop("caption", None)
        text = fill_caption(crop, replace(fields, **changes), template if whole is None else whole)
        return Captioned(crop, text, "override")
    if existing:
        return Captioned(crop, existing, "file")
    return Captioned(crop, fill_caption(crop, fields, template), "template")


def _changes_for(crop: Crop, overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    path = crop.item.path
    # The file name is more exact than the stem, and the shot more exact than both.
    for name in dict.fromkeys((path.stem, path.name)):
        changes |= {k: v for k, v in overrides.get(name, {}).items() if k not in SHOTS}
    for name in dict.fromkeys((path.stem, path.name)):
        changes |= overrides.get(name, {}).get(crop.shot, {})
    return changes


def _existing_caption(item: MediaItem) -> str:
    path = caption_path(item)
    if not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"The caption file '{path}' is not UTF-8 text (byte {error.start}). Save it as UTF-8, "
            "or turn 'keep_existing' off."
        ) from error


def _override_faults(name: str, entry: object, inside_shot: bool = False) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield f"'{name}' must be an object with fields, but is {type(entry).__name__}"
        return
    for field, value in entry.items():
        if field in SHOTS and not inside_shot:
            yield from _override_faults(f"{name}/{field}", value, inside_shot=True)
        elif field not in (*_OVERRIDE_FIELDS, "caption"):
            yield f"'{name}' has the unknown field '{field}'"
        elif not isinstance(value, str) and not _is_trait_list(field, value):
            yield f"'{field}' of '{name}' must be text, but is {type(value).__name__}"


def _is_trait_list(field: str, value: object) -> bool:
    is_list = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return field == "named_traits" and is_list


def _refuse_unknown_pictures(overrides: Iterable[str], items: Sequence[MediaItem]) -> None:
    names = {name for item in items for name in (item.path.name, item.path.stem)}
    unknown = [f"'{name}'" for name in overrides if name not in names]
    if unknown:
        there = sorted({item.path.name for item in items})
        shown = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise ConfigError(
            f"'overrides' names {', '.join(unknown)}, but there is no picture of that name. "
            f"The pictures are: {shown}."
        )


def _split_traits(traits: Sequence[str] | str) -> tuple[str, ...]:
    parts = re.split(r"[,\n;]", traits) if isinstance(traits, str) else traits
    return tuple(part.strip() for part in parts if part.strip())
