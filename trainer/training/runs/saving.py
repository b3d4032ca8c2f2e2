"""Saves and events of a run, and taking it up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ...data.batches import TrainingItem
from ...errors import ExportError, StateError
from ...export.lora_file import save_lora
from ...export.metadata import lora_metadata
from ..optim.optimizers import get_optimizer_state, set_optimizer_state
from ..reports import HookCaller, TrainRequest
from .run_folder import Run
from .state import TrainingState, check_same_run, load_newest_state, save_state


class RunSaver:
    """Everything that a running training writes."""

    def __init__(
        self, request: TrainRequest, optimizer: torch.optim.Optimizer, hooks: HookCaller
    ) -> None:
        """Name the run's folder; nothing is written yet."""
        self._request = request
        self._optimizer = optimizer
        self._hooks = hooks
        self._run = Run(request.run_folder)
        self._saved_step = -1
        self.last_checkpoint: Path | None = None

    def begin(self) -> None:
        """Start an empty run folder.

        Raises:
            StateError: A run was already begun there, or the folder cannot be written.
        """
        if self._run.exists:
            raise StateError(
                f"'{self._run.folder}' already holds a run. Resume it, or choose another folder."
            )
        self._write_config()

    def restore(self) -> tuple[int, list[float]]:
        """Take up the newest state: network, optimizer and events.

        Returns:
            Steps done, and the loss of each of them.

        Raises:
            StateError: No run is there, it has other settings or data, or no state can be read.
        """
        if not self._run.exists:
            raise StateError(
                f"'{self._run.folder}' holds no run to resume. Give the folder of a begun run."
            )
        state, problems = load_newest_state(self._run.states)
        step = 0
        if state is not None:
            check_same_run(state, self._request.config.resume_values(), self._data_digest())
            self._request.network.load_state(state.lora)
            set_optimizer_state(self._optimizer, state.optimizer)
            step = self._saved_step = state.step
        self._write_config(drop_after=step)
        losses = self._recall(step)
        for problem in problems:
            self.emit("warning", text=problem)
        return step, losses

    def emit(self, kind: str, **values: Any) -> None:
        """Log an event and hand it to the caller; a full disk does not stop the run here."""
        try:
            record = self._run.append_event(kind, **values)
        except OSError as error:
            record = {"type": kind, **values, "log_error": str(error)}
        self._hooks.on_event(record)

    def save(self, step: int, epoch: int) -> None:
        """Write checkpoint and state of a step, unless it is already saved.

        Raises:
            StateError: One of them cannot be written; earlier ones are unharmed.
            ExportError: The LoRA cannot be held in the chosen file format.
        """
        if step == self._saved_step:
            return
        if step > 0:
            self._save_checkpoint(step, epoch)
        # After the checkpoint's event: killed in between, the step is redone and logged again.
        state = TrainingState(
            step=step,
            lora=self._request.network.state(),
            optimizer=get_optimizer_state(self._optimizer),
            settings=self._request.config.resume_values(),
            data_digest=self._data_digest(),
        )
        save_state(self._run.states, state)
        self._saved_step = step

    def try_save(self, step: int, epoch: int) -> None:
        """As `save`, but a failure becomes a warning event and the run can go on."""
        try:
            self.save(step, epoch)
        except (StateError, ExportError) as error:
            self.emit("warning", text=str(error))

    def _save_checkpoint(self, step: int, epoch: int) -> None:
        config = self._request.config
        path = self._run.checkpoint_path(config.output.name, epoch, step)
        metadata = lora_metadata(config, step, epoch, self._request.metadata)
        try:
            save_lora(path, self._request.network.state(), metadata, dtype=config.output.file_dtype)
        except OSError as error:
            before = f"'{self.last_checkpoint.name}'" if self.last_checkpoint else "none so far"
            raise StateError(
                f"Cannot save the checkpoint '{path}': {error}. Free some disk space; the last "
                f"good checkpoint is {before}."
            ) from error
        self.last_checkpoint = path
        self.emit("checkpoint", step=step, epoch=epoch, path=self._run.relative(path))

    def _write_config(self, drop_after: int | None = None) -> None:
        try:
            self._request.config.save(self._run.config_path)
            if drop_after is not None:
                self._run.drop_events_after(drop_after)
        except OSError as error:
            raise StateError(
                f"Cannot write into the run folder '{self._run.folder}': {error}. Choose another "
                "folder or free some disk space."
            ) from error

    def _recall(self, step: int) -> list[float]:
        """Losses up to `step` from the log; also finds the last checkpoint that is still there."""
        losses: dict[int, float] = {}
        for record in self._run.events() if self._run.events_path.exists() else ():
            if record["type"] == "step" and record["step"] <= step:
                losses[record["step"]] = record["loss"]
            elif record["type"] == "checkpoint":
                path = self._run.folder / record["path"]
                self.last_checkpoint = path if path.exists() else self.last_checkpoint
        return [losses[number] for number in sorted(losses)]

    def _data_digest(self) -> str:
        return items_digest(self._request.items)


def items_digest(items: Sequence[TrainingItem]) -> str:
    """32 hexadecimal digits that change with the items, their order, sizes or repeats."""
    text = json.dumps([[item.key, list(item.shape), item.repeats] for item in items])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
