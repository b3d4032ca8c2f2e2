"""One LoRA step of ours against plain autograd through an ordinary implementation.

Forward and backward of a random HunyuanVideo (hidden 256, 2 double and 4 single blocks, rank 16)
on one picture of 512 x 512 pixels (1024 image tokens, 64 text tokens), fp32. The contenders take
turns; medians of at least ten turns. Memory is what autograd keeps between forward and backward.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from tests.unit.model.reference_model import TINY, Sample, make_weights, plain_velocity
from trainer.model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
from trainer.model.lora import LoraNetwork, select_targets
from trainer.model.weights import MappingSource

TURNS = 12
SIZES = replace(TINY, hidden_size=256, mlp_size=1024, single_blocks=4, text_width=256)
LATENT = (1, 64, 64)
TEXT_TOKENS = 64
Step = Callable[[], torch.Tensor]


def main() -> dict[str, Any]:
    """Measure and return results in the form of bench/results.json."""
    weights = make_weights(SIZES)
    source = MappingSource(weights)
    config = HunyuanVideoConfig.from_shapes(source.shapes)
    network = LoraNetwork(select_targets(source.shapes), rank=16, alpha=16.0, seed=0)
    sample = _sample()

    def ours(blocks: Any) -> Step:
        model = HunyuanVideo(config, source, torch.float32, checkpoint_blocks=blocks)
        return lambda: model.velocity(*sample.arguments(), lora=network).square().mean()

    def plain() -> torch.Tensor:
        return plain_velocity(weights, sample, network).square().mean()

    contenders: dict[str, Step] = {
        "ours": ours(None),
        "ordinary autograd, LoRA merged into each weight": plain,
        "ours, every block checkpointed": ours("all"),
    }
    seconds = _interleaved(contenders, network)
    kept = {name: _kept_megabytes(step) for name, step in contenders.items()}
    setup = {
        "hidden": SIZES.hidden_size, "double_blocks": SIZES.double_blocks,
        "single_blocks": SIZES.single_blocks, "latent": list(LATENT), "text_tokens": TEXT_TOKENS,
        "rank": 16, "dtype": "fp32", "turns": TURNS, "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }  # fmt: skip
    return {
        "small_step.fp32": _entry(seconds, "s", setup),
        "small_step_kept.fp32": _entry(kept, "MB", setup),
    }


def _sample() -> Sample:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    return Sample(
        latents=normal(1, 16, *LATENT),
        timestep=torch.tensor([600.0]),
        text=normal(1, TEXT_TOKENS, SIZES.text_width),
        pooled=normal(1, SIZES.pooled_width or 0),
        guidance=torch.tensor([1.0]),
    )


def _interleaved(contenders: dict[str, Step], network: LoraNetwork) -> dict[str, float]:
    """Median seconds of a forward and backward pass, the contenders taking turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(TURNS + 1):
        for name, step in contenders.items():
            for parameter in network.parameters():
                parameter.grad = None
            started = time.perf_counter()
            step().backward()
            if turn > 0:  # the first turn only warms up
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def _kept_megabytes(step: Step) -> float:
    """Storage that autograd keeps after a forward pass, each counted once, in MB."""
    kept: dict[int, int] = {}
    alive: list[torch.Tensor] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(tensor)
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        step()
    return sum(kept.values()) / 1e6


def _entry(values: dict[str, float], unit: str, setup: dict[str, Any]) -> dict[str, Any]:
    value = values["ours"]
    others = {name: other for name, other in values.items() if name != "ours"}
    return {
        "value": round(value, 4),
        "unit": unit,
        "baseline": {name: round(other, 4) for name, other in others.items()},
        "ratio": {name: round(value / other, 3) for name, other in others.items()},
        "setup": setup,
    }
