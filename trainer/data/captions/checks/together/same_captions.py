"""Crops of different framings with one and the same caption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..findings import Found, shown_names
from ..single.draft import Draft


class SameCaptions:
    """Which shots each text is the caption of."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._shots: dict[str, dict[str, int]] = {}
        for draft in drafts:
            shots = self._shots.setdefault(_plain(draft.caption), {})
            shots[draft.crop.shot] = shots.get(draft.crop.shot, 0) + 1

    def is_shared(self, draft: Draft) -> bool:
        """Whether a crop of another shot has this caption."""
        return bool(draft.words) and bool(
            self._shots.get(_plain(draft.caption), {}).keys() - {draft.crop.shot}
        )


def check_same_captions(
    drafts: Sequence[Draft], names: Sequence[str], same: SameCaptions
) -> Iterator[tuple[int | None, Found]]:
    """Find captions that several framings share; one finding for the whole set."""
    shared = [name for draft, name in zip(drafts, names, strict=True) if same.is_shared(draft)]
    if shared:
        yield (
            None,
            Found(
                "same_caption",
                "",
                f"{len(shared)} captions stand word for word at crops of different framings: "
                f"{shown_names(shared)}. A close-up is then learnt as the whole picture. Let each "
                "name its framing, in a template with {framing}.",
            ),
        )


def _plain(caption: str) -> str:
    return " ".join(caption.casefold().split())
