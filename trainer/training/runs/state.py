"""The training state: all that resuming needs, in one safetensors file for each save.

One file is written whole or not at all, so a state is complete when it is there. A checksum over
the tensors finds a file that was damaged later; the newest sound one is then taken.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from ...errors import StateError
from ...files import save_tensors
from ..optim.optimizers import OptimizerState

KEPT_STATES = 2
STATE_VERSION = 1
_NAME = re.compile(r"^step(\d+)\.safetensors$")
_FIELD = "hunyuan_lora_state"


@dataclass(frozen=True)
class TrainingState:
    """A run between two steps.

    lora holds the network's own state, settings the values of `RunConfig.resume_values`, and
    data_digest stands for the items and their order.
    """

    step: int
    lora: Mapping[str, torch.Tensor]
    optimizer: OptimizerState
    settings: Mapping[str, Any]
    data_digest: str


def save_state(folder: Path, state: TrainingState) -> Path:
    """Write a state and delete all but the newest two.

    Raises:
        StateError: The disk is full or the folder cannot be written; older states are unharmed.
    """
    tensors = {f"lora.{name}": value for name, value in state.lora.items()}
    for name, value in state.optimizer.tensors.items():
        tensors[f"optimizer.{name}"] = value
    content = {
        "version": STATE_VERSION,
        "step": state.step,
        "settings": dict(state.settings),
        "data_digest": state.data_digest,
        "optimizer_numbers": dict(state.optimizer.numbers),
        "checksum": _checksum(tensors),
    }
    path = state_path(folder, state.step)
    try:
        save_tensors(path, tensors, {_FIELD: json.dumps(content, allow_nan=False)})
        for old in _state_files(folder)[KEPT_STATES:]:
            old.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise StateError(
            f"Cannot save the training state '{path}': {error}. Free some disk space; earlier "
            "states and checkpoints are unharmed."
        ) from error
    return path


def state_path(folder: Path, step: int) -> Path:
    """The file of a step's state, whether it is there or not."""
    return folder / f"step{step:08d}.safetensors"


def remove_states_after(folder: Path, step: int) -> None:
    """Delete the states of later steps."""
    for path in _state_files(folder):
        if path.name > state_path(folder, step).name:
            path.unlink(missing_ok=True)


def load_state(path: Path) -> TrainingState:
    """Read one state file.

    Raises:
        StateError: The file is cut off, damaged, or made by another version.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            text = (stream.metadata() or {}).get(_FIELD, "")
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}
        content = json.loads(text)
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise StateError(
            f"The training state '{path}' cannot be read: {error}. Delete it, and an older one "
            "is used."
        ) from error
    if content.get("version") != STATE_VERSION:
        raise StateError(
            f"The training state '{path}' has version {content.get('version')}, but this program "
            f"reads version {STATE_VERSION}. Resume with the program that began the run."
        )
    if content["checksum"] != _checksum(tensors):
        raise StateError(f"The training state '{path}' is damaged. Delete it.")
    lora = {name[5:]: value for name, value in tensors.items() if name.startswith("lora.")}
    learned = {name[10:]: value for name, value in tensors.items() if name.startswith("optimizer.")}
    optimizer = OptimizerState(learned, content["optimizer_numbers"])
    return TrainingState(
        content["step"], lora, optimizer, content["settings"], content["data_digest"]
    )


def load_newest_state(folder: Path) -> tuple[TrainingState | None, list[str]]:
    """The newest state that can be read, and a sentence on each newer one that cannot.

    Returns:
        (None, ...) when no state was ever saved.

    Raises:
        StateError: There are states, but none can be read.
    """
    problems: list[str] = []
    for path in _state_files(folder):
        try:
            return load_state(path), problems
        except StateError as error:
            problems.append(str(error))
    if problems:
        raise StateError("\n".join([f"No training state in '{folder}' can be used.", *problems]))
    return None, problems


def check_same_run(state: TrainingState, settings: Mapping[str, Any], data_digest: str) -> None:
    """Refuse to go on with other settings or other data than the state was made with.

    Raises:
        StateError: Names what differs.
    """
    differing = []
    for section, values in settings.items():
        before = state.settings.get(section, {})
        for name, value in values.items():
            if name in before and before[name] != value:
                differing.append(f"{section}.{name} was {before[name]!r} and is now {value!r}")
    if differing:
        raise StateError(
            f"The run cannot be resumed with other settings: {'; '.join(differing)}. Set them "
            "back, or start a new run."
        )
    if state.data_digest != data_digest:
        raise StateError(
            "The run cannot be resumed because its pictures or their sizes or repeats have "
            "changed since it was stopped. Restore the dataset, or start a new run."
        )


def _state_files(folder: Path) -> list[Path]:
    """State files, newest first."""
    found = [
        (int(match[1]), path) for path in folder.glob("*") if (match := _NAME.match(path.name))
    ]
    return [path for _, path in sorted(found, reverse=True)]


def _checksum(tensors: Mapping[str, torch.Tensor]) -> int:
    total = 0
    for name in sorted(tensors):
        plain = tensors[name].detach().to("cpu").contiguous().reshape(-1).view(torch.uint8)
        total = zlib.crc32(plain.numpy().tobytes(), zlib.crc32(name.encode(), total))
    return total
