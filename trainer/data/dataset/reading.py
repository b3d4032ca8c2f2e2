"""Reading datasets: a manifest, a built folder or a plain folder of pictures with captions."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import DatasetError
from ...files import digest_file
from ..file_index import FileIndex
from ..pictures.buckets import Bucket, BucketSelector, fit_to_bucket
from ..pictures.media import EXTENSIONS, load_image
from ..pictures.names import natural_key
from ..pictures.orientation import upright_size
from .dataset_files import crop_sources
from .manifest import ImageSet, read_manifest

MANIFEST_NAME = "dataset.toml"
PLAIN_RESOLUTION = (960, 544)
"""Width and height for plain folders: the size HunyuanVideo clips are usually made in."""

_NAMES_SHOWN = 5
_REMEMBERED_DIGESTS = 65536


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """One picture with its caption, as training sees it."""

    image_path: Path
    """The picture; when it has not the bucket's size it is resized and cut while caching."""
    caption: str
    """Its caption, without spaces around; may be empty."""
    bucket: Bucket
    """Size in training."""
    repeats: int
    """Times it comes in an epoch, at least 1."""
    digest: str
    """Digest of the picture file's bytes: 32 hexadecimal digits."""
    source: str = ""
    """What the picture was cut from: crops with the same one show the same picture."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures, captions and repeats, checked and ready to be cached."""

    folder: Path
    """Where the dataset is."""
    manifest_path: Path | None
    """The TOML file; None for a plain folder."""
    items: tuple[DatasetItem, ...]
    """All pictures, by set and then in natural order of their names."""
    batch_size: int = 1
    """Pictures in a micro-batch that the manifest asks for; the smallest of its sets."""

    @property
    def samples_per_epoch(self) -> int:
        """Pictures times repeats."""
        return sum(item.repeats for item in self.items)


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One line of the table that shows how often each bucket is trained."""

    bucket: Bucket
    """The size."""
    pictures: int
    """Pictures of that size and those repeats."""
    repeats: int
    """Times each of them comes in an epoch."""

    @property
    def samples_per_epoch(self) -> int:
        """Pictures times repeats."""
        return self.pictures * self.repeats


def load_dataset(
    path: Path,
    *,
    resolution: tuple[int, int] = PLAIN_RESOLUTION,
    index: FileIndex | None = None,
) -> Dataset:
    """Load a dataset that was built here, written by hand, or made for musubi-tuner.

    Args:
        path: A manifest (.toml), a folder with a `dataset.toml`, or a plain folder of pictures
            with caption files (.txt) of the same names.
        resolution: For plain folders: width and height whose product is the buckets' area.
        index: Pictures that are as it knows them are not opened; others are noted in it.

    Raises:
        DatasetError: Something is missing, unreadable or unknown; the message names it.
    """
    if not path.exists():
        raise DatasetError(f"The dataset '{path}' does not exist. Give a manifest or a folder.")
    if path.is_dir() and (path / MANIFEST_NAME).is_file():
        path = path / MANIFEST_NAME
    if path.is_dir():
        sets: Sequence[ImageSet] = [ImageSet(path, None, resolution, enable_bucket=True)]
    elif path.suffix.lower() == ".toml":
        sets = read_manifest(path)
    else:
        raise DatasetError(f"'{path}' is no dataset. Give a .toml manifest or a folder.")
    pairs = [(one, image) for one in sets for image in _list_images(one)]
    captions = _read_captions(pairs)
    selectors = [
        BucketSelector(one.resolution, one.enable_bucket, one.bucket_no_upscale) for one in sets
    ]
    chosen = {id(one): selector for one, selector in zip(sets, selectors, strict=True)}
    manifest = None if path.is_dir() else path
    folder = path if path.is_dir() else path.parent
    sources = crop_sources(folder)
    items = tuple(
        DatasetItem(image, caption, bucket, one.num_repeats, digest, source or digest)
        for (one, image), caption in zip(pairs, captions, strict=True)
        for bucket, digest in (_look_at(image, one, chosen[id(one)], index),)
        for source in (_source_of(image, folder, sources),)
    )
    return Dataset(folder, manifest, items, min(one.batch_size for one in sets))


def list_pictures(folder: Path) -> list[Path]:
    """List the picture files right in a folder, in natural order; hidden ones do not count."""
    with os.scandir(folder) as entries:
        found = [
            folder / entry.name
            for entry in entries
            if os.path.splitext(entry.name)[1].lower() in EXTENSIONS
            and entry.name[0] != "."
            and entry.is_file()
        ]
    return sorted(found, key=natural_key)


def load_pixels(item: DatasetItem) -> NDArray[np.uint8]:
    """Load a picture in exactly its bucket's size, uint8 [1,H,W,3].

    A picture of another size is resized to cover the bucket and its centre is cut out, with
    musubi-tuner's sizes and offsets (but Lanczos also where it shrinks with an area filter);
    see-through parts become white.

    Raises:
        DatasetError: The file is missing or damaged.
    """
    image = load_image(item.image_path)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    fitted = fit_to_bucket(image.convert("RGB"), item.bucket)
    pixels: NDArray[np.uint8] = np.array(fitted, dtype=np.uint8)[None]
    return pixels


def balance_table(dataset: Dataset) -> list[BalanceRow]:
    """Count pictures by bucket and repeats, smallest width first."""
    counts: dict[tuple[Bucket, int], int] = {}
    for item in dataset.items:
        key = (item.bucket, item.repeats)
        counts[key] = counts.get(key, 0) + 1
    return [BalanceRow(bucket, counts[bucket, n], n) for bucket, n in sorted(counts)]


def summarize(dataset: Dataset) -> str:
    """Describe a dataset in a few lines: pictures, buckets, repeats and the length of an epoch."""
    rows = balance_table(dataset)
    total = dataset.samples_per_epoch
    buckets = len({row.bucket for row in rows})
    head = (
        f"{_count(len(dataset.items), 'picture')} in {_count(buckets, 'bucket')}, "
        f"{_count(total, 'sample')} per epoch"
    )
    lines = [
        f"{row.bucket}: {_count(row.pictures, 'picture')} x {_count(row.repeats, 'repeat')} = "
        f"{_count(row.samples_per_epoch, 'sample')} ({100 * row.samples_per_epoch / total:.0f}%)"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _source_of(image: Path, folder: Path, sources: Mapping[str, str]) -> str:
    """The source that the build noted, or "" where it did not."""
    if not sources or not image.is_relative_to(folder):
        return ""
    return sources.get(image.relative_to(folder).as_posix(), "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _list_images(one: ImageSet) -> Iterator[Path]:
    found = list_pictures(one.image_directory)
    if not found:
        raise DatasetError(
            f"No pictures in '{one.image_directory}'. Looked in that folder only, not below it. "
            "Put pictures there, or take the folder out of the dataset."
        )
    yield from found


def _read_captions(pairs: Sequence[tuple[ImageSet, Path]]) -> list[str]:
    captions: list[str] = []
    missing: list[str] = []
    for one, image in pairs:
        extension = (
            one.caption_extension
            if one.caption_extension[0] == "."
            else "." + (one.caption_extension)
        )
        path = image.with_name(image.stem + extension)
        try:
            captions.append(path.read_text(encoding="utf-8-sig").strip())
        except FileNotFoundError:
            missing.append(image.name)
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"The caption file '{path}' is not UTF-8 text (byte {error.start}). "
                "Save it as UTF-8."
            ) from error
        except OSError as error:
            raise DatasetError(f"Cannot read the caption '{path}': {error.strerror}.") from error
    if missing:
        more = len(missing) - _NAMES_SHOWN
        names = ", ".join(missing[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        raise DatasetError(
            f"{len(missing)} of {_count(len(pairs), 'picture')} have no caption: {names}. "
            "Put a text file with the same name beside each; it may be empty."
        )
    return captions


def _look_at(
    image: Path, one: ImageSet, selector: BucketSelector, index: FileIndex | None
) -> tuple[Bucket, str]:
    """Bucket and digest of a picture, which is opened only when the index does not know it."""
    # Before the file is read: a change while reading then shows at the next start.
    status = image.stat()
    name = os.path.abspath(image)
    facts = None if index is None else index.facts(name, status)
    size: tuple[int, int] | None = None
    if facts is None:
        changed = (status.st_mtime_ns, status.st_ctime_ns)
        digest = _remembered_digest(image, status.st_size, changed)
    else:
        digest, size = facts[0], tuple(facts[1]) or None
    is_new = facts is None
    if one.enable_bucket and size is None:
        size, is_new = upright_size(image), True
    if index is not None and is_new:
        index.note(name, status, [digest, size or ()])
    if size is None or not one.enable_bucket:
        return selector.buckets[0], digest
    return selector.choose(*size), digest


@functools.lru_cache(maxsize=_REMEMBERED_DIGESTS)
def _remembered_digest(path: Path, size_bytes: int, changed_ns: tuple[int, int]) -> str:
    # Size and times of change are part of the key, so a changed file is read again.
    return digest_file(path)
