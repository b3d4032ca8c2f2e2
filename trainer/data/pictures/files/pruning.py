"""Keeping a folder of files that can be made again below a size."""

from __future__ import annotations

import contextlib
from pathlib import Path


def prune_folder(folder: Path, most_bytes: int) -> int:
    """Delete the oldest files of a folder until the rest is small enough.

    Files that another program holds or has deleted meanwhile are passed over, and so are folders.

    Args:
        folder: The folder; nothing happens when it is not there.
        most_bytes: Largest sum of file sizes that stays.

    Returns:
        How many files were deleted.
    """
    found: list[tuple[int, int, Path]] = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                status = path.lstat()
                if path.is_file() and not path.is_symlink():
                    found.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in found)
    deleted = 0
    for _, size, path in sorted(found):
        if total <= most_bytes:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size
            deleted += 1
    return deleted
