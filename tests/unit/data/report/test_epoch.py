"""An epoch's samples: as the dataset that is built has them, counted another way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.unit.data.report.made_up_crops import made_up
from trainer.data.batches import BatchSampler, TrainingItem
from trainer.data.dataset.balance import balance_repeats
from trainer.data.dataset.reading import Dataset, DatasetItem
from trainer.data.pictures.buckets import Bucket
from trainer.data.report.epoch import plan_epoch

TALL, SQUARE = Bucket(768, 1024), Bucket(1024, 1024)


def dataset_of(*entries: tuple[Bucket, int, str]) -> Dataset:
    """A dataset whose items have these buckets, repeats and source pictures."""
    items = tuple(
        DatasetItem(Path(f"{number}.png"), "a", bucket, repeats, f"{number:032x}", source)
        for number, (bucket, repeats, source) in enumerate(entries)
    )
    return Dataset(Path("set"), Path("set/dataset.toml"), items)


def test_without_a_dataset_the_buckets_are_balanced_as_building_does() -> None:
    captioned = made_up(*["768x1024"] * 2, *["1024x1024"] * 7)
    epoch = plan_epoch(captioned)
    chosen = balance_repeats({TALL: 2, SQUARE: 7})
    assert epoch.repeats == (chosen[TALL],) * 2 + (chosen[SQUARE],) * 7
    assert [(row.bucket, row.crops, row.samples) for row in epoch.rows] == [
        (TALL, 2, 2 * chosen[TALL]),
        (SQUARE, 7, 7 * chosen[SQUARE]),
    ]
    assert epoch.samples == sum(epoch.repeats)
    assert epoch.notes == ()


def test_a_dataset_brings_its_own_repeats() -> None:
    captioned = made_up("768x1024", "1024x1024", "1024x1024")
    sources = [entry.crop.item.digest for entry in captioned]
    dataset = dataset_of((TALL, 5, sources[0]), (SQUARE, 2, sources[1]), (SQUARE, 3, sources[2]))
    epoch = plan_epoch(captioned, dataset)
    assert epoch.repeats == (5, 2, 3)
    assert [(row.repeats, row.samples) for row in epoch.rows] == [("5", 5), ("2 to 3", 5)]
    assert epoch.samples == dataset.samples_per_epoch
    assert epoch.notes == ()


def test_what_the_dataset_lacks_or_has_more_of_is_said() -> None:
    captioned = made_up("768x1024", "1024x1024")
    digest = captioned[0].crop.item.digest
    epoch = plan_epoch(captioned, dataset_of((TALL, 2, digest), (TALL, 2, "f" * 32)))
    assert epoch.repeats == (2, 0)
    assert epoch.samples == 4
    missing, more = epoch.notes
    assert missing.startswith("1 of the 2 crops are not in the dataset in 'set'")
    assert more.startswith("The dataset holds 1 more picture that")


@pytest.mark.parametrize("seed", range(20))
def test_batches_are_as_many_as_training_deals(seed: int) -> None:
    source = random.Random(seed)
    sizes = [f"{64 * source.randint(1, 4)}x256" for _ in range(source.randint(1, 30))]
    epoch = plan_epoch(made_up(*sizes))
    items = [
        TrainingItem(str(number), Path("a"), Path("b"), (16, 1, 32, int(size[:-4]) // 8), repeats)
        for number, (size, repeats) in enumerate(zip(sizes, epoch.repeats, strict=True))
    ]
    for batch_size in (1, 2, 3, 8):
        assert epoch.batches(batch_size) == BatchSampler(items, batch_size, 0).batches_per_epoch
