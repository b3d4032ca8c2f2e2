"""The training loop: steps in order, saves, measurements, previews, cancelling and resuming.

Everything that a step depends on (items, noise, noise levels, learning rate) is a function of the
step's number, so a resumed run does exactly what an unbroken one does.
"""

from __future__ import annotations

import math
import time
from collections import deque
from pathlib import Path
from typing import Any

import torch

from ..data.batches import BatchSampler
from ..errors import ConfigError, DatasetError, DivergedError, StateError
from .commanding import CommandDesk
from .measuring.measurer import Measurer
from .measuring.memory_use import MemoryUse
from .occasions import Occasions
from .optim.optimizers import make_optimizer, prodigy_d, set_learning_rate
from .optim.schedules import learning_rate_factor
from .reports import HookCaller, Hooks, StepReport, TrainRequest, TrainResult
from .run_judge import RunJudge
from .runs.saving import RunSaver
from .steps.step_order import Step, StepOrder
from .steps.step_runner import StepRunner

TIMED_STEPS = 20


def run_training(
    request: TrainRequest, hooks: Hooks | None = None, *, resume: bool = False
) -> TrainResult:
    """Train a LoRA from the first step, or go on with a stopped run.

    Args:
        request: The run. Its network is trained in place.
        hooks: Reports, previews, commands and cancelling.
        resume: Go on from the newest state in the run folder.

    Returns:
        The result; `stopped` tells whether it ended before its last step. Such a run can be
        resumed.

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
        self._desk = CommandDesk(hooks.control, self._saver, self._order, self._hooks)
        self._runner = StepRunner(request, self._desk.must_leave)
        self._occasions = Occasions(train, self._order)
        self._measurer = Measurer(request)
        self._judge = RunJudge(self._saver, train.patience)
        self._memory = MemoryUse(request.device)
        self._timings: deque[float] = deque(maxlen=TIMED_STEPS)
        self._weights_are_sound = True
        if resume:
            self._saver.restore(self._order)
        else:
            self._saver.begin(self._order)

    def run(self) -> TrainResult:
        saver, desk = self._saver, self._desk
        self._emit_start()
        try:
            if saver.steps_done == 0:
                self._before_first_step()
            while not self._is_over():
                if desk.is_called:
                    desk.serve()
                elif self._train_step(self._order.step(saver.steps_done)):
                    self._after_step()
        except BaseException as error:
            is_cancel = isinstance(error, self._hooks.stopping)
            if not (is_cancel and self._weights_are_sound):
                self._save_after(error)
                raise
            self._hooks.stop_for(error)  # cancelled in the middle of a pass through the model
        finally:
            desk.close()
            self._optimizer.zero_grad(set_to_none=True)
        return self._finish()

    def _is_over(self) -> bool:
        is_done = self._saver.steps_done >= self._order.steps_total
        return is_done or self._desk.stop_reason != "" or self._hooks.should_stop()

    def _emit_start(self) -> None:
        order, memory = self._order, self._request.memory_plan_mb
        self._saver.emit(
            "start",
            steps_done=self._saver.steps_done,
            steps_total=order.steps_total,
            epochs_total=order.epochs_total,
            steps_per_epoch=order.steps_per_epoch,
            warmup_steps=self._config.schedule.warmup_steps,
            items=len(self._request.items),
            held_out=len(self._measurer.held_out),
            probe=len(self._measurer.probe),
            seed=self._config.train.seed,
            **({"plan": dict(memory)} if memory else {}),
        )

    def _before_first_step(self) -> None:
        """What checkpoints are compared with: a fresh LoRA leaves the base model as it is."""
        if self._occasions.measures_at_all:
            self._measure()
        if self._config.train.sample_at_start:
            self._desk.sample(at_start=True)

    def _train_step(self, step: Step) -> bool:
        """Do one step; False when it was given up, and then nothing has changed."""
        started = time.monotonic()
        self._optimizer.zero_grad(set_to_none=True)
        total = self._runner.backward(step)
        if total is None:
            self._optimizer.zero_grad(set_to_none=True)
            return False
        loss_value, grad_norm = self._checked_gradient(total.loss)
        learned = time.monotonic()
        d = prodigy_d(self._optimizer)
        lr = self._update_weights(step.number)
        self._saver.note_step(step.number + 1, loss_value)
        ended = time.monotonic()
        self._timings.append(ended - started)
        report = StepReport(
            step=step.number + 1,
            steps_total=self._order.steps_total,
            epoch=step.epoch + 1,
            epochs_total=self._order.epochs_total,
            loss=loss_value,
            lr=lr if d is None else d * lr,
            d=d,
            grad_norm=grad_norm,
            seconds=ended - started,
            remaining_seconds=self._mean_seconds() * (self._order.steps_total - step.number - 1),
        )
        parts = {
            "load": total.load_seconds,
            "model": learned - started - total.load_seconds,
            "optimizer": ended - learned,
        }
        self._report(report, step, parts)
        return True

    def _mean_seconds(self) -> float:
        return sum(self._timings) / len(self._timings)

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
        saver = self._saver
        last = saver.losses[-1] if saver.losses else None
        before = f" (loss {last:.4g} at step {saver.steps_done})" if last is not None else ""
        saved = saver.last_checkpoint
        safe = f" The LoRA in '{saved.name}' is safe." if saved else " No LoRA was saved yet."
        optimizer = self._config.optimizer
        advice = (
            f"Lower 'd_coef' (now {optimizer.d_coef:g})"
            if optimizer.name == "prodigy"
            else f"Lower 'learning_rate' (now {optimizer.base_learning_rate:g})"
        )
        return f"{what} at step {saver.steps_done + 1}{before}.{safe} {advice} and start again."

    def _update_weights(self, number: int) -> float:
        total = self._order.total_at(number)
        lr = self._config.optimizer.base_learning_rate
        lr *= learning_rate_factor(self._config.schedule, number, total)
        set_learning_rate(self._optimizer, lr)
        self._weights_are_sound = False
        self._optimizer.step()
        self._weights_are_sound = True
        return lr

    def _report(self, report: StepReport, step: Step, parts: dict[str, float]) -> None:
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
        values["parts"] = {name: round(seconds, 4) for name, seconds in parts.items()}
        values["bucket"] = self._runner.bucket_text(step)
        self._saver.emit("step", **values, **self._memory.read())
        self._hooks.on_step(report)

    def _after_step(self) -> None:
        done, due = self._saver.steps_done, self._occasions
        is_last = done == self._order.steps_total
        if due.saves(done):
            # The last save must succeed; one on the way may fail without ending the run.
            self._saver.try_save()
        was_measured = due.measures(done) and self._measure()
        if is_last:
            self._saver.save()
        if was_measured or due.saves(done):
            self._judge.judge(was_measured=was_measured)
        if self._judge.wants_to_stop and not is_last:
            self._desk.stop_by_itself()
        if due.samples(done):
            self._desk.sample()

    def _measure(self) -> bool:
        """Measure, unless a command or cancelling comes in between."""
        found = self._measurer.measure(self._desk.must_leave_between_items)
        if found is not None:
            self._saver.emit("validation", step=self._saver.steps_done, **found)
        return found is not None

    def _save_after(self, error: BaseException) -> None:
        """Keep what was trained when something else broke; the error itself goes on."""
        reason = "diverged" if isinstance(error, DivergedError) else "error"
        is_new = not isinstance(error, (DivergedError, StateError))
        if is_new and self._weights_are_sound:
            self._saver.try_save()
        self._saver.emit("stop", reason=reason, step=self._saver.steps_done, text=str(error))

    def _finish(self) -> TrainResult:
        saver = self._saver
        done = saver.steps_done
        stopped = done < self._order.steps_total
        reason = (self._desk.stop_reason or "cancelled") if stopped else "finished"
        try:
            saver.save()
        except StateError as error:
            saver.emit("stop", reason="error", step=done, text=str(error))
            raise
        self._judge.judge()
        saver.emit("stop", reason=reason, step=done)
        return TrainResult(
            run_folder=Path(self._request.run_folder),
            losses=tuple(saver.losses),
            lora_state=self._request.network.state(),
            last_checkpoint=saver.last_checkpoint,
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
    if train.validate_every_steps > 0 and not request.validation_items and not train.probe_items:
        raise ConfigError(
            f"'validate_every_steps' is {train.validate_every_steps}, but no items are held out "
            "to measure the loss on and 'probe_items' is 0. Hold some out, or set it to 0."
        )
