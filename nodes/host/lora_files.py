"""LoRA files to compare: those of a run, of a folder, or named one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...trainer.config import RunConfig
from ...trainer.errors import ConfigError, TrainerError
from ...trainer.training.results.comparison import LoraChoice, lora_choice
from ...trainer.training.results.verdict import judge
from ...trainer.training.runs.history import History, read_history
from ...trainer.training.runs.run_folder import Run
from .folders import find_source, loras_folder


@dataclass(frozen=True)
class LoraFiles:
    """What there is to compare. trigger: as the run's settings name it; may be empty."""

    files: Sequence[LoraChoice]
    history: History | None = None
    trigger: str = ""

    def best_step(self) -> int | None:
        """The step of the verdict's checkpoint; None without a log that speaks for one."""
        if self.history is None:
            return None
        checkpoint = judge(self.history).checkpoint
        return None if checkpoint is None else checkpoint.step


def find_lora_files(run: object, text: str) -> LoraFiles:
    """The files of a run, or those that a text names.

    Args:
        run: Folder of a run, or None.
        text: A run folder, a folder of LoRA files, or files, one a line.

    Raises:
        TrainerError: A folder or file is not there, or holds no LoRA.
    """
    if isinstance(run, Path):
        return _of_run(run)
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if not names:
        raise ConfigError(
            "Neither 'run' nor 'lora_files' says what to compare. Connect 'run', or type a run "
            "folder such as runs/my_run, a folder of LoRA files, or files, one a line."
        )
    paths = [_found(name) for name in names]
    if len(paths) == 1 and Run(paths[0]).exists:
        return _of_run(paths[0])
    files = [file for path in paths for file in (_in_folder(path) if path.is_dir() else [path])]
    return LoraFiles(_apart(list(map(lora_choice, files))))


def _found(name: str) -> Path:
    in_loras = loras_folder() / name
    return in_loras.resolve() if in_loras.is_file() else find_source(name, "lora_files")


def _of_run(folder: Path) -> LoraFiles:
    history = read_history(folder)
    marks = {mark.step: mark.path for mark in history.checkpoints}
    files = [LoraChoice(path, f"step {step}", step) for step, path in sorted(marks.items())]
    return LoraFiles(files, history, _trigger_of(Run(folder)))


def _trigger_of(run: Run) -> str:
    try:
        return RunConfig.load(run.config_path).output.trigger
    except (TrainerError, OSError):
        # Settings of another version or edited by hand: the prompts may do without.
        return ""


def _in_folder(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.safetensors"), key=_natural)
    if not paths:
        raise ConfigError(
            f"'lora_files' is '{folder}', which holds no .safetensors files. Choose another folder."
        )
    return paths


def _apart(files: Sequence[LoraChoice]) -> list[LoraChoice]:
    """Files of several runs may have the same steps: then their names tell them apart."""
    labels = [one.label for one in files]
    if len(set(labels)) == len(labels):
        return list(files)
    return [LoraChoice(one.path, one.path.stem, one.step) for one in files]


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts step 9 before step 10."""
    parts = re.split(r"(\d+)", path.stem)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
