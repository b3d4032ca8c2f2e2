"""Small training steps whose peak is both planned from shapes and really measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from bench.live_memory import live_memory
from tests.unit.model.reference_model import TINY, make_weights
from trainer.config import LoraSettings, OptimizerSettings
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig, ModelInput
from trainer.model.lora import LoraNetwork, select_targets
from trainer.model.weights import MappingSource
from trainer.planning.block_costs import measure_costs
from trainer.planning.choosing import optimizer_parts
from trainer.planning.step_memory import compose_step
from trainer.planning.workload import SampleShape, Workload

SMALL = replace(TINY, hidden_size=256, mlp_size=1024, single_blocks=3)
WIDE = replace(TINY, hidden_size=512, mlp_size=2048, double_blocks=3, single_blocks=4)
WHOLE = ActivationPolicy()
PICTURE = SampleShape(1, 32, 48, 20)
TALL = SampleShape(1, 64, 36, 50)
CLIP = SampleShape(5, 24, 32, 7)


@dataclass(frozen=True)
class Case:
    """One combination of model, batch and policy."""

    config: HunyuanVideoConfig
    batch: tuple[SampleShape, ...]
    policy: ActivationPolicy = WHOLE
    dtype: torch.dtype = torch.float32
    accumulation: int = 1
    optimizer: str = "adamw"
    stored: torch.dtype = torch.float32


EVERY_SMALL = ActivationPolicy.checkpoint_all(SMALL.blocks)
CASES = {
    "whole": Case(SMALL, (PICTURE,)),
    "checkpointed": Case(SMALL, (PICTURE,), EVERY_SMALL),
    "some_checkpointed": Case(SMALL, (TALL,), ActivationPolicy(frozenset({0, 1, 2}))),
    "inputs_in_main_memory": Case(SMALL, (TALL,), replace(EVERY_SMALL, host_inputs=True)),
    "clip": Case(SMALL, (CLIP,)),
    "batch_of_two": Case(SMALL, (PICTURE, PICTURE), ActivationPolicy(frozenset({1, 4}))),
    "mixed_sizes": Case(SMALL, (PICTURE, TALL, CLIP)),
    "accumulated": Case(SMALL, (PICTURE,), EVERY_SMALL, accumulation=2),
    "prodigy": Case(SMALL, (PICTURE,), optimizer="prodigy"),
    "wide": Case(WIDE, (PICTURE,)),
    "wide_checkpointed": Case(WIDE, (CLIP,), ActivationPolicy.checkpoint_all(WIDE.blocks)),
    "wide_chunked": Case(WIDE, (TALL,), ActivationPolicy(frozenset(range(5)), False, 4)),
    "wide_bf16": Case(WIDE, (CLIP,), dtype=torch.bfloat16, stored=torch.float8_e4m3fn),
    "wide_bf16_checkpointed": Case(
        WIDE, (TALL,), ActivationPolicy.checkpoint_all(WIDE.blocks), torch.bfloat16,
        stored=torch.float8_e4m3fn,
    ),
}  # fmt: skip


def workload_of(case: Case) -> Workload:
    shapes = {name: tuple(value.shape) for name, value in make_weights(case.config).items()}
    return Workload(
        case.config,
        tuple(select_targets(shapes)),
        case.batch,
        LoraSettings(rank=4),
        OptimizerSettings(name=case.optimizer),
        case.accumulation,
        compute_dtype=case.dtype,
    )


def make_optimizer(name: str, network: LoraNetwork) -> torch.optim.Optimizer:
    if name == "adamw":
        return torch.optim.AdamW(network.parameters())
    from prodigyopt import Prodigy

    return Prodigy(network.parameters(), slice_p=11)


def measured_peak(case: Case) -> int:
    """Bytes of a whole step above base weights: everything else is made while it is watched."""
    generator = torch.Generator().manual_seed(0)
    weights = make_weights(case.config)
    if case.stored != torch.float32:
        weights = {
            name: value.to(case.stored if value.ndim > 1 else case.dtype)
            for name, value in weights.items()
        }
    model = HunyuanVideo(case.config, MappingSource(weights), case.dtype, policy=case.policy)
    workload = workload_of(case)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    def steps() -> None:
        network = LoraNetwork(list(workload.targets), rank=4, alpha=4.0)
        optimizer = make_optimizer(case.optimizer, network)
        for _ in range(2):
            optimizer.zero_grad(set_to_none=True)
            for _ in range(case.accumulation):
                backward(network)
            optimizer.step()

    def backward(network: LoraNetwork) -> None:
        inputs, targets = [], []
        for shape in case.batch:
            size = (16, shape.latent_frames, shape.latent_height, shape.latent_width)
            latents, noise = draw(*size), draw(*size)
            targets.append(noise - latents)
            inputs.append(
                ModelInput(
                    (latents + noise) / 2,
                    torch.tensor(500.0),
                    draw(shape.text_tokens, case.config.text_width),
                    draw(case.config.pooled_width or 0),
                    torch.tensor(1.0),
                )
            )
        found = model.velocities(inputs, network)
        losses = [(a - b).square().mean() for a, b in zip(found, targets, strict=True)]
        torch.stack(losses).mean().backward()

    return live_memory(steps).peak


def planned_peak(case: Case) -> int:
    """The same from shapes alone."""
    workload = workload_of(case)
    copies = 0 if case.stored == case.dtype else 1
    costs = measure_costs(
        workload, dense_copies=copies, attention_chunks=case.policy.attention_chunks
    )
    step = compose_step(workload, costs, case.policy)
    fixed = optimizer_parts(workload)
    # On the CPU, main memory and the device's memory are one.
    return step.peak + step.host + fixed.lora + fixed.optimizer + workload.input_bytes
