"""Writing systems mixed within one caption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ..findings import Found
from ..wording.scripts import as_latin, scripts_of, without_quotes
from .draft import Draft

_LETTERS = re.compile(r"[^\W\d_]+")
# "Tシャツ" is a Japanese word although T is Latin.
_SHORT = 2


def check_script(draft: Draft) -> Iterator[Found]:
    """Find words of two writing systems, and captions of two; trigger and quotes may be any."""
    if draft.caption.isascii():
        return
    text = without_quotes(draft.caption)
    if draft.wanted.trigger is not None:
        text = draft.wanted.trigger.sub(" ", text)
    scripts: dict[str, str] = {}
    for word in dict.fromkeys(_LETTERS.findall(text)):
        found = scripts_of(word)
        latin = as_latin(word) if len(found) > 1 and "Latin" in found else None
        if latin is not None:
            yield Found(
                "script",
                word,
                f"'{word}' has letters that only look Latin, so the encoders read another word. "
                f"Write '{latin}'.",
                partial(draft.caption.replace, word, latin),
            )
        else:
            for script in found:
                if script != "Latin" or len(re.sub(r"[^A-Za-z]", "", word)) > _SHORT:
                    scripts.setdefault(script, word)
    if len(scripts) > 1:
        names = " and ".join(sorted(scripts))
        words = ", ".join(f"'{word}'" for word in scripts.values())
        yield Found(
            "script",
            names,
            f"Mixes {names} ({words}), which splits what is learnt between two languages. "
            "Write the caption in one.",
        )
