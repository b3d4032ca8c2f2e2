"""The files of a built dataset: which ones we made, and how hand edits survive a new build.

A small JSON beside them lists every file that was made, with a digest of what was asked for and of
what was written. From that follow the rules: a file whose wish is unchanged stays as it is, even
when it was edited by hand; a file that must change or go is first moved to `set_aside/` when it was
edited; a file that is not on the list is never touched.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DatasetError
from ...files import digest_bytes, digest_file, write_bytes, write_text

LEDGER_NAME = "made_by_studio.json"
ASIDE_NAME = "set_aside"

_LEDGER_FORMAT = 1
_STEM_LENGTH = 48
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\s\ud800-\udfff]+')

# What Python makes of bytes in a name that are no UTF-8.
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One line of the ledger."""

    asked: str
    """Digest of what the file was made from; empty while a build is under way."""
    digest: str
    """Digest of the bytes that were written; empty while a build is under way."""
    source: str = ""
    """Digest of the picture that a crop was cut from; empty for captions and the manifest."""


class DatasetFolder:
    """Writes files into one dataset folder and keeps the ledger of them."""

    def __init__(self, folder: Path) -> None:
        """Open the folder; it is made when missing.

        Raises:
            DatasetError: The folder cannot be made or named in a manifest, or its ledger cannot be
                read.
        """
        self.folder = folder
        if _NO_TEXT.search(str(folder.resolve())):
            raise DatasetError(
                f"The folder '{_NO_TEXT.sub('?', str(folder))}' has a name that is no UTF-8 text, "
                "which a manifest cannot hold. Choose another 'folder'."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatasetError(
                f"Cannot make the folder '{folder}': {error.strerror}. Check 'folder'."
            ) from error
        self._before = _read_ledger(folder)
        self._now: dict[str, MadeFile] = {}

    def is_free(self, name: str) -> bool:
        """Tell whether `name` (relative, with /) may be written: not there yet, or made by us."""
        return name in self._before or not os.path.lexists(self.folder / name)

    def begin(self, names: list[str]) -> None:
        """Note the files to come, so that a build that is cut off still knows them as its own."""
        planned = {name: self._before.get(name, MadeFile("", "")) for name in names}
        self._save({**self._before, **planned})

    def is_as_asked(self, name: str, asked: str) -> bool:
        """Tell whether the file is there and was made from the same as is asked for now."""
        made = self._before.get(name)
        return made is not None and made.asked == asked and (self.folder / name).is_file()

    def put(self, name: str, asked: str, make: Callable[[], bytes], source: str = "") -> bool:
        """Make sure that a file is there; returns whether it was written.

        Args:
            name: Path relative to the folder, with forward slashes; free in the sense of `is_free`.
            asked: Digest of everything that the content follows from.
            make: Gives the content; only called when it is needed.
            source: Digest of the picture that a crop is cut from.
        """
        path, made = self.folder / name, self._before.get(name)
        if made is not None and self.is_as_asked(name, asked):
            self._now[name] = replace(made, source=source)
            return False
        data = make()
        digest = digest_bytes(data)
        self._now[name] = MadeFile(asked, digest, source)
        if path.is_file():
            current = digest_file(path)
            if current == digest:
                return False
            if made is None or made.digest != current:
                self._set_aside(name)
        write_bytes(path, data)
        return True

    def overrule(self, name: str, data: bytes) -> None:
        """Write a file that was edited by hand; what was there is set aside first.

        Args:
            name: A file on the list, relative to the folder.
            data: Its new content.

        Raises:
            DatasetError: The file is not on the list.
        """
        if name not in self._before:
            raise DatasetError(
                f"'{name}' is not a file of the dataset in '{self.folder}'. Build it again."
            )
        if (self.folder / name).is_file():
            self._set_aside(name)
        write_bytes(self.folder / name, data)
        digest = digest_bytes(data)
        self._before[name] = MadeFile(digest, digest)
        self._save(self._before)

    def remove_stale(self, keep: frozenset[str] = frozenset()) -> int:
        """Take away files of earlier builds that were not put again; returns how many.

        Args:
            keep: Names that will still be put.
        """
        removed = 0
        for name in [name for name in self._before if name not in self._now and name not in keep]:
            path = self.folder / name
            if not path.is_file():
                continue
            if self._before[name].digest == digest_file(path):
                path.unlink()
            else:
                self._set_aside(name)
            removed += 1
            if path.parent != self.folder and not any(path.parent.iterdir()):
                path.parent.rmdir()
        return removed

    def close(self) -> None:
        """Save the list of the files that belong to this build."""
        self._save(self._now)

    def _set_aside(self, name: str) -> None:
        target = self.folder / ASIDE_NAME / name
        number = 2
        while os.path.lexists(target):
            target = (self.folder / ASIDE_NAME / name).with_stem(f"{Path(name).stem} ({number})")
            number += 1
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.folder / name, target)

    def _save(self, files: dict[str, MadeFile]) -> None:
        listed = {
            name: [made.asked, made.digest, *([made.source] if made.source else [])]
            for name, made in sorted(files.items())
        }
        text = json.dumps({"format": _LEDGER_FORMAT, "files": listed}, indent=1, ensure_ascii=False)
        path = self.folder / LEDGER_NAME
        if not path.is_file() or path.read_text(encoding="utf-8") != text + "\n":
            write_text(path, text + "\n")


def crop_sources(folder: Path) -> dict[str, str]:
    """The picture that each crop of a built dataset was cut from: relative name to digest.

    Empty for folders that were not built here, and for a list that cannot be read.
    """
    try:
        files = _read_ledger(folder)
    except (DatasetError, OSError):
        return {}
    return {name: made.source for name, made in files.items() if made.source}


def made_files(folder: Path) -> dict[str, MadeFile]:
    """All files on a built dataset's list by relative name; empty when there is no such list.

    Raises:
        DatasetError: The list is damaged.
    """
    return _read_ledger(folder)


def safe_stem(text: str) -> str:
    """Turn text into a part of a file name that Windows, macOS and Linux take.

    Other writing systems stay; reserved characters, spaces and bytes that are no UTF-8 become "_";
    at most 48 characters.
    """
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    return plain[:_STEM_LENGTH].strip("._ ") or "picture"


def _read_ledger(folder: Path) -> dict[str, MadeFile]:
    path = folder / LEDGER_NAME
    if not path.is_file():
        return {}
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        files = {name: MadeFile(*map(str, made)) for name, made in data["files"].items()}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DatasetError(
            f"'{path}' is damaged, so it is not known which files a build may replace. Delete it, "
            "or choose another 'folder'; pictures and captions stay."
        ) from error
    outside = [name for name in files if not _is_inside(name)]
    if outside:
        raise DatasetError(
            f"'{path}' names '{outside[0]}', which is outside its folder. Delete it."
        )
    return files


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    is_plain = not path.is_absolute() and "\\" not in name and ":" not in name
    return is_plain and ".." not in path.parts and bool(path.parts)
