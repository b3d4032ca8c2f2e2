"""Dataset manifests: the TOML dialect that musubi-tuner reads, in and out.

A manifest has one `[general]` table and any number of `[[datasets]]`; values of the first are
defaults for the others. Only folders of still pictures are taken.

Source: musubi-tuner 0.3.4, docs/dataset_config.md and dataset/config_utils.py; own code.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from ...errors import DatasetError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SHARED_KEYS = (
    "caption_extension",
    "batch_size",
    "num_repeats",
    "resolution",
    "enable_bucket",
    "bucket_no_upscale",
)
_SET_KEYS = (*_SHARED_KEYS, "image_directory", "cache_directory")
_VIDEO_KEYS = (
    "video_directory",
    "video_jsonl_file",
    "target_frames",
    "frame_extraction",
    "frame_stride",
    "frame_sample",
    "max_frames",
    "source_fps",
)
_OTHER_KEYS = (
    "image_jsonl_file",
    "control_directory",
    "multiple_target",
    "no_resize_control",
    "control_resolution",
)
_DEFAULTS: dict[str, Any] = {
    "caption_extension": ".txt",
    "batch_size": 1,
    "num_repeats": 1,
    "resolution": (960, 544),
    "enable_bucket": False,
    "bucket_no_upscale": False,
}
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class ImageSet:
    """One `[[datasets]]` entry with the general values merged in."""

    image_directory: Path
    """Folder with pictures and caption files; exists."""
    cache_directory: Path | None
    """Where musubi-tuner keeps its caches; not used by this trainer."""
    resolution: tuple[int, int]
    """Width and height in pixels."""
    num_repeats: int = 1
    """Times that each picture comes in an epoch, at least 1."""
    batch_size: int = 1
    """Pictures in a micro-batch, at least 1."""
    enable_bucket: bool = False
    """Whether `resolution` only sets the area, and each picture gets its own bucket."""
    bucket_no_upscale: bool = False
    """With buckets on: whether small pictures keep their size."""
    caption_extension: str = ".txt"
    """End of the caption files' names."""


def read_manifest(path: Path) -> tuple[ImageSet, ...]:
    """Read a manifest and check it whole.

    A relative directory is looked up beside the manifest, then in the working directory. Where an
    absolute one is gone, a folder of its name beside the manifest is taken: the dataset was moved.

    Args:
        path: The TOML file.

    Raises:
        DatasetError: The file is missing or not TOML, or has faults; all of them are listed.
    """
    data = _load_toml(path)
    faults = [
        f"unknown table '{name}'{_near(name, ('general', 'datasets'))}"
        for name in data
        if name not in ("general", "datasets")
    ]
    general, entries = data.get("general", {}), data.get("datasets", [])
    is_table = isinstance(general, dict) and isinstance(entries, list)
    if not is_table or not all(isinstance(entry, dict) for entry in entries):
        raise DatasetError(
            f"'{path}' needs one [general] table and [[datasets]] entries, with double brackets."
        )
    if not entries and not faults:
        raise DatasetError(f"'{path}' has no [[datasets]] entry. Add one with 'image_directory'.")
    faults += _key_faults(general, _SHARED_KEYS, "[general]")
    for number, entry in enumerate(entries, start=1):
        where = f"[[datasets]] number {number}"
        found = _key_faults(entry, _SET_KEYS, where)
        if not found and _find_directory(path, entry["image_directory"]) is None:
            found = [f"{where}: image_directory '{entry['image_directory']}' is missing"]
        faults += found
    if faults:
        raise DatasetError(f"'{path}' cannot be used: {'; '.join(faults)}.")
    return tuple(_image_set(path, {**_DEFAULTS, **general, **entry}) for entry in entries)


