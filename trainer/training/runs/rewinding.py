"""Taking a running training back to an earlier checkpoint."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from ...errors import StateError
from ...export.formats import load_lora_file
from ..interfaces import TrainableLora
from ..optim.optimizers import reset_optimizer, set_optimizer_state
from .run_folder import Run
from .state import load_state, remove_states_after, state_path

ASIDE = "before_rewind"
"""Folder, below the checkpoints, of those that a run was taken back from."""


def go_back(run: Run, step: int, network: TrainableLora, optimizer: torch.optim.Optimizer) -> str:
    """Put a saved step's values into network and optimizer, and take later events back.

    Later checkpoints are kept beside the others; later states go: resuming takes the newest.

    Returns:
        A sentence when only the LoRA could be restored, else "".

    Raises:
        StateError: The step was not saved.
        ExportError: Its checkpoint cannot be read.
        OSError: The folder cannot be written.
    """
    checkpoint, d = _find(run, step)
    path = state_path(run.states, step)
    problem = ""
    if path.is_file():
        state = load_state(path)
        network.load_state(state.lora)
        set_optimizer_state(optimizer, state.optimizer)
    elif checkpoint is not None:
        network.load_state(_read_lora(checkpoint))
        reset_optimizer(optimizer, d)
        problem = (
            f"The state of step {step} is no longer kept, so the LoRA of its checkpoint was taken "
            "and the optimizer began anew."
        )
    else:
        raise StateError("that step was not saved. Choose a checkpoint that is listed.")
    _set_aside(run, step)
    remove_states_after(run.states, step)
    run.drop_events_after(step)
    return problem


def _find(run: Run, step: int) -> tuple[Path | None, float | None]:
    """The checkpoint of a step, and Prodigy's estimate at that time."""
    checkpoint, d = None, None
    for record in run.events():
        if record.get("step") != step:
            continue
        if record["type"] == "step":
            d = record.get("d")
        elif record["type"] == "checkpoint" and (run.folder / record["path"]).is_file():
            checkpoint = run.folder / record["path"]
    return checkpoint, d if d is not None and math.isfinite(d) else None


def _read_lora(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = {}
    for name, layer in load_lora_file(path).layers.items():
        state[f"{name}.lora_down.weight"] = layer.down.float()
        state[f"{name}.lora_up.weight"] = layer.up.float()
        state[f"{name}.alpha"] = torch.tensor(layer.alpha)
    return state


def _set_aside(run: Run, step: int) -> None:
    for record in list(run.events()):
        if record["type"] != "checkpoint" or record["step"] <= step:
            continue
        path = run.folder / record["path"]
        if path.is_file():
            target = path.parent / ASIDE / path.name
            target.parent.mkdir(exist_ok=True)
            path.replace(target)
