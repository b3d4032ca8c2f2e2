"""One training session inside ComfyUI: borrowed weights in, a run folder out."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ....trainer.config import RunConfig
from ....trainer.data.batches import BatchSampler, TrainingItem, collect_items
from ....trainer.data.cache.caching import LatentCache, TextCache
from ....trainer.data.dataset.building import Dataset
from ....trainer.errors import DatasetError, StateError
from ....trainer.model.activation_policy import ActivationPolicy
from ....trainer.model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
from ....trainer.planning.memory_plan import MemoryPlan
from ....trainer.training.loop import run_training
from ....trainer.training.network import make_network
from ....trainer.training.reports import Hooks, StepReport, TrainRequest, TrainResult
from ....trainer.training.runs.run_folder import Run
from ....trainer.training.step_order import StepOrder
from ....trainer.training.validation import ValidationPlan, ValidationResult, validation_loss
from ....trainer.training.workload import COMPUTE_DTYPES
from ..encoders import comfyui_version_text
from ..progress import Progress, is_cancelled, raise_if_cancelled, readable_seconds
from ..weights.borrowing import borrow_model, latent_scale, training_device
from .live import live_run
from .planning import Limits, ahead_of_use, has_limits, plan_run, room_for_training

_LOSSES_SHOWN = 20


@dataclass(frozen=True)
class TrainingJob:
    """What the training node was asked to do.

    hold_out: crops kept out of training. precision: "auto", "bf16" or "fp32". keep_old_run: begin
    anew beside an earlier run of the same name instead of going on with it. limits: memory that
    the run may take.
    """

    folder: Path
    config: RunConfig
    dataset: Dataset
    latents: LatentCache
    text: TextCache
    hold_out: int
    precision: str
    keep_old_run: bool
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class SessionResult:
    """What the node passes on: the run, its last LoRA file, sentences and figures."""

    run_folder: Path
    last_checkpoint: Path
    lines: list[str]
    facts: dict[str, Any]


def train_on_model(model: object, job: TrainingJob, node_id: object) -> SessionResult:
    """Train on a MODEL; ComfyUI's own objects are only read.

    Args:
        model: ComfyUI's MODEL.
        job: Data and settings.
        node_id: The node on which progress is shown.

    Raises:
        TrainerError: Data, settings or model cannot be used, or the run cannot go on.
    """
    # ComfyUI runs nodes in inference mode, whose tensors autograd refuses.
    with torch.inference_mode(False), torch.enable_grad():
        items = collect_items(job.dataset, job.latents, job.text)
        training, held_out = split_held_out(items, job.hold_out)
        config = with_precision(job.config, job.precision, model)
        config = _with_validation(config, training, held_out)
        _make_room(job)
        device = training_device(model)
        plan = None
        if has_limits(device, job.limits):
            plan = plan_run(model, config, training, job.limits)
        with (
            borrow_model(model, room_for_training(plan, device)) as source,
            ahead_of_use(source, plan, device) as lender,
        ):
            sizes = HunyuanVideoConfig.from_shapes(source.shapes)
            dtype = COMPUTE_DTYPES[config.train.compute_dtype]
            policy = ActivationPolicy() if plan is None else plan.policy
            policy = replace(policy, compiled=config.train.compile)
            velocity_model = HunyuanVideo(sizes, lender, dtype, device, policy)
            network = make_network(source.shapes, config.lora, config.train.seed, device)
            request = TrainRequest(
                run_folder=job.folder,
                config=config,
                items=training,
                model=velocity_model,
                network=network,
                latent_scale=latent_scale(model),
                metadata=_metadata(model, job.dataset),
                validation_items=held_out,
                empty_text_path=job.text.entries.get(""),
                device=device,
            )
            return _run(request, plan, node_id)


def split_held_out(
    items: Sequence[TrainingItem], count: int
) -> tuple[tuple[TrainingItem, ...], tuple[TrainingItem, ...]]:
    """Items to train on and items to measure on, chosen by their content and so always the same.

    Raises:
        DatasetError: Nothing would be left to train on.
    """
    if count >= len(items):
        raise DatasetError(
            f"'hold_out' is {count}, but the dataset has only {len(items)} crops. "
            "Lower it so that some are left to train on."
        )
    order = sorted(items, key=lambda item: hashlib.blake2b(item.key.encode()).digest())
    held = {item.key for item in order[:count]}
    return (
        tuple(item for item in items if item.key not in held),
        tuple(item for item in items if item.key in held),
    )


def _run(request: TrainRequest, plan: MemoryPlan | None, node_id: object) -> SessionResult:
    run = Run(request.run_folder)
    is_resumed = run.exists
    before = _measure(request, with_lora=False)
    reporter = _Reporter(Progress(node_id, 1))
    try:
        with live_run(run.folder.name, run.folder, node_id) as live:
            hooks = Hooks(
                on_step=reporter.on_step,
                on_event=live.on_event,
                should_stop=is_cancelled,
                control=live.control,
            )
            result = run_training(request, hooks, resume=is_resumed)
    except StateError as error:
        if not is_resumed:
            raise
        raise StateError(
            f"{error} A run called '{request.run_folder.name}' exists already: choose another "
            "'run_name', or set 'if_run_exists' to 'start over', which keeps the old run beside it."
        ) from error
    if result.stop_cause is not None:
        # ComfyUI's own cancel arrives as an exception out of the progress bar.
        raise result.stop_cause
    raise_if_cancelled()
    if result.last_checkpoint is None:
        raise StateError("The run ended before its first step. Queue it again to train.")
    if plan is not None and not plan.fits:
        run.append_event("warning", text=plan.remarks[0])
    after = _measure(request, with_lora=True)
    for step, measured in ((0, before), (result.steps_done, after)):
        if measured is not None:
            run.append_event("validation", step=step, loss=measured.mean)
    described = _describe(request, result, before, after)
    return replace(described, lines=described.lines + _plan_words(plan))


def _plan_words(plan: MemoryPlan | None) -> list[str]:
    """How the run was done, where there was something to choose."""
    if plan is None:
        return []
    return [f"Plan: {line}" for line in plan.lines()[:1] + plan.choice_words()]


class _Reporter:
    """Turns step reports into ComfyUI's progress bar and a line of live text."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._losses: deque[float] = deque(maxlen=_LOSSES_SHOWN)

    def on_step(self, report: StepReport) -> None:
        self._losses.append(report.loss)
        mean = sum(self._losses) / len(self._losses)
        text = (
            f"step {report.step} of {report.steps_total}, epoch {report.epoch} of "
            f"{report.epochs_total}\nloss {report.loss:.4f}, last {len(self._losses)}: {mean:.4f}"
            f"\n{report.seconds:.2f} s per step, {readable_seconds(report.remaining_seconds)} left"
        )
        self._progress.show(report.step, report.steps_total, text)


