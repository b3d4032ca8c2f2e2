"""LoRA files of a run that was not ours: which step each of them was saved at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ...errors import DatasetError
from ..runs.history import CheckpointMark

_STEP = re.compile(r"step[-_ ]?0*(\d+)", re.I)
_EPOCH = re.compile(r"(?:epoch[-_ ]?|[-_]e)0*(\d+)|[-_](\d{6})$", re.I)
"""kohya-ss names a file after its epoch in six digits."""


@dataclass(frozen=True)
class _Lora:
    path: Path
    step: int | None
    epoch: int | None


def find_loras(folder: Path, last_step: int) -> tuple[CheckpointMark, ...]:
    """The LoRA files of a folder as checkpoints, by their step.

    The step is taken from the metadata (ss_steps), else from the name; where only epochs are known
    (ss_epoch or the name), the last of them is taken to end at the run's last step. A file with
    neither is the one saved at the end, if it is the only one of that kind.

    Args:
        folder: Holds .safetensors files of one run.
        last_step: The run's last step.

    Raises:
        DatasetError: There is no such folder, or no file whose step can be told.
    """
    if not folder.is_dir():
        raise DatasetError(f"'checkpoints_folder' is '{folder}', which is not a folder.")
    found = [_read(path) for path in sorted(folder.glob("*.safetensors"))]
    epochs = [lora.epoch for lora in found if lora.epoch and lora.step is None]
    length = last_step / max(epochs, default=1)
    marks: dict[int, CheckpointMark] = {}
    unknown = []
    for lora in found:
        if lora.step is None and not lora.epoch:
            unknown.append(lora)
            continue
        step = round((lora.epoch or 0) * length) if lora.step is None else lora.step
        marks[step] = CheckpointMark(step, lora.epoch or 0, lora.path)
    if len(unknown) == 1 and marks and max(marks) < last_step:
        marks[last_step] = CheckpointMark(last_step, 0, unknown[0].path)
    if not marks:
        raise DatasetError(
            f"No file in '{folder}' tells its step. Give the folder with the run's .safetensors "
            "files, with the step or epoch in their names (such as name-step000500.safetensors) "
            "or in their metadata (ss_steps, ss_epoch)."
        )
    return tuple(marks[step] for step in sorted(marks))


def _read(path: Path) -> _Lora:
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
    except (SafetensorError, OSError):
        notes = {}  # a file that cannot be read still has a name
    by_step, by_epoch = _STEP.search(path.stem), _EPOCH.search(path.stem)
    step = _whole(notes.get("ss_steps")) or (int(by_step[1]) if by_step else None)
    epoch = _whole(notes.get("ss_epoch"))
    if epoch is None and by_epoch:
        epoch = int(by_epoch[1] or by_epoch[2])
    return _Lora(path, step, epoch)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