def format_manifest(sets: Sequence[ImageSet]) -> str:
    """Write a manifest as TOML text that musubi-tuner reads too.

    What all sets share goes to `[general]`. Directories are written as they are in `sets`, with
    forward slashes, which Windows takes as well.

    Args:
        sets: At least one.
    """
    shared = ("caption_extension", "batch_size", "enable_bucket", "bucket_no_upscale")
    common = [name for name in shared if len({getattr(entry, name) for entry in sets}) == 1]
    lines = ["[general]", *(f"{name} = {_value(getattr(sets[0], name))}" for name in common)]
    own = [name for name in shared if name not in common]
    for entry in sets:
        lines += ["", "[[datasets]]", f"image_directory = {_value(entry.image_directory)}"]
        if entry.cache_directory is not None:
            lines.append(f"cache_directory = {_value(entry.cache_directory)}")
        lines.append(f"resolution = [{entry.resolution[0]}, {entry.resolution[1]}]")
        lines.append(f"num_repeats = {entry.num_repeats}")
        lines += [f"{name} = {_value(getattr(entry, name))}" for name in own]
    return "\n".join(lines) + "\n"


def _load_toml(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DatasetError(f"Cannot read the manifest '{path}': {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"The manifest '{path}' is not UTF-8 text. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise DatasetError(
            f"The manifest '{path}' is not valid TOML: {error}. Windows paths need single quotes, "
            "forward slashes or doubled backslashes."
        ) from error
    return document


def _image_set(manifest: Path, values: dict[str, Any]) -> ImageSet:
    """Make a set from values that were checked."""
    values["resolution"] = _size(values["resolution"])
    values["image_directory"] = _find_directory(manifest, values["image_directory"])
    cache = values.pop("cache_directory", None)
    return ImageSet(cache_directory=None if cache is None else manifest.parent / cache, **values)


def _key_faults(table: Mapping[str, Any], known: Sequence[str], where: str) -> list[str]:
    if any(name in _VIDEO_KEYS for name in table):
        return [f"{where} is a video dataset; training works with pictures for now, so remove it"]
    faults: list[str] = []
    for name, value in table.items():
        if name in _OTHER_KEYS or name.startswith("fp_"):
            faults.append(f"{where}: '{name}' is known to musubi-tuner but not used here")
        elif name in _SET_KEYS and name not in known:
            faults.append(f"{where}: '{name}' belongs into [[datasets]]")
        elif name not in known:
            faults.append(f"{where}: unknown key '{name}'{_near(name, known)}")
        elif problem := _value_fault(name, value):
            faults.append(f"{where}: {name} must be {problem}, but is {json.dumps(str(value))}")
    if "image_directory" in known and "image_directory" not in table:
        faults.append(f"{where} has no 'image_directory'")
    return faults


def _value_fault(name: str, value: object) -> str:
    if name in ("batch_size", "num_repeats"):
        is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        return "" if is_count else "a whole number from 1 up"
    if name in ("enable_bucket", "bucket_no_upscale"):
        return "" if isinstance(value, bool) else "true or false"
    if name == "resolution":
        return "" if _size(value) else "one number or [width, height], 64 to 4096 pixels"
    return "" if isinstance(value, str) and value.strip() else "text"


def _size(value: object) -> tuple[int, int] | None:
    pair: Sequence[object] = value if isinstance(value, (list, tuple)) else (value, value)
    sides = [side for side in pair if isinstance(side, int) and not isinstance(side, bool)]
    if len(pair) != 2 or len(sides) != 2 or not all(64 <= side <= 4096 for side in sides):
        return None
    return sides[0], sides[1]


def _find_directory(manifest: Path, text: str) -> Path | None:
    wanted = Path(text).expanduser()
    # A path from another system ("C:\\data\\768x1024") still has its last part found.
    last = text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    choices = (
        [wanted, manifest.parent / last]
        if wanted.is_absolute() or "\\" in text or text[1:2] == ":"
        else [manifest.parent / wanted, Path.cwd() / wanted]
    )
    return next((choice for choice in choices if choice.is_dir()), None)


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=2)
    return f" (did you mean {' or '.join(repr(entry) for entry in near)}?)" if near else ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = value.as_posix() if isinstance(value, PurePath) else str(value)
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return f"\\u{ord(letter):04x}" if ord(letter) < 32 or ord(letter) == 127 else letter
