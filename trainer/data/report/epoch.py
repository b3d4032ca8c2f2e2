"""What an epoch holds: repeats, and samples by bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..captions.captioning import Captioned
from ..dataset.balance import balance_repeats
from ..dataset.reading import Dataset, DatasetItem
from ..pictures.buckets import Bucket


@dataclass(frozen=True, slots=True)
class BucketRow:
    """One bucket in an epoch."""

    bucket: Bucket
    """The size."""
    crops: int
    """Pictures of that size."""
    repeats: str
    """Times each of them comes: "3", or "2 to 5" where they differ."""
    samples: int
    """Samples of an epoch."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch, as the built dataset has it or as it will be balanced."""

    rows: tuple[BucketRow, ...]
    """By bucket, smallest width first."""
    repeats: tuple[int, ...]
    """Times each of the crops comes; 0: the dataset does not hold it."""
    notes: tuple[str, ...] = ()
    """Where the dataset and the crops do not agree."""

    @property
    def samples(self) -> int:
        """Samples of an epoch."""
        return sum(row.samples for row in self.rows)

    def batches(self, batch_size: int) -> int:
        """Batches of an epoch: each has one size, so a bucket's last one may be smaller."""
        return sum(-(-row.samples // batch_size) for row in self.rows)


def plan_epoch(captioned: Sequence[Captioned], dataset: Dataset | None = None) -> Epoch:
    """Count an epoch.

    Args:
        captioned: The crops; at least one.
        dataset: What was built from them, with its real repeats; None balances the buckets as
            building does.
    """
    if dataset is not None:
        return _built_epoch(captioned, dataset)
    counts: dict[Bucket, int] = {}
    for entry in captioned:
        counts[entry.crop.bucket] = counts.get(entry.crop.bucket, 0) + 1
    chosen = balance_repeats(counts)
    rows = tuple(
        BucketRow(bucket, counts[bucket], str(chosen[bucket]), counts[bucket] * chosen[bucket])
        for bucket in sorted(counts)
    )
    return Epoch(rows, tuple(chosen[entry.crop.bucket] for entry in captioned))


def _built_epoch(captioned: Sequence[Captioned], dataset: Dataset) -> Epoch:
    by_bucket: dict[Bucket, list[DatasetItem]] = {}
    for item in dataset.items:
        by_bucket.setdefault(item.bucket, []).append(item)
    rows = tuple(_row(bucket, by_bucket[bucket]) for bucket in sorted(by_bucket))
    repeats: list[int] = []
    for entry in captioned:
        own = by_bucket.get(entry.crop.bucket, [])
        same = [item.repeats for item in own if item.source == entry.crop.item.digest]
        repeats.append(same[0] if same else 0)
    return Epoch(rows, tuple(repeats), tuple(_differences(captioned, dataset, repeats)))


def _row(bucket: Bucket, items: Sequence[DatasetItem]) -> BucketRow:
    lowest, highest = min(one.repeats for one in items), max(one.repeats for one in items)
    words = str(lowest) if lowest == highest else f"{lowest} to {highest}"
    return BucketRow(bucket, len(items), words, sum(one.repeats for one in items))


def _differences(
    captioned: Sequence[Captioned], dataset: Dataset, repeats: Sequence[int]
) -> list[str]:
    missing, notes = repeats.count(0), []
    if missing:
        notes.append(
            f"{missing} of the {len(captioned)} crops are not in the dataset in "
            f"'{dataset.folder}' and are not trained. Build it again from these captions."
        )
    more = len(dataset.items) - (len(captioned) - missing)
    if more > 0:
        notes.append(
            f"The dataset holds {more} more picture{'' if more == 1 else 's'} that these captions "
            "know nothing of. They are counted in the buckets but not looked at here."
        )
    return notes
