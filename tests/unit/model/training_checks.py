"""Tiny models with a LoRA, their gradients and what autograd keeps (not a test file)."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.unit.model.reference_model import TINY, Sample, fill_up_matrices
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.architecture import expected_shapes
from trainer.model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
from trainer.model.lora import LoraNetwork, select_targets
from trainer.model.weights import WeightSource

POLICIES = {
    "whole": ActivationPolicy(),
    "checkpointed": ActivationPolicy.checkpoint_all(TINY.blocks),
    "in_main_memory": ActivationPolicy.checkpoint_all(TINY.blocks, host_inputs=True),
    "two_blocks": ActivationPolicy(frozenset({0, 3})),
}
"""Ways to run a step of TINY, all with the same result."""

EVERYTHING = r"."
"""A pattern for every linear layer, embedders, refiner and modulation included."""


def make_network(
    targets: str = "default",
    dtype: torch.dtype = torch.float32,
    rank: int = 3,
    config: HunyuanVideoConfig = TINY,
) -> LoraNetwork:
    chosen = select_targets(expected_shapes(config), targets)
    return fill_up_matrices(LoraNetwork(chosen, rank=rank, alpha=2.0, seed=3, dtype=dtype))


def make_model(
    source: WeightSource,
    dtype: torch.dtype = torch.float32,
    policy: ActivationPolicy | None = None,
) -> HunyuanVideo:
    config = HunyuanVideoConfig.from_shapes(source.shapes)
    return HunyuanVideo(config, source, dtype, policy=policy)


def mean_square(velocity: Tensor) -> Tensor:
    """A loss whose gradient differs from one output to the next."""
    target = torch.linspace(-1, 1, velocity.numel(), dtype=velocity.dtype).view_as(velocity)
    return (velocity - target).pow(2).mean()


def gradients(velocity: Tensor, network: LoraNetwork) -> dict[str, Tensor]:
    for parameter in network.parameters():
        parameter.grad = None
    mean_square(velocity).backward()
    found = {}
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        found[name] = parameter.grad.clone()
    return found


def saved_storages(model: HunyuanVideo, sample: Sample, network: LoraNetwork) -> dict[int, int]:
    """Address and bytes of every storage that autograd keeps after a forward pass."""
    alive: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.velocity(*sample.arguments(), lora=network)
    storages = (tensor.untyped_storage() for tensor in alive)
    return {storage.data_ptr(): storage.nbytes() for storage in storages}
