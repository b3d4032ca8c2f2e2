"""Training pictures: finding and checking them, and saving the ones that came from the graph."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ...errors import DatasetError
from ...files import write_bytes
from .duplicates import Fingerprint, find_duplicates
from .files.examining import Outcome, examine_pictures
from .names import guess_view, natural_key
from .pixels import PictureError, digest_pixels, read_picture

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}) | (
    frozenset({".avif"}) & Image.registered_extensions().keys()
)
"""File name ends that are read, in lower case."""

_OTHER_PICTURES = (
    frozenset({".heic", ".heif", ".avif", ".jxl", ".psd", ".svg", ".jp2", ".tga", ".raw", ".dng"})
    - EXTENSIONS
)
_UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One usable picture."""

    path: Path
    """The file."""
    width_px: int
    """Width of the upright picture."""
    height_px: int
    """Height of the upright picture."""
    digest: str
    """Digest of the pixels: 32 hexadecimal digits, the same for the same picture in any file."""
    has_alpha: bool
    """Whether a part of the picture is see-through."""
    view: str = ""
    """Side the subject shows, from the file name: "front", "behind", "side" or ""."""
    look: int | None = None
    """Perceptual hash (64 bits) by which near duplicates are found; None when not computed."""
    file_digest: str = ""
    """Digest of the file's bytes when it was scanned; "" when not known."""


@dataclass(frozen=True, slots=True)
class MediaProblem:
    """Something about one file that the user should know."""

    path: Path
    """The file."""
    kind: str
    """unreadable, unsupported, animated, too_small, too_large, duplicate or near_duplicate.
    Only a near_duplicate stays in use."""
    text: str
    """One sentence that begins with the file's name."""


@dataclass(frozen=True, slots=True)
class TrainingMedia:
    """The usable pictures of one folder, and what was wrong with the others."""

    folder: Path
    """Where the pictures are."""
    items: tuple[MediaItem, ...]
    """Usable pictures in natural order of their names."""
    problems: tuple[MediaProblem, ...] = ()
    """Left-out files and warnings, in the same order."""


def scan_folder(
    folder: Path, *, min_side_px: int = 256, only: Iterable[Path] | None = None
) -> TrainingMedia:
    """Find and check the pictures of a folder, without those of folders inside it.

    Args:
        folder: The folder.
        min_side_px: Pictures with a shorter side are left out; at least 1.
        only: Take these files of the folder and no others, in this order.

    Raises:
        DatasetError: The folder is missing, holds no pictures, or none that can be used.
    """
    if not folder.is_dir():
        what = "is a file and not a folder" if folder.exists() else "does not exist"
        raise DatasetError(f"The folder '{folder}' {what}. Check 'folder'.")
    if only is not None:
        return _scan_files(folder, list(dict.fromkeys(only)), min_side_px)
    # Names with a leading dot are hidden; macOS makes such a one beside every picture.
    wanted = EXTENSIONS | _OTHER_PICTURES
    try:
        names = [path for path in folder.iterdir() if path.name[0] != "."]
        paths = [path for path in names if path.suffix.lower() in wanted and not path.is_dir()]
    except OSError as error:
        raise DatasetError(f"The folder '{folder}' cannot be opened ({error.strerror}).") from error
    if not any(path.suffix.lower() in EXTENSIONS for path in paths):
        listed = f"{', '.join(sorted(EXTENSIONS)[:-1])} and {sorted(EXTENSIONS)[-1]}"
        raise DatasetError(
            f"No pictures in '{folder}'. Looked for {listed} in that folder only, not below it. "
            "Check 'folder'."
        )
    return _scan_files(folder, sorted(paths, key=natural_key), min_side_px)


def merge_media(parts: Sequence[TrainingMedia]) -> TrainingMedia:
    """Join the pictures of several places; a picture that repeats one of an earlier part goes.

    Args:
        parts: At least one; the folder of the first names the whole.

    Raises:
        DatasetError: No parts are given.
    """
    if not parts:
        raise DatasetError("No pictures are given. Name a folder or connect pictures.")
    if len(parts) == 1:
        return parts[0]
    # Problems are found anew where two pictures repeat each other, in one part or across.
    items = [item for part in parts for item in part.items]
    joined = _without_duplicates(parts[0].folder, items)
    earlier = [
        problem for part in parts for problem in part.problems if problem.kind != "near_duplicate"
    ]
    return TrainingMedia(joined.folder, joined.items, (*earlier, *joined.problems))


def load_image(path: Path) -> Image.Image:
    """Load a picture upright with 8 bits a channel: RGB, or RGBA where it is see-through.

    Args:
        path: The file.

    Raises:
        DatasetError: The file is missing, damaged, animated or too large.
    """
    try:
        return read_picture(path)
    except PictureError as error:
        raise DatasetError(f"{path.name} {error}.") from error


def caption_path(item: MediaItem) -> Path:
    """Return where the caption of a picture belongs: a .txt file of the same name beside it.

    A file of the same letters is taken too when it is the one that is there: macOS writes é as
    two characters in some names, and some programs write .TXT.
    """
    stem = item.path.stem
    names = [f"{stem}.txt", f"{stem}.TXT"]
    names += [f"{unicodedata.normalize(form, stem)}.txt" for form in ("NFC", "NFD")]
    paths = [item.path.with_name(name) for name in names]
    return next((path for path in paths if os.path.lexists(path)), paths[0])


