"""Batches: nothing lost or doubled, one shape each, the same order again, and padding."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trainer.data.batches import BatchSampler, TrainingItem, collect_items, load_batch
from trainer.data.cache.caching import Conditioning, cache_latents, cache_text
from trainer.data.dataset.reading import Dataset, load_dataset
from trainer.errors import CacheError, ConfigError

SCALE = 0.476986


class RampEncoder:
    """Latents that count up from the first pixel's red."""

    identity = "vae"

    def encode(self, pixels: np.ndarray) -> torch.Tensor:
        size = (16, 1, pixels.shape[1] // 8, pixels.shape[2] // 8)
        count = size[0] * size[2] * size[3]
        return (torch.arange(count, dtype=torch.float32) + float(pixels[0, 0, 0, 0])).reshape(size)


class WordEncoder:
    """One text token of width 4 for each word."""

    identity = "clip"

    def encode(self, caption: str) -> Conditioning:
        words = caption.split() or ["-"]
        text = torch.tensor([[float(len(word))] * 4 for word in words])
        return Conditioning(text, torch.full((768,), float(len(words))))


def item(number: int, shape: tuple[int, int, int, int], repeats: int) -> TrainingItem:
    return TrainingItem(str(number), Path("a"), Path("b"), shape, repeats)


def mixed_items() -> list[TrainingItem]:
    shapes = [(16, 1, 8, 8), (16, 1, 8, 14), (16, 1, 14, 8)]
    return [item(number, shapes[number % 3], 1 + number % 4) for number in range(17)]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folder = tmp_path / "set"
    folder.mkdir()
    for number, caption in enumerate(("one", "one two three", "one two")):
        Image.new("RGB", (64, 64), (number, 0, 0)).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(caption, encoding="utf-8")
    return load_dataset(folder, resolution=(64, 64))


@pytest.fixture
def items(tmp_path: Path, dataset: Dataset) -> tuple[TrainingItem, ...]:
    return collect_items(
        dataset,
        cache_latents(dataset, RampEncoder(), tmp_path / "cache"),
        cache_text(dataset, WordEncoder(), tmp_path / "cache"),
    )


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
@pytest.mark.parametrize("epoch", [0, 3])
def test_epoch_every_item_comes_as_often_as_it_should(batch_size: int, epoch: int) -> None:
    items = mixed_items()
    sampler = BatchSampler(items, batch_size, seed=7)
    batches = sampler.epoch_batches(epoch)
    counts = Counter(index for batch in batches for index in batch)
    assert counts == {index: entry.repeats for index, entry in enumerate(items)}
    assert all(len({items[index].shape for index in batch}) == 1 for batch in batches)
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert len(batches) == sampler.batches_per_epoch
    assert sum(counts.values()) == sampler.samples_per_epoch


def test_epoch_same_seed_gives_the_same_order_in_any_sampler() -> None:
    first, second = (BatchSampler(mixed_items(), 2, seed=7) for _ in range(2))
    first.epoch_batches(0)
    assert first.epoch_batches(5) == second.epoch_batches(5)


def test_epoch_order_is_the_same_in_every_python_version() -> None:
    # Written down once: a change here would make old runs resume with another order.
    sampler = BatchSampler([item(n, (16, 1, 8, 8), 1) for n in range(6)], 4, seed=1)
    assert sampler.epoch_batches(0) == ((3, 2, 0, 4), (5, 1))
    assert sampler.epoch_batches(1) == ((4, 0), (3, 2, 5, 1))


def test_epoch_and_seed_change_the_order() -> None:
    sampler = BatchSampler(mixed_items(), 2, seed=7)
    assert sampler.epoch_batches(0) != sampler.epoch_batches(1)
    assert sampler.epoch_batches(0) != BatchSampler(mixed_items(), 2, seed=8).epoch_batches(0)


def test_epoch_does_not_touch_the_global_random_state() -> None:
    before, torch_before = random.getstate(), torch.get_rng_state()
    BatchSampler(mixed_items(), 2, seed=7).epoch_batches(0)
    assert random.getstate() == before
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_epoch_shapes_are_mixed_over_the_epoch() -> None:
    items = [item(n, (16, 1, 8, 8 + 2 * (n % 2)), 1) for n in range(40)]
    shapes = [items[b[0]].shape for b in BatchSampler(items, 1, seed=0).epoch_batches(0)]
    changes = sum(a != b for a, b in itertools.pairwise(shapes))
    assert changes > 8


def test_epoch_repeats_come_in_rounds() -> None:
    items = [item(n, (16, 1, 8, 8), 3) for n in range(4)]
    for epoch in range(5):
        for batch in BatchSampler(items, 4, seed=0).epoch_batches(epoch):
            assert sorted(batch) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("items", "batch_size", "match"),
    [
        ([], 1, "no items"),
        ([item(0, (16, 1, 8, 8), 1)], 0, "batch_size must be at least 1, but is 0"),
        ([item(0, (16, 1, 8, 8), 0)], 1, "at least 1 repeat"),
    ],
)
def test_sampler_bad_input_is_refused(
    items: list[TrainingItem], batch_size: int, match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        BatchSampler(items, batch_size, seed=0)


def test_collect_brings_shapes_and_repeats(
    dataset: Dataset, items: tuple[TrainingItem, ...]
) -> None:
    assert [entry.shape for entry in items] == [(16, 1, 8, 8)] * 3
    assert [entry.repeats for entry in items] == [entry.repeats for entry in dataset.items]
    assert len({entry.key for entry in items}) == 3


def test_collect_incomplete_cache_is_named(tmp_path: Path, dataset: Dataset) -> None:
    latents = cache_latents(
        replace(dataset, items=dataset.items[:2]), RampEncoder(), tmp_path / "cache"
    )
    text = cache_text(dataset, WordEncoder(), tmp_path / "cache")
    with pytest.raises(CacheError, match=r"1 of 3 items are not cached: 2\.png \(picture\)"):
        collect_items(dataset, latents, text)


def test_load_batch_scales_latents_and_pads_text(items: tuple[TrainingItem, ...]) -> None:
    batch = load_batch(items, SCALE)
    ramp = torch.arange(1024, dtype=torch.float32).reshape(16, 1, 8, 8)
    expected = torch.stack([ramp, ramp + 1, ramp + 2]) * SCALE
    assert torch.equal(batch.latents, expected)
    assert batch.text_mask is not None
    assert batch.text_mask.tolist() == [[True, False, False], [True] * 3, [True, True, False]]
    assert batch.text[:, :, 0].tolist() == [[3, 0, 0], [3, 3, 5], [3, 3, 0]]
    assert batch.pooled is not None
    assert batch.pooled[:, 0].tolist() == [1, 3, 2]
    assert batch.keys == tuple(entry.key for entry in items)


def test_load_batch_equal_lengths_have_no_mask(items: tuple[TrainingItem, ...]) -> None:
    batch = load_batch([items[1], items[1]], SCALE)
    assert batch.text_mask is None
    assert batch.text.shape == (2, 3, 4)


def test_load_batch_without_pooled_or_with_some(
    tmp_path: Path, dataset: Dataset, items: tuple[TrainingItem, ...]
) -> None:
    class NoPooled(WordEncoder):
        identity = "other"

        def encode(self, caption: str) -> Conditioning:
            return Conditioning(super().encode(caption).text, None)

    text = cache_text(dataset, NoPooled(), tmp_path / "cache")
    plain = replace(items[0], text_path=text.entries["one"])
    assert load_batch([plain], SCALE).pooled is None
    with pytest.raises(CacheError, match="some have none"):
        load_batch([plain, items[1]], SCALE)


def test_load_batch_text_of_two_encoders_is_refused(
    tmp_path: Path, dataset: Dataset, items: tuple[TrainingItem, ...]
) -> None:
    class Wide(WordEncoder):
        identity = "wide"

        def encode(self, caption: str) -> Conditioning:
            made = super().encode(caption)
            return Conditioning(made.text.repeat(1, 2), made.pooled)

    text = cache_text(dataset, Wide(), tmp_path / "cache")
    wide = replace(items[0], text_path=text.entries["one"])
    with pytest.raises(CacheError, match=r"different widths \[4, 8\]"):
        load_batch([wide, items[1]], SCALE)


def test_load_batch_latents_of_another_shape_are_refused(
    items: tuple[TrainingItem, ...],
) -> None:
    wrong = replace(items[0], shape=(16, 1, 8, 16))
    with pytest.raises(CacheError, match=r"shape \[16, 1, 8, 8\], but this batch"):
        load_batch([wrong], SCALE)
