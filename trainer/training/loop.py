"""The training loop: steps in order, saves, events, cancelling and resuming.

Everything that a step depends on (items, noise, noise levels, learning rate) is a function of the
step's number, so a resumed run does exactly what an unbroken one does.
"""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch

from ..data.batches import Batch, BatchSampler, TrainingItem
from ..errors import ConfigError, DatasetError, DivergedError, StateError
from .forward import compute_joint_loss, compute_loss, load_on_device
from .noise.flow import NoisyBatch, sample_noisy_batch
from .noise.randomness import placed_generator
from .optim.optimizers import make_optimizer, prodigy_d, set_learning_rate
from .optim.schedules import learning_rate_factor
from .reports import HookCaller, Hooks, StepReport, TrainRequest, TrainResult
from .runs.saving import RunSaver
from .step_order import Step, StepOrder
from .validation import ValidationPlan, validation_loss

TIMED_STEPS = 20


def run_training(
    request: TrainRequest, hooks: Hooks | None = None, *, resume: bool = False
) -> TrainResult:
    """Train a LoRA from the first step, or go on with a stopped run.

    Args:
        request: The run. Its network is trained in place.
        hooks: Reports and cancelling.
        resume: Go on from the newest state in the run folder.

    Returns:
        The result; `stopped` tells whether it was cancelled. A cancelled run can be resumed.

    Raises:
        ConfigError: Settings that cannot work together, or nothing to train.
        DatasetError: There are no items.
        DivergedError: The loss or the gradient became NaN or infinite.
        StateError: The folder holds another run, or resuming or the last save is not possible.
    """
    # ComfyUI runs nodes in inference mode, in which no tensor can be trained.
    # Dtypes are explicit everywhere: an autocast region around it must not reach the backward pass.
    outside = torch.autocast(request.device.type, enabled=False)
    with torch.inference_mode(False), torch.enable_grad(), outside:
        return _Training(request, hooks or Hooks(), resume).run()


