"""Length of captions in the tokens of the two text encoders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .findings import Found

CLIP_TOKENS = 75
"""Tokens that CLIP-L takes: 77 with its begin and end marks."""
LLAMA_TOKENS = 256
"""Tokens of caption that HunyuanVideo was trained with.

Source: HunyuanVideo's published text encoder set-up, as used by musubi-tuner 0.3.4.
"""


class TokenCounter(Protocol):
    """Splits text as the two text encoders do; the pieces carry no begin or end marks."""

    def clip_tokens(self, text: str) -> list[str]:
        """CLIP-L's tokens as pieces of text."""
        ...

    def llama_tokens(self, text: str) -> list[str]:
        """Llama's tokens as pieces of text, without the prompt template."""
        ...


class LengthCheck:
    """Checks lengths, counting each text only once."""

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._found: dict[str, list[Found]] = {}

    def __call__(self, caption: str) -> list[Found]:
        """Find what a caption has beyond the encoders' limits."""
        if caption not in self._found:
            self._found[caption] = list(_check_length(caption, self._counter))
        return self._found[caption]


def _check_length(caption: str, counter: TokenCounter) -> Iterator[Found]:
    pieces = counter.clip_tokens(caption)
    if len(pieces) > CLIP_TOKENS:
        lost = "".join(pieces[CLIP_TOKENS:]).strip()
        yield Found(
            "clip_length",
            "",
            f"Has {len(pieces)} CLIP-L tokens; {CLIP_TOKENS} are read. CLIP-L does not see: "
            f"'{lost}'. Llama still reads it; put what matters most first.",
        )
    pieces = counter.llama_tokens(caption)
    if len(pieces) > LLAMA_TOKENS:
        lost = "".join(pieces[LLAMA_TOKENS:]).strip()
        yield Found(
            "llama_length",
            "",
            f"Has {len(pieces)} Llama tokens; HunyuanVideo was trained with up to "
            f"{LLAMA_TOKENS}. Beyond that: '{lost}'. Shorten the caption.",
        )
