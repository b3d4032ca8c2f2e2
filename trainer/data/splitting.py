"""Items held out of training, by picture: crops of one picture never stand on both sides.

A model that has been trained on one crop of a picture knows the others too, so a loss on them would
only show how well it remembers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from ..errors import DatasetError
from .batches import TrainingItem

AUTOMATIC = -1
FEWEST_PICTURES = 8
"""With fewer pictures each one is worth more in training than in measuring."""
_SHARE = 0.1
_FEWEST_HELD, _MOST_HELD = 2, 6

Items = tuple[TrainingItem, ...]


def split_held_out(items: Sequence[TrainingItem], hold_out: int) -> tuple[Items, Items]:
    """Items to train on and items to measure on, in their given order.

    Which pictures are held out follows from their content alone. Pictures that are the last of a
    shape are kept for training as long as others are left.

    Args:
        items: All items.
        hold_out: Hold out whole pictures until at least so many items are held out; -1 chooses:
            a tenth of the pictures, from 2 to 6, and none where there are fewer than 8.

    Raises:
        DatasetError: Nothing would be left to train on.
    """
    by_source: dict[str, list[TrainingItem]] = {}
    for item in items:
        by_source.setdefault(item.source or item.key, []).append(item)
    if hold_out == AUTOMATIC:
        pictures = automatic_pictures(len(by_source))
        chosen = _choose(by_source, pictures=pictures)
    else:
        chosen = _choose(by_source, items=hold_out)
    held = {item.key for source in chosen for item in by_source[source]}
    trained = tuple(item for item in items if item.key not in held)
    if not trained:
        raise DatasetError(
            f"'hold_out' is {hold_out}, but the dataset has only {len(items)} crops of "
            f"{len(by_source)} pictures, and all crops of a picture are held out together. Lower "
            "it so that some are left to train on."
        )
    return trained, tuple(item for item in items if item.key in held)


def automatic_pictures(pictures: int) -> int:
    """How many of so many pictures are held out when nobody says."""
    if pictures < FEWEST_PICTURES:
        return 0
    return min(_MOST_HELD, max(_FEWEST_HELD, round(_SHARE * pictures)))


def scarce_text(trained: Items, held: Items) -> str:
    """A sentence where holding out takes more than a third of the pictures; else ""."""
    total = len({item.source or item.key for item in trained + held})
    out = len({item.source or item.key for item in held})
    if 3 * out <= total:
        return ""
    return (
        f"'hold_out' holds out {out} of {total} pictures ({len(held)} of "
        f"{len(trained) + len(held)} crops), so that nothing of them is learnt. With so few "
        "pictures set it to 0: a probe of trained crops is then measured instead."
    )


def choose_probe(items: Sequence[TrainingItem], count: int) -> Items:
    """Trained items whose loss is measured beside the held-out ones: one a picture as long as
    there are pictures, chosen by their content.
    """
    order = sorted(items, key=lambda item: _digest(item.key))
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, TrainingItem]] = []
    for place, item in enumerate(order):
        source = item.source or item.key
        ranked.append((seen[source], place, item))
        seen[source] += 1
    return tuple(item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])[:count])


def _choose(
    by_source: dict[str, list[TrainingItem]], *, pictures: int = 0, items: int = 0
) -> list[str]:
    left = Counter(item.shape for own in by_source.values() for item in own)
    waiting = sorted(by_source, key=_digest)
    chosen: list[str] = []
    held = 0
    while waiting and (len(chosen) < pictures or held < items):
        source = next((s for s in waiting if _can_go(by_source[s], left)), waiting[0])
        waiting.remove(source)
        chosen.append(source)
        held += len(by_source[source])
        left -= Counter(item.shape for item in by_source[source])
    return chosen


def _can_go(own: Sequence[TrainingItem], left: Counter[tuple[int, int, int, int]]) -> bool:
    """Whether every shape still has an item without these."""
    return all(left[shape] > count for shape, count in Counter(i.shape for i in own).items())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode()).digest()
