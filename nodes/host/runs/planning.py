"""Plans a training step for a MODEL that ComfyUI has, and for the machine it runs on."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import comfy.model_management
import comfy.ops
import psutil
import torch

from ....trainer.config import RunConfig
from ....trainer.data.batches import TrainingItem
from ....trainer.data.report.length import PlannedStep
from ....trainer.model.streaming.source import PrefetchingSource
from ....trainer.model.weights import WeightSource
from ....trainer.planning.budget import GIB, Budget
from ....trainer.planning.choosing import make_plan
from ....trainer.planning.memory_plan import MemoryPlan
from ....trainer.planning.weight_kinds import WeightKind
from ....trainer.training.workload import run_workload
from ..weights.borrowing import ComfyWeightSource, training_device

_QUANTIZED = getattr(comfy.ops, "QuantizedTensor", None)


@dataclass(frozen=True)
class Limits:
    """Memory that training may take, in GiB; 0 means all that is there."""

    device_gib: float = 0.0
    host_gib: float = 0.0
    link_gb_per_second: float = 12.0
    tflops: float = 40.0
    step: PlannedStep | None = None
    """What the plan made with these limits says of a step; it limits nothing."""


def plan_run(
    model: object, config: RunConfig, items: Sequence[TrainingItem], limits: Limits
) -> MemoryPlan:
    """The plan of a run on a MODEL, from shapes alone; nothing is loaded.

    Raises:
        TrainerError: The model or an item cannot be used.
    """
    shapes = ComfyWeightSource(model.model.diffusion_model).shapes
    workload = run_workload(config, shapes, items)
    return make_plan(workload, loaded_kind(model), budget_of(training_device(model), limits))


def has_limits(device: torch.device, limits: Limits) -> bool:
    """Whether there is anything to plan for: a CPU without a limit runs every step whole."""
    return device.type != "cpu" or limits.device_gib > 0


def loaded_kind(model: object) -> WeightKind:
    """How large the numbers of a MODEL's weights are, whatever format it has."""
    diffusion_model = model.model.diffusion_model
    shapes = ComfyWeightSource(diffusion_model).shapes
    stored = comfy.model_management.module_size(diffusion_model)
    count = sum(math.prod(shape) for shape in shapes.values())
    is_packed = any(map(_is_unpacked_on_use, diffusion_model.modules()))
    return WeightKind("as loaded", stored / count, is_packed=is_packed)


def _is_unpacked_on_use(module: torch.nn.Module) -> bool:
    """Scaled, quantized and GGUF layers make a second dense copy of a weight for a moment."""
    weight = getattr(module, "weight", None)
    return (
        getattr(module, "scale_weight", None) is not None
        or (_QUANTIZED is not None and isinstance(weight, _QUANTIZED))
        or hasattr(module, "forward_ggml_cast_weights")
    )


def budget_of(device: torch.device, limits: Limits) -> Budget:
    """What there is on this machine, within the user's limits."""
    management = comfy.model_management
    speeds = {
        "link_bytes_per_second": limits.link_gb_per_second * 1e9,
        "flop_per_second": limits.tflops * 1e12,
    }
    device_bytes = int(limits.device_gib * GIB) or None
    if device.type == "cpu":
        return Budget(device_bytes, **speeds)
    if device_bytes is None:
        device_bytes = available_bytes(device)
    host_bytes = int(limits.host_gib * GIB) or psutil.virtual_memory().total
    return Budget(
        device_bytes,
        host_bytes,
        can_stream=True,
        reserve_bytes=management.extra_reserved_memory(),
        **speeds,
    )


def available_bytes(device: torch.device) -> int:
    """Memory of a device that is free, or that ComfyUI would free by unloading its models."""
    management = comfy.model_management
    loaded = sum(
        held.model_loaded_memory()
        for held in management.current_loaded_models
        if held.device == device
    )
    return int(management.get_free_memory(device) + loaded)


def room_for_training(plan: MemoryPlan | None, device: torch.device) -> int:
    """Bytes that ComfyUI has to leave free of base weights on the device."""
    if plan is None:
        return 0
    # ComfyUI adds what it reserves, which is the budget's reserve, itself.
    needed = plan.room_bytes
    limit = plan.budget.device_bytes
    if device.type == "cpu" or limit is None:
        return needed
    # What the user does not want to be used is left free as well.
    return needed + max(0, available_bytes(device) - limit)


@contextlib.contextmanager
def ahead_of_use(
    source: ComfyWeightSource, plan: MemoryPlan | None, device: torch.device
) -> Iterator[WeightSource]:
    """Bring weights that ComfyUI left in main memory to a graphics card ahead of their use.

    What only ComfyUI can make (patched, GGUF, dynamic VRAM) still comes through its own cast.
    """
    if plan is None or device.type != "cuda" or not plan.residency.streamed_bytes:
        yield source
        return
    ring, depth = plan.residency.ring_bytes, plan.prefetch_depth
    with PrefetchingSource(source, device, ring, depth) as lender:
        yield lender