def save_batch(images: torch.Tensor | NDArray[np.float32], folder: Path, prefix: str) -> list[Path]:
    """Save a batch of pictures as PNG files named after their content.

    A picture that is there already is not written again, so that running twice makes nothing new.

    Args:
        images: Pictures in 0..1 (beyond is cut off), float [N,H,W,3] or [N,H,W,4].
        folder: Where the files go; made when missing.
        prefix: Start of each file name; characters that file systems refuse become "_".

    Returns:
        One path for each picture; equal pictures share one.

    Raises:
        DatasetError: The shape or the values are not those of pictures.
    """
    if images.ndim != 4 or images.shape[-1] not in (3, 4) or 0 in images.shape:
        raise DatasetError(
            f"'images' has the shape {list(images.shape)}, but pictures are [count, height, "
            "width, 3 or 4 channels]. Connect an IMAGE output to 'images'."
        )
    start = _UNSAFE_IN_NAMES.sub("_", prefix).strip(" .") or "picture"
    paths = []
    for number, picture in enumerate(torch.as_tensor(images), start=1):
        values = picture.detach().to("cpu", torch.float32).numpy()
        if not np.isfinite(values).all():
            raise DatasetError(
                f"Picture {number} of 'images' holds values that are not numbers (NaN or "
                "infinite). Check the node that makes it."
            )
        pixels = np.round(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
        image = Image.fromarray(pixels)
        path = folder / f"{start}_{digest_pixels(image)[:16]}.png"
        if not path.exists():
            encoded = BytesIO()
            image.save(encoded, format="PNG")
            write_bytes(path, encoded.getvalue())
        paths.append(path)
    return paths


def _scan_files(folder: Path, paths: Sequence[Path], min_side_px: int) -> TrainingMedia:
    readable = [path for path in paths if path.suffix.lower() not in _OTHER_PICTURES]
    with contextlib.closing(examine_pictures(readable)) as outcomes:
        found = [
            _unsupported(path)
            if path.suffix.lower() in _OTHER_PICTURES
            else _judge(path, next(outcomes), min_side_px)
            for path in paths
        ]
    media = _without_duplicates(folder, found)
    if not media.items:
        texts = [problem.text for problem in media.problems]
        more = f" And {len(texts) - _NAMES_SHOWN} more." if len(texts) > _NAMES_SHOWN else ""
        raise DatasetError(
            f"None of the {len(texts)} picture files in '{folder}' can be used. "
            f"{' '.join(texts[:_NAMES_SHOWN])}{more}"
        )
    return media


def _unsupported(path: Path) -> MediaItem | MediaProblem:
    text = f"files of type {path.suffix.lower()} cannot be read here. Save it as PNG or JPEG"
    return MediaProblem(path, "unsupported", f"{path.name} is left out: {text}.")


def _judge(path: Path, outcome: Outcome, min_side_px: int) -> MediaItem | MediaProblem:
    if isinstance(outcome, PictureError):
        return MediaProblem(path, outcome.kind, f"{path.name} {outcome}.")
    width, height = outcome.width_px, outcome.height_px
    if min(width, height) < min_side_px:
        text = (
            f"{path.name} is left out: it has {width}x{height} pixels, and the shorter side must "
            f"have at least {min_side_px}. Use a larger picture or lower the limit."
        )
        return MediaProblem(path, "too_small", text)
    return MediaItem(
        path,
        width,
        height,
        outcome.digest,
        has_alpha=outcome.has_alpha,
        view=guess_view(path.stem),
        look=outcome.look,
        file_digest=outcome.file_digest,
    )


def _without_duplicates(folder: Path, found: Sequence[MediaItem | MediaProblem]) -> TrainingMedia:
    items = [entry for entry in found if isinstance(entry, MediaItem)]
    prints = [Fingerprint(item.digest, item.look, item.view) for item in items]
    repeats = {
        match.later: _repeat_problem(items[match.later], items[match.earlier], match.is_exact)
        for match in find_duplicates(prints)
    }
    kept: list[MediaItem] = []
    problems: list[MediaProblem] = []
    number = 0
    for entry in found:
        if isinstance(entry, MediaProblem):
            problems.append(entry)
            continue
        problem = repeats.get(number)
        number += 1
        problems += [problem] if problem else []
        kept += [] if problem and problem.kind == "duplicate" else [entry]
    return TrainingMedia(folder, tuple(kept), tuple(problems))


def _repeat_problem(later: MediaItem, earlier: MediaItem, is_exact: bool) -> MediaProblem:
    name, first = later.path.name, earlier.path.name
    if is_exact:
        text = f"{name} is left out: it is the same picture as {first}."
        return MediaProblem(later.path, "duplicate", text)
    text = (
        f"{name} looks nearly the same as {first}. Both are used; take one out unless the "
        "difference matters."
    )
    return MediaProblem(later.path, "near_duplicate", text)
