"""Wordings that a caption takes from its crop: aspect ratio, view, framing and pronoun."""

from __future__ import annotations

import math
import re

from ..pictures.buckets import Bucket

COMMON_RATIOS: tuple[tuple[int, int], ...] = ((9, 16), (3, 4), (1, 1), (4, 3), (16, 9))
"""Ratios that are named first, as (width, height)."""

OTHER_RATIOS: tuple[tuple[int, int], ...] = (
    (1, 3),
    (9, 21),
    (1, 2),
    (2, 3),
    (4, 5),
    (5, 4),
    (3, 2),
    (2, 1),
    (21, 9),
    (3, 1),
)
"""Named when a bucket is none of the common ones."""

# A common ratio is named although another simple one is a little nearer: 896x1152 is "3:4".
_COMMON_WITHIN = 0.04
_FEMALE = frozenset("woman girl female lady mother sister queen princess actress witch".split())
_MALE = frozenset("man boy male guy gentleman father brother king prince actor wizard".split())
_PERSON = frozenset(
    "person character human child kid teenager adult baby people figure couple group".split()
)
_VIEW_WORDS = {"front": "front view", "behind": "back view", "side": "side view", "": ""}
_FRAMING = {
    "full_body": "{owner} full body, from head to toe",
    "waist_up": "{owner} upper body, from the waist up",
    "torso": "{owner} torso, from the shoulders to the hips",
    "headshot": "{owner} head and shoulders",
    "detail": "a close-up detail",
    "picture": "{whole}",
}
# (owner, whole) by pronoun; "the" suits a dragon, a statue and a subject that was not named.
_FRAMING_WORDS = {
    "her": ("her", "her"),
    "his": ("his", "him"),
    "their": ("their", "them"),
    "its": ("the", "the whole scene"),
}


def ratio_words(bucket: Bucket) -> str:
    """Name the aspect ratio of a bucket: 9:16, 3:4, 1:1, 4:3, 16:9 or the nearest simple one.

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
    """Say what a shot shows: "her full body, from head to toe"; other shots by their names."""
    owner, whole = _FRAMING_WORDS[pronoun(class_word)]
    text = _FRAMING.get(shot)
    return shot.replace("_", " ") if text is None else text.format(owner=owner, whole=whole)


def view_words(view: str) -> str:
    """Name a view: "front view", "back view", "side view"; other words stay as they are."""
    return _VIEW_WORDS.get(view, view)
