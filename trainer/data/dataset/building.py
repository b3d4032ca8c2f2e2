"""Building datasets: crops and captions become files that this trainer and musubi-tuner read.

`<folder>/<W>x<H>/001_<picture>_<shot>.png` with a `.txt` of the same name, and `dataset.toml`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import DatasetError
from ...files import digest_bytes
from ..captions.captioning import Captioned
from ..crops.planning import Crop
from ..crops.rendering import encode_png, render_crop, render_files
from ..pictures.buckets import Bucket
from ..pictures.media import load_image
from ..pictures.pixels import digest_pixels
from .balance import balance_repeats
from .dataset_files import DatasetFolder, safe_stem
from .manifest import ImageSet, format_manifest
from .reading import (
    MANIFEST_NAME,
    BalanceRow,
    Dataset,
    DatasetItem,
    balance_table,
    list_pictures,
    load_dataset,
    load_pixels,
    summarize,
)

__all__ = [
    "MANIFEST_NAME",
    "BalanceRow",
    "Dataset",
    "DatasetItem",
    "balance_table",
    "build_dataset",
    "load_dataset",
    "load_pixels",
    "summarize",
]

Progress = Callable[[int, int, str], None]

_RENDER_VERSION = 1


def build_dataset(
    captioned: Sequence[Captioned],
    folder: Path,
    *,
    batch_size: int = 1,
    is_balanced: bool = True,
    repeats: int = 1,
    on_progress: Progress | None = None,
) -> Dataset:
    """Write pictures, captions and the manifest into `folder`, and load the result.

    Files that are already as wanted are left alone, hand edits included; see dataset_files.py.
    Bucketing is off in the manifest because every picture has exactly its set's resolution;
    with it on, `resolution` would only mean an area and pictures would be resized again.

    Args:
        captioned: What to write; at least one.
        folder: The dataset's own folder; made when missing.
        batch_size: Pictures in a micro-batch, at least 1.
        is_balanced: Choose repeats so that all buckets come about equally often.
        repeats: Multiplies all repeats, at least 1.
        on_progress: Called with (done, total, file name) after each picture.

    Raises:
        DatasetError: There is nothing to write, or a file cannot be read or written.
    """
    if not captioned:
        raise DatasetError("There are no crops to build a dataset from. Check the crop plan.")
    for name, value in (("batch_size", batch_size), ("repeats", repeats)):
        if value < 1:
            raise DatasetError(f"{name} must be at least 1, but is {value}. Change '{name}'.")
    files = DatasetFolder(folder)
    try:
        names = _choose_names(captioned, files)
        files.begin([f"{name}{end}" for name in names for end in (".png", ".txt")])
        _write_items(captioned, names, files, on_progress)
        files.remove_stale(keep=frozenset([MANIFEST_NAME]))
        sets = _image_sets(captioned, folder, batch_size, repeats, is_balanced)
        text = format_manifest(sets).encode("utf-8")
        files.put(MANIFEST_NAME, digest_bytes(text), lambda: text)
        files.close()
    except OSError as error:
        raise DatasetError(
            f"Cannot write the dataset in '{folder}': {error.strerror or error}. "
            "Check free space and permissions, then run again; finished files are kept."
        ) from error
    return load_dataset(folder / MANIFEST_NAME)


def _choose_names(captioned: Sequence[Captioned], files: DatasetFolder) -> list[str]:
    numbers: dict[Bucket, int] = {}
    names: list[str] = []
    for entry in captioned:
        crop = entry.crop
        numbers[crop.bucket] = number = numbers.get(crop.bucket, 0) + 1
        side = f"_{crop.view}" if crop.view in ("behind", "side") else ""
        shot = safe_stem(crop.shot)
        base = f"{crop.bucket}/{number:03d}_{safe_stem(crop.item.path.stem)}_{shot}{side}"
        names.append(_free_name(base, entry, files))
    return names


def _free_name(base: str, entry: Captioned, files: DatasetFolder) -> str:
    """Step aside for files that somebody else put there, unless they are what we would write."""
    name, number = base, 2
    while not all(files.is_free(name + end) for end in (".png", ".txt")):
        picture, caption = files.folder / f"{name}.png", files.folder / f"{name}.txt"
        is_same = (
            picture.is_file()
            and caption.is_file()
            and caption.read_bytes() == caption_bytes(entry.caption)
            and _shows(picture, entry.crop)
        )
        if is_same:
            break
        name, number = f"{base}_{number}", number + 1
    return name


def _shows(picture: Path, crop: Crop) -> bool:
    # Pixels and not bytes: another version of the pack may have packed them otherwise.
    try:
        return digest_pixels(load_image(picture)) == digest_pixels(render_crop(crop))
    except DatasetError:
        return False


def _write_items(
    captioned: Sequence[Captioned],
    names: Sequence[str],
    files: DatasetFolder,
    on_progress: Progress | None,
) -> None:
    asked = [crop_digest(entry.crop) for entry in captioned]
    # What is not free was found to be the same and is taken over as it is.
    to_make = [
        files.is_free(f"{name}.png") and not files.is_as_asked(f"{name}.png", wish)
        for name, wish in zip(names, asked, strict=True)
    ]
    crops = [entry.crop for entry, is_wanted in zip(captioned, to_make, strict=True) if is_wanted]
    with contextlib.closing(render_files(crops)) as made:
        for number, (entry, name) in enumerate(zip(captioned, names, strict=True)):
            if to_make[number]:
                make = functools.partial(bytes, next(made))
            else:
                make = functools.partial(_present_bytes, files.folder / f"{name}.png", entry.crop)
            files.put(f"{name}.png", asked[number], make, entry.crop.item.digest)
            make = functools.partial(bytes, caption_bytes(entry.caption))
            files.put(f"{name}.txt", digest_bytes(caption_bytes(entry.caption)), make)
            if on_progress is not None:
                on_progress(number + 1, len(captioned), f"{name}.png")


def _present_bytes(path: Path, crop: Crop) -> bytes:
    # Even a file that was there may have been taken away since.
    return path.read_bytes() if path.is_file() else encode_png(render_crop(crop))


def caption_bytes(caption: str) -> bytes:
    """What the file of a caption holds."""
    return (caption + "\n").encode("utf-8")


def crop_digest(crop: Crop) -> str:
    """Digest of all that a crop's file follows from: picture, box, bucket and background."""
    box = crop.box
    parts = (
        _RENDER_VERSION,
        crop.item.digest,
        box.left,
        box.top,
        box.width,
        box.height,
        crop.bucket,
        crop.background if crop.item.has_alpha else "",
    )
    return digest_bytes(" ".join(str(part) for part in parts).encode())


def _image_sets(
    captioned: Sequence[Captioned],
    folder: Path,
    batch_size: int,
    repeats: int,
    is_balanced: bool,
) -> list[ImageSet]:
    buckets = sorted({entry.crop.bucket for entry in captioned})
    # What lies in the folders counts, because pictures that the user added are trained too.
    counts = {bucket: len(list_pictures(folder / str(bucket))) for bucket in buckets}
    chosen = balance_repeats(counts) if is_balanced else dict.fromkeys(buckets, 1)
    where = folder.resolve()
    return [
        ImageSet(
            image_directory=where / str(bucket),
            cache_directory=where / "musubi_cache" / str(bucket),
            resolution=(bucket.width_px, bucket.height_px),
            num_repeats=chosen[bucket] * repeats,
            batch_size=batch_size,
        )
        for bucket in buckets
    ]
