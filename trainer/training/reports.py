"""What a run is asked to do, what it tells while it runs, and what it gives at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..config import RunConfig
from ..data.batches import TrainingItem
from .control import RunControl
from .interfaces import TrainableLora, VelocityModel


@dataclass(frozen=True)
class TrainRequest:
    """One run.

    run_folder: where everything is written. network: the LoRA, already on `device`.
    latent_scale: factor from cached raw latents to latents. metadata: more text fields for the
    LoRA files. validation_items: items kept out of training. empty_text_path: the cached empty
    caption, needed for caption dropout. memory_plan_mb: planned peaks, "device_mb" and "host_mb",
    to be shown beside the measured ones.
    """

    run_folder: Path
    config: RunConfig
    items: Sequence[TrainingItem]
    model: VelocityModel
    network: TrainableLora
    latent_scale: float
    metadata: Mapping[str, str] = field(default_factory=dict)
    validation_items: Sequence[TrainingItem] = ()
    empty_text_path: Path | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    memory_plan_mb: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StepReport:
    """One optimizer step.

    step and epoch count from 1. lr is the learning rate in force, with prodigy d times the
    schedule; d is prodigy's estimate, None for other optimizers. grad_norm is before clipping.
    """

    step: int
    steps_total: int
    epoch: int
    epochs_total: int
    loss: float
    lr: float
    d: float | None
    grad_norm: float
    seconds: float
    remaining_seconds: float


def _ignore(*_: object) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class SampleOccasion:
    """A moment at which previews are due.

    lora_path: the LoRA of this step as a saved file, or None for the base model alone (step 0).
    """

    step: int
    epoch: int
    lora_path: Path | None


@dataclass(frozen=True)
class Hooks:
    """How the caller follows a run, leads it and stops it.

    should_stop is asked before every batch. An exception in any hook but on_sample stops the run as
    well, after it was saved; it is then found in `TrainResult.stop_cause`.

    control: commands of a person. on_sample: makes previews, whose files lie in the run's samples/;
    gives the fields of one "sample" event each ("path" from the run folder, "prompt", "seed",
    "strength", "seconds" ...). paused: what is done with the device while the run is paused.
    stopping: errors that mean "cancelled" wherever they come from, a hook or the model itself, and
    end the run like should_stop. ComfyUI raises one in the middle of its own calls.
    """

    on_step: Callable[[StepReport], object] = _ignore
    on_event: Callable[[Mapping[str, Any]], object] = _ignore
    should_stop: Callable[[], bool] = _never
    control: RunControl | None = None
    on_sample: Callable[[SampleOccasion], Sequence[Mapping[str, Any]]] | None = None
    paused: Callable[[], AbstractContextManager[object]] = nullcontext
    stopping: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True)
class TrainResult:
    """What a run left.

    losses: one for each step of the whole run, also from before a resume. last_checkpoint: None
    when stopped before the first step. stopped: whether it ended before its last step.
    """

    run_folder: Path
    losses: tuple[float, ...]
    lora_state: Mapping[str, torch.Tensor]
    last_checkpoint: Path | None
    stopped: bool
    steps_done: int
    stop_cause: BaseException | None = None


class HookCaller:
    """Calls hooks so that none of them can break a run in the middle of a step."""

    def __init__(self, hooks: Hooks) -> None:
        """Wrap the caller's hooks."""
        self._hooks = hooks
        self._is_stopping = False
        self.cause: BaseException | None = None

    def should_stop(self) -> bool:
        """Whether the run must stop: asked for by the caller, or after an exception in a hook."""
        if not self._is_stopping:
            self._is_stopping = bool(self._guard(self._hooks.should_stop)) or self._is_stopping
        return self._is_stopping

    def on_step(self, report: StepReport) -> None:
        """Hand over a step report."""
        self._guard(self._hooks.on_step, report)

    def on_event(self, record: Mapping[str, Any]) -> None:
        """Hand over an event."""
        self._guard(self._hooks.on_event, record)

    @property
    def makes_samples(self) -> bool:
        """Whether previews can be made."""
        return self._hooks.on_sample is not None

    def on_sample(self, occasion: SampleOccasion) -> tuple[Sequence[Mapping[str, Any]], str]:
        """Have previews made: the fields of their events, and what went wrong."""
        if self._hooks.on_sample is None:
            return (), ""
        try:
            return self._hooks.on_sample(occasion), ""
        except self._hooks.stopping as error:
            self.stop_for(error)
            return (), ""
        except Exception as error:  # a preview is beside the point: training goes on
            return (), str(error) or type(error).__name__

    @property
    def stopping(self) -> tuple[type[BaseException], ...]:
        """Errors that mean "cancelled"."""
        return self._hooks.stopping

    def stop_for(self, error: BaseException) -> None:
        """The run must stop, because of this."""
        self._is_stopping = True
        self.cause = self.cause or error

    def paused(self) -> AbstractContextManager[object]:
        """What is done with the device while the run is paused."""
        return self._hooks.paused()

    def _guard(self, hook: Callable[..., object], *values: object) -> object:
        try:
            return hook(*values)
        except Exception as error:  # a hook is the caller's code: whatever it raises means stop
            self.stop_for(error)
        except self._hooks.stopping as error:  # no Exception in newer ComfyUI versions
            self.stop_for(error)
        return None
