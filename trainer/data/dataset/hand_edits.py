"""Captions that were edited by hand in the folders of built datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import DatasetError
from ...files import digest_bytes
from ..crops.planning import Crop
from .building import crop_digest
from .dataset_files import MadeFile, made_files


@dataclass(frozen=True, slots=True)
class HandEdit:
    """A caption file of a built dataset that is no longer as it was written."""

    folder: Path
    """The dataset's folder."""
    name: str
    """The file, relative to the folder, with forward slashes."""
    text: str
    """What it says now."""


def find_hand_edits(root: Path, crops: Mapping[str, Crop]) -> dict[str, HandEdit]:
    """Look through all built datasets for captions of these crops that were edited by hand.

    A dataset whose list of files cannot be read is passed over, and so is a file that is gone or
    is no UTF-8 text: building says so where it matters.

    Args:
        root: The folder that holds the datasets' folders.
        crops: Crops by any name.

    Returns:
        By the crop's name; of several datasets the one that was built last counts.
    """
    names_of: dict[str, list[str]] = {}
    for name, crop in crops.items():
        names_of.setdefault(crop_digest(crop), []).append(name)
    found: dict[str, HandEdit] = {}
    for folder in _datasets(root):
        try:
            made = made_files(folder)
        except (DatasetError, OSError):
            continue
        for file, entry in made.items():
            wanted = names_of.get(entry.asked, []) if file.endswith(".png") else []
            edit = _edited(folder, f"{file[:-4]}.txt", made) if wanted else None
            if edit is not None:
                found |= dict.fromkeys(wanted, edit)
    return found


def hand_edits_mark(folder: Path) -> str:
    """Digest of all captions of a built dataset that were edited by hand; "" when none were."""
    try:
        made = made_files(folder)
    except (DatasetError, OSError):
        return "unknown"
    edits = [_edited(folder, name, made) for name in sorted(made) if name.endswith(".txt")]
    said = [f"{edit.name}:{edit.text}" for edit in edits if edit is not None]
    return digest_bytes("\n".join(said).encode()) if said else ""


def _datasets(root: Path) -> list[Path]:
    """Folders with a list of files, the one built last at the end."""
    try:
        folders = [path for path in root.iterdir() if path.is_dir()]
        return sorted(folders, key=lambda path: path.stat().st_mtime_ns)
    except OSError:
        return []


def _edited(folder: Path, name: str, made: Mapping[str, MadeFile]) -> HandEdit | None:
    entry = made.get(name)
    if entry is None or not entry.digest:
        return None
    try:
        data = (folder / name).read_bytes()
        is_as_written = digest_bytes(data) == entry.digest
        return None if is_as_written else HandEdit(folder, name, data.decode("utf-8-sig").strip())
    except (OSError, UnicodeDecodeError):
        return None
