"""The contenders that are measured in a worker process, by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.profiler import record_function

from trainer.config import LoraSettings
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.hunyuan_video import HunyuanVideo
from trainer.model.lora import LoraNetwork
from trainer.model.weights import MappingSource
from trainer.planning.block_costs import measure_costs
from trainer.planning.step_memory import compose_step
from trainer.planning.workload import SampleShape, Workload

from .arithmetic import ArithmeticLimit
from .case import (
    DTYPES,
    GUIDANCE,
    LEARNING_RATE,
    RANK,
    SIGMA,
    Inputs,
    StepCase,
    make_inputs,
    make_network,
    make_weights,
)
from .plain_model import PlainModel
from .turns import Turns

Loss = Callable[[], Tensor]


@dataclass(frozen=True, slots=True)
class Place:
    """What a contender is given."""

    gradients: Path
    """File for the first step's loss and gradients; not written by core and flops."""
    limit_bytes: int = 0
    """Memory of a step of "ours", above weights, LoRA and optimizer; 0 is no limit."""


def run_contender(name: str, case: StepCase, turns: Turns, place: Place) -> None:
    """Serve commands for the contender `name` until the parent closes the pipe.

    Args:
        name: "ours" (as planned for the memory it is given), "ours_whole", "ours_checkpointed",
            "ours_compiled", "plain", "checkpointed", "core" or "flops" (the arithmetic limit).
        case: What a step computes.
        turns: The commands.
        place: Where to write, and the memory of "ours".
    """
    if name == "core":
        from .core_node import run_core_node

        run_core_node(case, turns)
    elif name == "flops":
        limit = ArithmeticLimit(case)
        limit.measure()
        turns.serve(limit.measure, {})
    else:
        network = make_network(case)
        policy = planned_policy(case, place.limit_bytes)
        loss = _loss(name, case, network, make_inputs(case), policy)
        _run_autograd(network, loss, turns, place.gradients)


def planned_policy(case: StepCase, limit_bytes: int) -> ActivationPolicy:
    """The fewest blocks to run twice, so that a step keeps to the limit by the memory plan."""
    whole = ActivationPolicy()
    if not limit_bytes:
        return whole
    size = SampleShape(*case.latent, case.text_tokens)
    workload = replace(
        Workload.of_sizes(case.config, [size], LoraSettings(rank=RANK)),
        compute_dtype=DTYPES[case.dtype],
    )
    costs = measure_costs(workload, dense_copies=0)
    for count in range(case.config.blocks):
        policy = ActivationPolicy(frozenset(range(count)))
        if compose_step(workload, costs, policy).peak <= limit_bytes:
            return policy
    return ActivationPolicy.checkpoint_all(case.config.blocks)


def _loss(
    name: str, case: StepCase, network: LoraNetwork, inputs: Inputs, planned: ActivationPolicy
) -> Loss:
    """A function that computes the loss of a step by the contender's forward pass."""
    weights = make_weights(case)
    timestep, guidance = torch.tensor([SIGMA * 1000]), torch.tensor([GUIDANCE])
    noisy, target = inputs.noisy, inputs.target
    blocks = case.config.blocks
    policies = {
        "ours": planned,
        "ours_whole": ActivationPolicy(),
        "ours_checkpointed": ActivationPolicy.checkpoint_all(blocks),
        "ours_compiled": ActivationPolicy(compiled=True),
    }
    if name in policies:
        source = MappingSource(weights)
        model = HunyuanVideo(case.config, source, DTYPES[case.dtype], policy=policies[name])

        def ours() -> Tensor:
            velocity = model.velocity(
                noisy, timestep, inputs.text, None, inputs.pooled, guidance, network
            )
            return (velocity - target).square().mean()

        return ours
    if name not in ("plain", "checkpointed"):
        raise ValueError(f"There is no contender '{name}'.")
    plain_model = PlainModel(case.config, weights, network, checkpointed=name == "checkpointed")

    def plain() -> Tensor:
        velocity = plain_model.velocity(noisy, timestep, inputs.text, inputs.pooled, guidance)
        return (velocity - target).square().mean()

    return plain


def _run_autograd(network: LoraNetwork, loss: Loss, turns: Turns, gradients: Path) -> None:
    parameters = network.parameters()
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE)

    def step() -> None:
        with record_function("forward"):
            value = loss()
        with record_function("backward"):
            value.backward()
        optimizer.step()
        optimizer.zero_grad()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = loss()
        value.backward()
    found = {name: x.grad for name, x in network.named_parameters() if x.grad is not None}
    save_file({"loss": value.detach(), **found}, gradients)
    del value, found
    optimizer.step()
    optimizer.zero_grad()
    compiler = [str(x.message) for x in caught if "torch.compile does not work" in str(x.message)]
    turns.serve(step, {"note": compiler[0]} if compiler else {})
