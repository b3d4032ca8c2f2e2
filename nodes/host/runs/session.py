"""One training session inside ComfyUI: borrowed weights in, a run folder out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import comfy.model_management
import torch

from ....trainer.config import RunConfig
from ....trainer.data.batches import BatchSampler, TrainingItem, collect_items
from ....trainer.data.cache.caching import LatentCache, TextCache
from ....trainer.data.dataset.building import Dataset
from ....trainer.data.splitting import scarce_text, split_held_out
from ....trainer.errors import StateError
from ....trainer.model.activation_policy import ActivationPolicy
from ....trainer.planning.memory_plan import MemoryPlan
from ....trainer.training.loop import run_training
from ....trainer.training.network import make_network
from ....trainer.training.reports import Hooks, TrainRequest, TrainResult
from ....trainer.training.runs.run_folder import Run
from ....trainer.training.steps.step_order import StepOrder
from ....trainer.training.tracking.trackers import Trackers
from ....trainer.training.workload import COMPUTE_DTYPES
from ..encoders import comfyui_version_text
from ..progress import Progress, is_cancelled, raise_if_cancelled
from ..weights.borrowing import latent_scale, training_device
from .borrowed import BorrowedModel
from .graph_file import save_graph
from .live import LiveRun, live_run
from .planning import Limits, has_limits, plan_run
from .previews import PreviewPlan, Sampler, Training, make_sampler
from .telling import SessionResult, StepTeller, describe

_MB = 1e6


@dataclass(frozen=True)
class Graph:
    """What runs, as ComfyUI hands it to a node: kept with the run, so that it can be cloned."""

    prompt: object = None
    extra_pnginfo: object = None


@dataclass(frozen=True)
class TrainingJob:
    """What the training node was asked to do.

    hold_out: crops kept out of training, whole pictures at a time; -1 chooses. precision: "auto",
    "bf16" or "fp32". keep_old_run: begin anew beside an earlier run of the same name instead of
    going on with it. limits: memory that the run may take. previews: None makes none. node_id: the
    node on which progress is shown.
    """

    folder: Path
    config: RunConfig
    dataset: Dataset
    latents: LatentCache
    text: TextCache
    hold_out: int
    precision: str
    keep_old_run: bool
    limits: Limits
    previews: PreviewPlan | None
    node_id: object
    graph: Graph


def train_on_model(model: object, job: TrainingJob) -> SessionResult:
    """Train on a MODEL; ComfyUI's own objects are only read.

    Args:
        model: ComfyUI's MODEL.
        job: Data and settings.

    Raises:
        TrainerError: Data, settings or model cannot be used, or the run cannot go on.
    """
    # ComfyUI runs nodes in inference mode, whose tensors autograd refuses.
    with torch.inference_mode(False), torch.enable_grad():
        items = collect_items(job.dataset, job.latents, job.text)
        training, held_out = split_held_out(items, job.hold_out)
        config = with_precision(job.config, job.precision, model)
        config = _with_validation(config, training)
        config = _with_previews(config, job.previews)
        _make_room(job)
        device = training_device(model)
        plan = None
        if has_limits(device, job.limits):
            plan = plan_run(model, config, training, job.limits)
        with BorrowedModel(model, plan, device) as borrowed:
            dtype = COMPUTE_DTYPES[config.train.compute_dtype]
            policy = ActivationPolicy() if plan is None else plan.policy
            policy = replace(policy, compiled=config.train.compile)
            request = TrainRequest(
                run_folder=job.folder,
                config=config,
                items=training,
                model=borrowed.velocity_model(dtype, policy),
                network=make_network(borrowed.shapes, config.lora, config.train.seed, device),
                latent_scale=latent_scale(model),
                metadata=_metadata(model, job.dataset),
                validation_items=held_out,
                empty_text_path=job.text.entries.get(""),
                device=device,
                memory_plan_mb=_planned_mb(plan),
            )
            return _Session(request, job, plan, borrowed).run()


class _Session:
    def __init__(
        self,
        request: TrainRequest,
        job: TrainingJob,
        plan: MemoryPlan | None,
        borrowed: BorrowedModel,
    ) -> None:
        self._request = request
        self._job = job
        self._plan = plan
        self._borrowed = borrowed
        self._run = Run(request.run_folder)

    def run(self) -> SessionResult:
        is_resumed = self._run.exists
        folder = self._run.folder
        with (
            live_run(folder.name, folder, self._job.node_id) as live,
            self._trackers(live) as trackers,
        ):
            try:
                hooks = self._hooks(live, trackers)
                result = run_training(self._request, hooks, resume=is_resumed)
            except StateError as error:
                if not is_resumed:
                    raise
                raise StateError(f"{error} {_other_name_text(self._request)}") from error
        self._check(result)
        if self._plan is not None and not self._plan.fits:
            self._run.append_event("warning", text=self._plan.remarks[0])
        told = describe(self._request, result, self._plan)
        return replace(told, lines=told.lines + self._remarks())

    def _remarks(self) -> list[str]:
        """What the user should think over."""
        request = self._request
        scarce = scarce_text(tuple(request.items), tuple(request.validation_items))
        return [scarce] if scarce else []

    def _trackers(self, live: LiveRun) -> Trackers:
        config, run = self._request.config, self._run

        def warn(text: str) -> None:
            live.on_event(run.append_event("warning", text=text))

        return Trackers(config.trackers, run.folder, config.to_dict(), warn)

    def _hooks(self, live: LiveRun, trackers: Trackers) -> Hooks:
        teller = StepTeller(Progress(self._job.node_id, 1))
        graph = self._job.graph

        def on_event(record: Mapping[str, Any]) -> None:
            live.on_event(record)
            trackers.on_event(record)
            if record["type"] != "start":
                return
            # Not before: a run that cannot be resumed keeps the graph that it was begun with.
            save_graph(self._run.folder, graph.prompt, graph.extra_pnginfo)
            for text in self._remarks():
                live.on_event(self._run.append_event("warning", text=text))

        return Hooks(
            on_step=teller.on_step,
            on_event=on_event,
            should_stop=is_cancelled,
            control=live.control,
            on_sample=self._sampler(live),
            paused=lambda: self._borrowed.given_back(unload=True),
            stopping=(comfy.model_management.InterruptProcessingException,),
        )

    def _sampler(self, live: LiveRun) -> Sampler | None:
        if self._job.previews is None:
            return None
        training = Training(
            given_back=lambda: self._borrowed.given_back(unload=False),
            must_leave=lambda: live.control.is_urgent,
        )
        return make_sampler(self._job.previews, self._borrowed.model, self._run, training)

    def _check(self, result: TrainResult) -> None:
        if result.stop_cause is not None:
            # ComfyUI's own cancel arrives as an exception out of the progress bar.
            raise result.stop_cause
        raise_if_cancelled()
        if result.last_checkpoint is None:
            raise StateError("The run ended before its first step. Queue it again to train.")


def _other_name_text(request: TrainRequest) -> str:
    return (
        f"A run called '{request.run_folder.name}' exists already: choose another 'run_name', or "
        "set 'if_run_exists' to 'start over', which keeps the old run beside it."
    )


def with_precision(config: RunConfig, precision: str, model: object) -> RunConfig:
    """The number format of the calculations: "bf16", "fp32", or "auto" by the model's device."""
    on_cpu = training_device(model).type == "cpu"
    chosen = precision if precision != "auto" else ("fp32" if on_cpu else "bf16")
    return replace(config, train=replace(config.train, compute_dtype=chosen))


def _with_validation(config: RunConfig, training: Sequence[TrainingItem]) -> RunConfig:
    """Unless told otherwise, measure at every checkpoint."""
    train = config.train
    if train.validate_every_steps:
        return config
    sampler = BatchSampler(training, train.batch_size, train.seed)
    steps_per_epoch = StepOrder(sampler, train).steps_per_epoch
    every = train.save_every_steps or train.save_every_epochs * steps_per_epoch
    return replace(config, train=replace(train, validate_every_steps=every))


def _with_previews(config: RunConfig, previews: PreviewPlan | None) -> RunConfig:
    if previews is None:
        return config
    return replace(config, train=previews.with_occasions(config.train))


def _planned_mb(plan: MemoryPlan | None) -> dict[str, float]:
    if plan is None:
        return {}
    return {"device_mb": round(plan.peak_bytes / _MB), "host_mb": round(plan.host_bytes / _MB)}


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


def _metadata(model: object, dataset: Dataset) -> dict[str, Any]:
    return {
        "ss_base_model_version": "hunyuan_video",
        "ss_sd_model_name": type(model.model).__name__,
        "ss_comfyui_version": comfyui_version_text(),
        "ss_num_train_images": str(sum(item.repeats for item in dataset.items)),
    }