def _measure(request: TrainRequest, *, with_lora: bool) -> ValidationResult | None:
    if not request.validation_items:
        return None
    train = request.config.train
    plan = ValidationPlan(
        seed=train.seed,
        guidance=train.sampling_guidance,
        latent_scale=request.latent_scale,
        device=request.device,
    )
    lora = request.network if with_lora else None
    return validation_loss(request.model, request.validation_items, plan, lora, is_cancelled)


def _describe(
    request: TrainRequest,
    result: TrainResult,
    before: ValidationResult | None,
    after: ValidationResult | None,
) -> SessionResult:
    losses = result.losses
    tenth = max(1, len(losses) // 10)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    lines = [
        f"{result.steps_done} steps on {len(request.items)} crops",
        f"mean loss of the first tenth {first:.4f}, of the last tenth {last:.4f}",
    ]
    facts: dict[str, Any] = {
        "folder": str(result.run_folder),
        "steps": result.steps_done,
        "loss_first": first,
        "loss_last": last,
        "last_checkpoint": str(result.last_checkpoint),
    }
    if before is not None and after is not None:
        facts |= {"held_out_without_lora": before.mean, "held_out_with_lora": after.mean}
        lines.append(
            f"loss on {len(request.validation_items)} held-out crops: {before.mean:.4f} without "
            f"the LoRA, {after.mean:.4f} with it"
        )
    assert result.last_checkpoint is not None  # checked by the caller
    return SessionResult(result.run_folder, result.last_checkpoint, lines, facts)


def with_precision(config: RunConfig, precision: str, model: object) -> RunConfig:
    """The number format of the calculations: "bf16", "fp32", or "auto" by the model's device."""
    on_cpu = training_device(model).type == "cpu"
    chosen = precision if precision != "auto" else ("fp32" if on_cpu else "bf16")
    return replace(config, train=replace(config.train, compute_dtype=chosen))


def _with_validation(
    config: RunConfig, training: Sequence[TrainingItem], held_out: Sequence[TrainingItem]
) -> RunConfig:
    """Measure the held-out loss at every checkpoint."""
    if not held_out:
        return config
    train = config.train
    sampler = BatchSampler(training, train.batch_size, train.seed)
    steps_per_epoch = StepOrder(sampler, train).steps_per_epoch
    every = train.save_every_steps or train.save_every_epochs * steps_per_epoch
    return replace(config, train=replace(train, validate_every_steps=every))


def _make_room(job: TrainingJob) -> None:
    if not (job.keep_old_run and Run(job.folder).exists):
        return
    number = 1
    while (old := job.folder.with_name(f"{job.folder.name} (old {number})")).exists():
        number += 1
    try:
        job.folder.rename(old)
    except OSError as error:
        raise StateError(
            f"The earlier run '{job.folder}' cannot be set aside: {error}. Close whatever has its "
            "files open, or choose another 'run_name'."
        ) from error


def _metadata(model: object, dataset: Dataset) -> dict[str, str]:
    return {
        "ss_base_model_version": "hunyuan_video",
        "ss_sd_model_name": type(model.model).__name__,
        "ss_comfyui_version": comfyui_version_text(),
        "ss_num_train_images": str(sum(item.repeats for item in dataset.items)),
    }
