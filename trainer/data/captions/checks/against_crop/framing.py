"""Words for the framing of a crop: full body, waist up, headshot and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....crops.shots import PICTURE_SHOT
from ...words import framing_words
from ..findings import Found
from ..single.draft import Draft
from .phrases import Phrase, contradictions, find_phrases, put_words, stands_before

_ALL = ("full_body", "waist_up", "torso", "headshot", "detail")

# Framing words and the shots they suit. "loose" words are also said of the body itself ("a tattoo
# on her upper body") and count only where the sentence speaks of the picture.
_WORDS: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    (r"full[- ](?:body|length|figure)(?:, (?:seen )?from head to (?:toe|foot))?", True, _ALL[:1]),
    (r"(?:whole|entire) (?:body|figure)(?:, from head to toe)?", True, _ALL[:1]),
    (r"(?:from )?head[- ]to[- ](?:toe|foot)", True, _ALL[:1]),
    (r"(?:wide|long) shot", False, _ALL[:1]),
    (r"upper[- ]body(?:, from the waist up)?", True, _ALL[1:3]),
    (r"(?:from the )?waist[- ]up(?:wards?)?", False, _ALL[1:3]),
    (r"half[- ](?:body|length)", True, _ALL[1:3]),
    (r"medium close[- ]?up", False, _ALL[1:4]),
    (r"medium shot", False, _ALL[1:3]),
    (r"cowboy shot", False, _ALL[:2]),
    (r"torso(?:, from the shoulders to the hips)?", True, _ALL[1:3]),
    (r"from the shoulders to the hips", False, _ALL[1:3]),
    (r"head ?shot", False, _ALL[3:4]),
    (r"head[- ]and[- ]shoulders", True, _ALL[3:4]),
    (r"extreme close[- ]?up", False, _ALL[3:]),
    (r"close[- ]?up(?: detail)?", False, _ALL[2:]),
    (r"lower[- ]body", True, _ALL[4:]),
)
_PICTURE = r"(?:shot|view|portrait|image|photo(?:graph)?|picture|framing|crop|drawing|illustration)"
_PHRASES = tuple(
    Phrase(re.compile(rf"(?<![\w-]){words}(?![\w-])", re.IGNORECASE), loose, shots)
    for words, loose, shots in _WORDS
)
# What makes clothes or bodies of these words: "full-body swimsuit", "full-length mirror".
_SAID_OF_THINGS = re.compile(
    r"[- ](?:\w+ )?(?:swim|wet|jump|cat)?(?:suits?|armou?r|tattoos?|paint|costume|outfit|harness|"
    r"stocking|dress|gown|coat|skirt|mirror|cloak|robe|gloves|sleeves|boots|cast|scan|workout)\b",
    re.IGNORECASE,
)
_SPEAKS_OF_PICTURE_BEFORE = re.compile(
    rf"\b(?:shows?|showing|shown|seen|visible|framed|{_PICTURE} of)\s+"
    r"(?:(?:the|her|his|their|its|a|an)\s+)?$",
    re.IGNORECASE,
)
_SPEAKS_OF_PICTURE_AFTER = re.compile(rf"[- ](?:\w+ )?{_PICTURE}s?\b|\s+of\b", re.IGNORECASE)
_ALONE_BEFORE = re.compile(r"(?:^|[.,;!?\n]\s*)(?:a|an|the|her|his|their|its|in|seen)?\s*$", re.I)
_ALONE_AFTER = re.compile(r"\s*(?:$|[.,;!?\n])")
_SHORT = {
    "full_body": "full body",
    "waist_up": "upper body",
    "torso": "torso",
    "headshot": "headshot",
    "detail": "close-up",
}
_WITH_PICTURE = {
    "full_body": "full body {}",
    "waist_up": "waist-up {}",
    "torso": "torso {}",
    "headshot": "head and shoulders {}",
    "detail": "close-up {}",
}
_AS_SHOT = {
    "full_body": "full body shot",
    "waist_up": "waist-up shot",
    "torso": "torso shot",
    "headshot": "headshot",
    "detail": "close-up",
}
_OWNER = re.compile(r"\b(?:her|his|their|its|the)\s+$", re.IGNORECASE)
_OF_AFTER = re.compile(r"\s+of\b", re.IGNORECASE)


def check_framing(draft: Draft) -> Iterator[Found]:
    """Find framing words that contradict the crop."""
    shot, class_word = draft.crop.shot, draft.wanted.fields.class_word
    if shot == PICTURE_SHOT or shot not in _ALL:
        return
    right = framing_words(shot, class_word)
    yield from contradictions(
        "framing",
        draft.caption,
        shot,
        list(_named(draft.caption)),
        lambda words: (
            f"Says '{words}', but the crop is a {shot.replace('_', ' ')}. Write '{right}'."
        ),
        lambda caption, start, end: _replace_one(caption, start, end, shot, class_word),
    )


def _named(caption: str) -> Iterator[tuple[int, int, Phrase]]:
    for start, end, phrase in find_phrases(caption, _PHRASES):
        if _SAID_OF_THINGS.match(caption, end):
            continue
        if not phrase.loose or _speaks_of_picture(caption, start, end):
            yield start, end, phrase


def _speaks_of_picture(caption: str, start: int, end: int) -> bool:
    if stands_before(_SPEAKS_OF_PICTURE_BEFORE, caption, start):
        return True
    if _SPEAKS_OF_PICTURE_AFTER.match(caption, end):
        return True
    return _is_alone(caption, start, end)


def _replace_one(caption: str, start: int, end: int, shot: str, class_word: str) -> str | None:
    words = caption[start:end].lower()
    following = re.compile(rf"[- ]({_PICTURE})\b", re.IGNORECASE).match(caption, end)
    owner = _OWNER.search(caption, max(0, start - 20), start)
    if following:
        kind, end = following[1].lower(), following.end()
        right = _AS_SHOT[shot] if kind == "shot" else _WITH_PICTURE[shot].format(kind)
    elif _is_alone(caption, start, end):
        right = _SHORT[shot]
    elif words.endswith("shot") or _OF_AFTER.match(caption, end):
        right = _AS_SHOT[shot]
    elif owner:
        right = _owned(shot, class_word)
        if shot == "detail":
            start = owner.start()
    else:
        return None
    return put_words(caption, start, end, right)


def _is_alone(caption: str, start: int, end: int) -> bool:
    return stands_before(_ALONE_BEFORE, caption, start) and bool(_ALONE_AFTER.match(caption, end))


def _owned(shot: str, class_word: str) -> str:
    """The framing without its owner: "upper body, from the waist up"."""
    words = framing_words(shot, class_word)
    return words if shot == "detail" else words.split(" ", 1)[1]
