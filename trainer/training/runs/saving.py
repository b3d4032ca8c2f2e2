"""Where a run stands, all that it writes, and taking it up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ...config import RunConfig
from ...data.batches import TrainingItem
from ...errors import ConfigError, ExportError, StateError
from ...export.lora_file import save_lora
from ...export.metadata import lora_metadata
from ..optim.optimizers import get_optimizer_state, set_optimizer_state
from ..optim.parking import parked
from ..reports import HookCaller, TrainRequest
from ..steps.step_order import StepOrder
from .rewinding import go_back
from .run_folder import Run
from .state import TrainingState, check_same_run, load_newest_state, save_state

_PREVIEW_NAME = "preview_lora.safetensors"


class RunSaver:
    """The steps a run has done, and everything that it writes."""

    def __init__(
        self, request: TrainRequest, optimizer: torch.optim.Optimizer, hooks: HookCaller
    ) -> None:
        """Name the run's folder; nothing is written yet."""
        self._request = request
        self._optimizer = optimizer
        self._hooks = hooks
        self._run = Run(request.run_folder)
        self._saved_step = -1
        self._order: StepOrder | None = None
        self.steps_done = 0
        self.losses: list[float] = []
        self.last_checkpoint: Path | None = None

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._run.folder

    @property
    def epochs_done(self) -> int:
        """The epoch of the last done step, counted from 1."""
        return 0 if self._order is None else self._order.epoch_of(self.steps_done)

    def begin(self, order: StepOrder) -> None:
        """Start an empty run folder.

        Raises:
            StateError: A run was already begun there, or the folder cannot be written.
        """
        if self._run.exists:
            raise StateError(
                f"'{self._run.folder}' already holds a run. Resume it, or choose another folder."
            )
        self._order = order
        self._write_config()

    def restore(self, order: StepOrder) -> None:
        """Take up the newest state: network, optimizer, events, and changes of the run's length.

        Raises:
            StateError: No run is there, it has other settings or data, or no state can be read.
        """
        if not self._run.exists:
            raise StateError(
                f"'{self._run.folder}' holds no run to resume. Give the folder of a begun run."
            )
        self._order = order
        state, problems = load_newest_state(self._run.states)
        if state is not None:
            check_same_run(state, self._request.config.resume_values(), self._data_digest())
            self._take_state(state)
        keeps_length = self._has_same_length()
        self._write_config(drop_after=self.steps_done)
        self._recall(follow_length=keeps_length)
        for problem in problems:
            self.warn(problem)

    def emit(self, kind: str, /, **values: Any) -> None:
        """Log an event and hand it to the caller; a full disk does not stop the run here."""
        try:
            record = self._run.append_event(kind, **values)
        except OSError as error:
            record = {"type": kind, **values, "log_error": str(error)}
        self._hooks.on_event(record)

    def warn(self, text: str) -> None:
        """Log a warning."""
        self.emit("warning", text=text)

    def note_step(self, steps_done: int, loss: float) -> None:
        """A step is done."""
        self.steps_done = steps_done
        self.losses.append(loss)

    def save(self) -> None:
        """Write checkpoint and state, unless the present step is already saved.

        Raises:
            StateError: One of them cannot be written; earlier ones are unharmed.
            ExportError: The LoRA cannot be held in the chosen file format.
        """
        step = self.steps_done
        if step == self._saved_step:
            return
        if step > 0:
            self._save_checkpoint()
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

    def try_save(self) -> None:
        """As `save`, but a failure becomes a warning event and the run can go on."""
        try:
            self.save()
        except (StateError, ExportError) as error:
            self.warn(str(error))

    def rewind(self, step: int) -> str:
        """Take the run back to a saved step; gives what is wrong when that is not possible.

        Exact where the state of that step is still kept; else the LoRA of the checkpoint is taken
        and the optimizer begins anew, which a warning says.
        """
        if not 0 < step < self.steps_done:
            return f"it has to lie between 1 and {self.steps_done - 1}."
        try:
            problem = go_back(self._run, step, self._request.network, self._optimizer)
        except (StateError, ExportError, OSError) as error:
            return str(error)
        self._saved_step = step
        self.steps_done = step
        self.losses = self.losses[:step]
        self.last_checkpoint = None
        self._recall(follow_length=False)
        if problem:
            self.warn(problem)
        return ""

    @contextmanager
    def lora_file(self, at_start: bool) -> Iterator[Path | None]:
        """The LoRA of the present step as a saved file; None for the base model alone."""
        if at_start:
            yield None
            return
        if self.last_checkpoint is not None and self._saved_step == self.steps_done:
            yield self.last_checkpoint
            return
        path = self._run.samples / _PREVIEW_NAME
        try:
            self._save_lora(path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def parked(self) -> Any:
        """A context in which the LoRA and the optimizer's state are in main memory."""
        return parked(self._request.network.parameters(), self._optimizer)

    def _take_state(self, state: TrainingState) -> None:
        self._request.network.load_state(state.lora)
        set_optimizer_state(self._optimizer, state.optimizer)
        self.steps_done = self._saved_step = state.step

    def _save_checkpoint(self) -> None:
        config = self._request.config
        path = self._run.checkpoint_path(config.output.name, self.epochs_done, self.steps_done)
        try:
            self._save_lora(path)
        except OSError as error:
            before = f"'{self.last_checkpoint.name}'" if self.last_checkpoint else "none so far"
            raise StateError(
                f"Cannot save the checkpoint '{path}': {error}. Free some disk space; the last "
                f"good checkpoint is {before}."
            ) from error
        self.last_checkpoint = path
        relative = self._run.relative(path)
        self.emit("checkpoint", step=self.steps_done, epoch=self.epochs_done, path=relative)

    def _save_lora(self, path: Path) -> None:
        config, network = self._request.config, self._request.network
        metadata = lora_metadata(config, self.steps_done, self.epochs_done, self._request.metadata)
        save_lora(path, network.state(), metadata, dtype=config.output.file_dtype)

    def _has_same_length(self) -> bool:
        """Whether the run was begun with the length that is asked for now."""
        try:
            before = RunConfig.load(self._run.config_path).train
        except ConfigError:
            return False
        now = self._request.config.train
        return (before.epochs, before.steps) == (now.epochs, now.steps)

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

    def _recall(self, *, follow_length: bool) -> None:
        """Losses, the last checkpoint that is still there, and the wished length from the log."""
        losses: dict[int, float] = {}
        for record in self._run.events() if self._run.events_path.exists() else ():
            kind = record["type"]
            if kind == "step" and record["step"] <= self.steps_done:
                losses[record["step"]] = record["loss"]
            elif kind == "checkpoint":
                path = self._run.folder / record["path"]
                self.last_checkpoint = path if path.exists() else self.last_checkpoint
            elif kind == "control" and follow_length and self._order is not None:
                if record["action"] == "set_steps":
                    self._order.set_total(record["step"], record["value"])
                elif record["action"] == "rewind":
                    self._order.go_back(record["value"])
        self.losses = [losses[number] for number in sorted(losses)]

    def _data_digest(self) -> str:
        return items_digest(self._request.items)


def items_digest(items: Sequence[TrainingItem]) -> str:
    """32 hexadecimal digits that change with the items, their order, sizes or repeats."""
    text = json.dumps([[item.key, list(item.shape), item.repeats] for item in items])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
