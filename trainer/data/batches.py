"""Batches of cached items: one shape each, in an order that can be made again.

Letters: B batch, C channels, F latent frames, h/w latent size, L text tokens, D text width.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import CacheError, ConfigError
from .cache.cache_files import read_shape
from .cache.caching import (
    Conditioning,
    LatentCache,
    TextCache,
    latent_key,
    read_conditioning,
    read_latents,
    text_key,
)
from .dataset.reading import Dataset


@dataclass(frozen=True, slots=True)
class TrainingItem:
    """One cached picture with its caption."""

    key: str
    """Follows from picture, bucket, caption and encoders; the same in every run."""
    latents_path: Path
    """File with its raw latents."""
    text_path: Path
    """File with its conditioning."""
    shape: tuple[int, int, int, int]
    """Shape of its latents (C, F, h, w)."""
    repeats: int
    """Times it comes in an epoch, at least 1."""
    text_tokens: int = 0
    """Length of its conditioning; 0 when the file was not looked into yet."""
    source: str = ""
    """The picture it was cut from; empty: not known, then it stands for itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What the model sees in one micro-batch."""

    latents: torch.Tensor
    """Scaled latents, float32 [B,C,F,h,w]."""
    text: torch.Tensor
    """Text features, float32 [B,L,D]; shorter captions are padded with zeros at the end."""
    text_mask: torch.Tensor | None
    """True where `text` is real, bool [B,L]; None when all lengths are equal."""
    pooled: torch.Tensor | None
    """CLIP-L's pooled vectors, float32 [B,768], where the model uses them."""
    keys: tuple[str, ...]
    """Key of each item."""


def collect_items(
    dataset: Dataset, latent_cache: LatentCache, text_cache: TextCache
) -> tuple[TrainingItem, ...]:
    """Bring dataset and caches together.

    Args:
        dataset: The pictures and captions.
        latent_cache: Must hold each picture.
        text_cache: Must hold each caption.

    Raises:
        CacheError: The caches do not hold the whole dataset, or a file is missing or damaged.
    """
    items: list[TrainingItem] = []
    missing: list[str] = []
    for item in dataset.items:
        key = latent_key(item, latent_cache.identity)
        latents, text = latent_cache.entries.get(key), text_cache.entries.get(item.caption)
        if latents is None or text is None:
            what = "picture" if latents is None else "caption"
            missing.append(f"{item.image_path.name} ({what})")
            continue
        shape = latent_cache.shapes.get(latents) or read_shape(latents, "latents")
        if len(shape) != 4:
            raise CacheError(f"'{latents}' holds latents of shape {list(shape)}. Cache it again.")
        whole_key = f"{key[:16]}{text_key(item.caption, text_cache.identity)[:16]}"
        tokens = (text_cache.shapes.get(text) or (0,))[0]
        items.append(
            TrainingItem(whole_key, latents, text, shape, item.repeats, tokens, item.source)
        )
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise CacheError(
            f"{len(missing)} of {len(dataset.items)} items are not cached: "
            f"{', '.join(missing[:5])}{more}. Run the caching of this dataset to its end."
        )
    return tuple(items)


class BatchSampler:
    """Deals the items of each epoch into batches of one shape.

    The order follows from seed and epoch alone, so a resumed run can make any epoch again.
    """

    def __init__(self, items: Sequence[TrainingItem], batch_size: int, seed: int) -> None:
        """Prepare the shapes.

        Args:
            items: At least one.
            batch_size: Most items in a batch, at least 1.
            seed: Any whole number.

        Raises:
            ConfigError: There are no items, or batch_size or an item's repeats are below 1.
        """
        if not items:
            raise ConfigError("There is nothing to train on: the dataset has no items.")
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, but is {batch_size}.")
        if any(item.repeats < 1 for item in items):
            raise ConfigError("Every item needs at least 1 repeat. Change 'num_repeats'.")
        self.batch_size = batch_size
        self.seed = seed
        self._repeats = [item.repeats for item in items]
        self._by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, item in enumerate(items):
            self._by_shape.setdefault(item.shape, []).append(index)

    @property
    def samples_per_epoch(self) -> int:
        """Items times their repeats."""
        return sum(self._repeats)

    @property
    def batches_per_epoch(self) -> int:
        """Batches of one epoch; the last of each shape may be smaller."""
        totals = [sum(self._repeats[index] for index in own) for own in self._by_shape.values()]
        return sum(-(-total // self.batch_size) for total in totals)

    def epoch_batches(self, epoch: int) -> tuple[tuple[int, ...], ...]:
        """Deal one epoch: tuples of positions in `items`, each tuple of one shape.

        Every item comes exactly `repeats` times, spread over rounds: before its second time all
        other items of its shape have come once.

        Args:
            epoch: Number of the epoch, from 0.
        """
        # Seeding with text is defined to give the same numbers in every Python version.
        source = random.Random(f"batches {self.seed} {epoch}")
        batches: list[tuple[int, ...]] = []
        for own in self._by_shape.values():
            order: list[int] = []
            for repeat in range(max(self._repeats[index] for index in own)):
                turn = [index for index in own if self._repeats[index] > repeat]
                source.shuffle(turn)
                order += turn
            batches += [
                tuple(order[start : start + self.batch_size])
                for start in range(0, len(order), self.batch_size)
            ]
        source.shuffle(batches)
        return tuple(batches)


def load_batch(items: Sequence[TrainingItem], latent_scale: float) -> Batch:
    """Read cached items and stack them.

    Args:
        items: At least one, all of the same shape.
        latent_scale: Factor from raw latents to the model's; HunyuanVideo's is 0.476986.

    Raises:
        CacheError: A file is missing or damaged, or the items do not fit together.
    """
    latents = [read_latents(item.latents_path) for item in items]
    for item, value in zip(items, latents, strict=True):
        if tuple(value.shape) != items[0].shape:
            raise CacheError(
                f"'{item.latents_path.name}' holds latents of shape {list(value.shape)}, but this "
                f"batch is of {list(items[0].shape)}. Run the caching again."
            )
    texts = [read_conditioning(item.text_path) for item in items]
    text, mask = _pad_text(texts)
    return Batch(
        latents=torch.stack(latents) * latent_scale,
        text=text,
        text_mask=mask,
        pooled=_stack_pooled(texts),
        keys=tuple(item.key for item in items),
    )


def _pad_text(texts: Sequence[Conditioning]) -> tuple[torch.Tensor, torch.Tensor | None]:
    widths = {entry.text.shape[1] for entry in texts}
    if len(widths) > 1:
        raise CacheError(
            f"Captions of one batch have text features of different widths {sorted(widths)}: "
            "they were cached with different text encoders. Run the caching again."
        )
    lengths = [entry.text.shape[0] for entry in texts]
    longest = max(lengths)
    text = texts[0].text.new_zeros(len(texts), longest, widths.pop())
    for row, entry in enumerate(texts):
        text[row, : lengths[row]] = entry.text
    if min(lengths) == longest:
        return text, None
    return text, torch.arange(longest)[None, :] < torch.tensor(lengths)[:, None]


def _stack_pooled(texts: Sequence[Conditioning]) -> torch.Tensor | None:
    pooled = [entry.pooled for entry in texts if entry.pooled is not None]
    if not pooled:
        return None
    if len(pooled) != len(texts):
        raise CacheError(
            "Some captions of one batch have a pooled CLIP-L vector and some have none: they were "
            "cached with different text encoders. Run the caching again."
        )
    return torch.stack(pooled)