class _Training:
    def __init__(self, request: TrainRequest, hooks: Hooks, resume: bool) -> None:
        _check_request(request)
        self._request = request
        self._config = request.config
        self._hooks = HookCaller(hooks)
        train = self._config.train
        sampler = BatchSampler(request.items, train.batch_size, train.seed)
        self._order = StepOrder(sampler, train)
        self._parameters = list(request.network.parameters())
        self._optimizer = make_optimizer(self._config.optimizer, self._parameters, train.seed)
        self._saver = RunSaver(request, self._optimizer, self._hooks)
        self._timings: deque[float] = deque(maxlen=TIMED_STEPS)
        self._weights_are_sound = True
        self._losses: list[float] = []
        self._steps_done = 0
        if resume:
            self._steps_done, self._losses = self._saver.restore()
        else:
            self._saver.begin()

    def run(self) -> TrainResult:
        order = self._order
        self._saver.emit(
            "start",
            steps_done=self._steps_done,
            steps_total=order.steps_total,
            epochs_total=order.epochs_total,
            steps_per_epoch=order.steps_per_epoch,
            warmup_steps=self._config.schedule.warmup_steps,
            items=len(self._request.items),
            seed=self._config.train.seed,
        )
        try:
            while self._steps_done < order.steps_total and not self._hooks.should_stop():
                if self._train_step(order.step(self._steps_done)):
                    self._after_step()
        except BaseException as error:
            self._save_after(error)
            raise
        finally:
            self._optimizer.zero_grad(set_to_none=True)
        return self._finish()

    def _train_step(self, step: Step) -> bool:
        """Do one step; False when it was cancelled, and then nothing has changed."""
        started = time.monotonic()
        self._optimizer.zero_grad(set_to_none=True)
        together = self._config.train.accumulate_together
        total = self._joint_backward(step) if together else self._backward(step)
        if total is None:
            return False
        loss_value, grad_norm = self._checked_gradient(total)
        d = prodigy_d(self._optimizer)
        lr = self._update_weights(step.number)
        self._steps_done = step.number + 1
        self._losses.append(loss_value)
        seconds = time.monotonic() - started
        self._timings.append(seconds)
        mean_seconds = sum(self._timings) / len(self._timings)
        report = StepReport(
            step=self._steps_done,
            steps_total=self._order.steps_total,
            epoch=step.epoch + 1,
            epochs_total=self._order.epochs_total,
            loss=loss_value,
            lr=lr if d is None else d * lr,
            d=d,
            grad_norm=grad_norm,
            seconds=seconds,
            remaining_seconds=mean_seconds * (self._order.steps_total - self._steps_done),
        )
        self._report(report)
        return True

    def _backward(self, step: Step) -> torch.Tensor | None:
        """Gradients of a step, batch after batch, and its loss; None when cancelled."""
        request, guidance = self._request, self._config.train.sampling_guidance
        total = torch.zeros((), device=request.device)
        first = 0
        for batch in step.batches:
            if self._hooks.should_stop():
                return None
            loaded, noisy = self._noisy_batch(step, batch, first)
            loss = compute_loss(request.model, loaded, noisy, guidance, request.network)
            loss = loss * (len(batch) / step.samples)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
            first += len(batch)
        return total

    def _joint_backward(self, step: Step) -> torch.Tensor | None:
        """As `_backward`, with all batches in one pass."""
        if self._hooks.should_stop():
            return None
        firsts = accumulate(map(len, step.batches), initial=0)
        pairs = [
            self._noisy_batch(step, batch, first)
            for batch, first in zip(step.batches, firsts, strict=False)
        ]
        request, guidance = self._request, self._config.train.sampling_guidance
        loss = compute_joint_loss(request.model, pairs, guidance, request.network)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _noisy_batch(
        self, step: Step, batch: tuple[int, ...], first: int
    ) -> tuple[Batch, NoisyBatch]:
        request, train = self._request, self._config.train
        places = [(step.number, first + place) for place in range(len(batch))]
        items = [
            self._with_caption_dropout(request.items[index], place)
            for index, place in zip(batch, places, strict=True)
        ]
        loaded = load_on_device(items, request.latent_scale, request.device)
        generators = [placed_generator(train.seed, "noise", *place) for place in places]
        return loaded, sample_noisy_batch(loaded.latents, self._config.timestep, generators)

    def _with_caption_dropout(self, item: TrainingItem, place: tuple[int, int]) -> TrainingItem:
        share, empty = self._config.train.caption_dropout, self._request.empty_text_path
        if share == 0 or empty is None:
            return item
        generator = placed_generator(self._config.train.seed, "caption", *place)
        is_dropped = torch.rand(1, generator=generator, dtype=torch.float64).item() < share
        return replace(item, text_path=empty) if is_dropped else item

    def _checked_gradient(self, loss: torch.Tensor) -> tuple[float, float]:
        """Clip the gradient; loss and length before clipping, both finite."""
        limit = self._config.train.max_grad_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, limit)
        loss_value, norm_value = torch.stack([loss, norm.to(loss)]).tolist()
        if math.isfinite(loss_value) and math.isfinite(norm_value):
            return loss_value, norm_value
        raise DivergedError(self._diverged_text(loss_value, norm_value))

    def _diverged_text(self, loss: float, norm: float) -> str:
        what = f"Loss became {loss}" if not math.isfinite(loss) else f"The gradient became {norm}"
        before = (
            f" (loss {self._losses[-1]:.4g} at step {self._steps_done})" if self._losses else ""
        )
        saved = self._saver.last_checkpoint
        safe = f" The LoRA in '{saved.name}' is safe." if saved else " No LoRA was saved yet."
        optimizer = self._config.optimizer
        advice = (
            f"Lower 'd_coef' (now {optimizer.d_coef:g})"
            if optimizer.name == "prodigy"
            else f"Lower 'learning_rate' (now {optimizer.base_learning_rate:g})"
        )
        return f"{what} at step {self._steps_done + 1}{before}.{safe} {advice} and start again."

    def _update_weights(self, number: int) -> float:
        factor = learning_rate_factor(self._config.schedule, number, self._order.steps_total)
        lr = self._config.optimizer.base_learning_rate * factor
        set_learning_rate(self._optimizer, lr)
        self._weights_are_sound = False
        self._optimizer.step()
        self._weights_are_sound = True
        return lr

    def _report(self, report: StepReport) -> None:
        values: dict[str, Any] = {
            "step": report.step,
            "epoch": report.epoch,
            "loss": report.loss,
            "lr": report.lr,
            "grad_norm": report.grad_norm,
            "seconds": round(report.seconds, 4),
        }
        if report.d is not None:
            values["d"] = report.d
        self._saver.emit("step", **values)
        self._hooks.on_step(report)

    def _after_step(self) -> None:
        train, done = self._config.train, self._steps_done
        epochs_done = done // self._order.steps_per_epoch
        by_epoch = train.save_every_epochs > 0 and self._order.ends_epoch(done)
        if (by_epoch and epochs_done % train.save_every_epochs == 0) or (
            train.save_every_steps > 0 and done % train.save_every_steps == 0
        ):
            # The last save must succeed; one on the way may fail without ending the run.
            if done < self._order.steps_total:
                self._saver.try_save(done, self._order.epoch_of(done))
        if train.validate_every_steps > 0 and done % train.validate_every_steps == 0:
            self._validate()

    def _validate(self) -> None:
        request, train = self._request, self._config.train
        plan = ValidationPlan(
            seed=train.seed,
            guidance=train.sampling_guidance,
            latent_scale=request.latent_scale,
            device=request.device,
        )
        result = validation_loss(
            request.model, request.validation_items, plan, request.network, self._hooks.should_stop
        )
        if result is not None and math.isfinite(result.mean):
            self._saver.emit("validation", step=self._steps_done, loss=result.mean)

    def _save_after(self, error: BaseException) -> None:
        """Keep what was trained when something else broke; the error itself goes on."""
        reason = "diverged" if isinstance(error, DivergedError) else "error"
        is_new = not isinstance(error, (DivergedError, StateError))
        if is_new and self._weights_are_sound:
            self._saver.try_save(self._steps_done, self._order.epoch_of(self._steps_done))
        self._saver.emit("stop", reason=reason, step=self._steps_done, text=str(error))

    def _finish(self) -> TrainResult:
        done = self._steps_done
        stopped = done < self._order.steps_total
        try:
            self._saver.save(done, self._order.epoch_of(done))
        except StateError as error:
            self._saver.emit("stop", reason="error", step=done, text=str(error))
            raise
        self._saver.emit("stop", reason="cancelled" if stopped else "finished", step=done)
        return TrainResult(
            run_folder=Path(self._request.run_folder),
            losses=tuple(self._losses),
            lora_state=self._request.network.state(),
            last_checkpoint=self._saver.last_checkpoint,
            stopped=stopped,
            steps_done=done,
            stop_cause=self._hooks.cause,
        )


def _check_request(request: TrainRequest) -> None:
    train = request.config.train
    if not request.items:
        raise DatasetError("There are no items to train on. Connect a dataset with pictures.")
    if train.caption_dropout > 0 and request.empty_text_path is None:
        raise ConfigError(
            f"'caption_dropout' is {train.caption_dropout:g}, but the empty caption is not in the "
            "text cache. Cache the captions again, or set it to 0."
        )
    if train.validate_every_steps > 0 and not request.validation_items:
        raise ConfigError(
            f"'validate_every_steps' is {train.validate_every_steps}, but no items are held out "
            "to measure the loss on. Hold some out, or set it to 0."
        )
