"""Training pictures: finding and checking them, and saving the ones that came from the graph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ...errors import DatasetError
from ...files import write_bytes
from .duplicates import Fingerprint, find_duplicates, perceptual_hash
from .pixels import PictureError, digest_pixels, read_picture

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}) | (
    frozenset({".avif"}) & Image.registered_extensions().keys()
)
"""File name ends that are read, in lower case."""

_OTHER_PICTURES = (
    frozenset({".heic", ".heif", ".avif", ".jxl", ".psd", ".svg", ".jp2", ".tga", ".raw", ".dng"})
    - EXTENSIONS
)
_VIEW_WORDS = {
    "front": "front",
    "behind": "behind",
    "back": "behind",
    "rear": "behind",
    "side": "side",
    "profile": "side",
}
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


def scan_folder(folder: Path, *, min_side_px: int = 256) -> TrainingMedia:
    """Find and check the pictures of a folder, without those of folders inside it.

    Args:
        folder: The folder.
        min_side_px: Pictures with a shorter side are left out; at least 1.

    Raises:
        DatasetError: The folder is missing, holds no pictures, or none that can be used.
    """
    if not folder.is_dir():
        what = "is a file and not a folder" if folder.exists() else "does not exist"
        raise DatasetError(f"The folder '{folder}' {what}. Check 'folder'.")
    # Names with a leading dot are hidden; macOS makes such a one beside every picture.
    names = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    wanted = EXTENSIONS | _OTHER_PICTURES
    paths = [path for path in names if path.suffix.lower() in wanted]
    if not any(path.suffix.lower() in EXTENSIONS for path in paths):
        listed = f"{', '.join(sorted(EXTENSIONS)[:-1])} and {sorted(EXTENSIONS)[-1]}"
        raise DatasetError(
            f"No pictures in '{folder}'. Looked for {listed} in that folder only, not below it. "
            "Check 'folder'."
        )
    return scan_files(folder, sorted(paths, key=natural_key), min_side_px=min_side_px)


def scan_files(folder: Path, paths: Sequence[Path], *, min_side_px: int = 256) -> TrainingMedia:
    """Check the given picture files, in their order.

    Args:
        folder: The folder they belong to, for messages.
        paths: The files.
        min_side_px: Pictures with a shorter side are left out; at least 1.

    Raises:
        DatasetError: None of the files can be used.
    """
    found: list[MediaItem | MediaProblem] = []
    looks: dict[Path, int] = {}
    for path in paths:
        try:
            item, looks[path] = _examine(path, min_side_px)
            found.append(item)
        except PictureError as error:
            found.append(MediaProblem(path, error.kind, f"{path.name} {error}."))
    media = _without_duplicates(folder, found, looks)
    if not media.items:
        texts = [problem.text for problem in media.problems]
        more = f" And {len(texts) - _NAMES_SHOWN} more." if len(texts) > _NAMES_SHOWN else ""
        raise DatasetError(
            f"None of the {len(texts)} picture files in '{folder}' can be used. "
            f"{' '.join(texts[:_NAMES_SHOWN])}{more}"
        )
    return media


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
    """Return where the caption of a picture belongs: a .txt file of the same name beside it."""
    return item.path.with_suffix(".txt")


def guess_view(name: str) -> str:
    """Guess from a file name which side the subject shows.

    Whole words count, also inside "frontView" or "back_view"; "background" is not "back".

    Args:
        name: File name without its extension.

    Returns:
        "front", "behind" or "side"; "" when no word or words for different sides are found.
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [word.lower() for word in re.findall(r"[^\W\d_]+", apart)]
    views = {_VIEW_WORDS.get(word.removesuffix("view"), "") for word in words} - {""}
    return views.pop() if len(views) == 1 else ""


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key by which "picture 2" comes before "picture 10", upper and lower case together."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    return key, path.name


def save_batch(images: torch.Tensor, folder: Path, prefix: str) -> list[Path]:
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
    for number, picture in enumerate(images, start=1):
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


def _examine(path: Path, min_side_px: int) -> tuple[MediaItem, int]:
    if path.suffix.lower() in _OTHER_PICTURES:
        raise PictureError(
            "unsupported",
            f"is left out: files of type {path.suffix.lower()} cannot be read here. "
            "Save it as PNG or JPEG",
        )
    image = read_picture(path)
    if min(image.size) < min_side_px:
        raise PictureError(
            "too_small",
            f"is left out: it has {image.width}x{image.height} pixels, and the shorter side must "
            f"have at least {min_side_px}. Use a larger picture or lower 'min_side_px'",
        )
    digest = digest_pixels(image)
    has_alpha = image.mode == "RGBA"
    view = guess_view(path.stem)
    item = MediaItem(path, image.width, image.height, digest, has_alpha, view)
    return item, perceptual_hash(image)


def _without_duplicates(
    folder: Path, found: Sequence[MediaItem | MediaProblem], looks: dict[Path, int]
) -> TrainingMedia:
    items = [entry for entry in found if isinstance(entry, MediaItem)]
    prints = [Fingerprint(item.digest, looks[item.path], item.view) for item in items]
    repeats: dict[Path, MediaProblem] = {}
    for match in find_duplicates(prints):
        path, first = items[match.later].path, items[match.earlier].path.name
        repeats[path] = (
            MediaProblem(path, "duplicate", f"{path.name} is left out: same picture as {first}.")
            if match.is_exact
            else MediaProblem(
                path,
                "near_duplicate",
                f"{path.name} looks nearly the same as {first}. Both are used; take one out "
                "unless the difference matters.",
            )
        )
    kept = [item for item in items if not _is_left_out(repeats.get(item.path))]
    problems = [
        entry if isinstance(entry, MediaProblem) else repeats[entry.path]
        for entry in found
        if isinstance(entry, MediaProblem) or entry.path in repeats
    ]
    return TrainingMedia(folder, tuple(kept), tuple(problems))


def _is_left_out(problem: MediaProblem | None) -> bool:
    return problem is not None and problem.kind == "duplicate"
