"""What the forward pass asks of its weight source, and what it keeps for backward."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import TINY, make_sample, make_weights
from tests.unit.model.training_checks import (
    EVERYTHING,
    gradients,
    make_model,
    make_network,
    saved_storages,
)
from trainer.model.hunyuan_video import CheckpointBlocks
from trainer.model.memory import BatchShape, TrainingShape, estimate_memory
from trainer.model.weights import MappingSource


class ReusedBufferSource:
    """Spoils what it handed out as soon as the next weight is asked for, as streaming may do."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.inner = MappingSource(weights)
        self.shapes = self.inner.shapes
        self.requests: Counter[str] = Counter()
        self._last: Tensor | None = None

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        if self._last is not None:
            # .data, so that autograd's version counter does not notice: real streaming is silent.
            self._last.data.fill_(math.nan)
        self.requests[name] += 1
        self._last = self.inner.weight(name, dtype, device).clone()
        return self._last


@pytest.mark.parametrize("checkpoint_blocks", [None, "all"], ids=["stored", "checkpointed"])
@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
def test_reused_buffers_give_equal_bits(targets: str, checkpoint_blocks: CheckpointBlocks) -> None:
    weights = make_weights()
    sample = make_sample()
    network = make_network(targets)
    steady = make_model(MappingSource(weights)).velocity(*sample.arguments(), lora=network)
    wanted = gradients(steady, network)
    source = ReusedBufferSource(weights)
    model = make_model(source, checkpoint_blocks=checkpoint_blocks)
    velocity = model.velocity(*sample.arguments(), lora=network)
    assert torch.equal(velocity, steady)
    found = gradients(velocity, network)
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


def test_requests_once_forward_and_again_backward() -> None:
    source = ReusedBufferSource(make_weights())
    network = make_network()
    velocity = make_model(source).velocity(*make_sample().arguments(), lora=network)
    assert source.requests == Counter(dict.fromkeys(source.shapes, 1))
    source.requests.clear()
    gradients(velocity, network)
    asked_again = {name for name in source.shapes if _is_needed_backward(name)}
    assert source.requests == Counter(dict.fromkeys(asked_again, 1))


def _is_needed_backward(name: str) -> bool:
    """Weights behind a LoRA, without biases and modulation; nothing lies before the first qkv."""
    if name.startswith("double_blocks.0.") and name.endswith("attn.qkv.weight"):
        return False
    is_in_block = name.startswith(("double_blocks.", "single_blocks."))
    is_multiplied = name.endswith((".weight", ".scale")) and "mod" not in name
    return name == "final_layer.linear.weight" or (is_in_block and is_multiplied)


def test_base_weights_are_not_kept_by_the_graph() -> None:
    weights = make_weights()
    base = {value.untyped_storage().data_ptr() for value in weights.values()}
    kept = saved_storages(make_model(MappingSource(weights)), make_sample(), make_network())
    assert kept
    assert not base & set(kept)


def test_stored_activations_match_the_estimate() -> None:
    network = make_network()
    sample = make_sample(text_tokens=16, latent_shape=(2, 16, 16))
    model = make_model(MappingSource(make_weights()))
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept = saved_storages(model, sample, network)
    stored = sum(size for pointer, size in kept.items() if pointer not in own)
    estimate = estimate_memory(
        TINY,
        BatchShape(1, 2, 16, 16, 16),
        TrainingShape(network.targets, rank=3, compute_bytes=4),
        weights_bytes=0,
    )
    # Left out of the formula: the final layer's input, modulation, rotary sums, log-sum-exp.
    assert stored == pytest.approx(estimate.activation_bytes, rel=0.1)


@pytest.mark.parametrize(
    "checkpoint_blocks", ["all", frozenset({0, 3}), frozenset()], ids=["all", "two", "none"]
)
@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
def test_checkpointed_gradients_equal_plain_bits(
    checkpoint_blocks: CheckpointBlocks, targets: str
) -> None:
    source = MappingSource(make_weights())
    sample = make_sample()
    network = make_network(targets)
    wanted = gradients(make_model(source).velocity(*sample.arguments(), lora=network), network)
    model = make_model(source, checkpoint_blocks=checkpoint_blocks)
    found = gradients(model.velocity(*sample.arguments(), lora=network), network)
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


def test_checkpointed_blocks_store_only_their_input() -> None:
    network = make_network()
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    sample = make_sample(text_tokens=16, latent_shape=(2, 16, 16))
    model = make_model(MappingSource(make_weights()), checkpoint_blocks="all")
    kept = saved_storages(model, sample, network)
    stored = sum(size for pointer, size in kept.items() if pointer not in own)
    estimate = estimate_memory(
        TINY,
        BatchShape(1, 2, 16, 16, 16),
        TrainingShape(network.targets, rank=3, compute_bytes=4, checkpoint_blocks="all"),
        weights_bytes=0,
    )
    # The final layer's input is one more, and this model has no more than four blocks.
    assert stored == pytest.approx(estimate.activation_bytes * 5 / 4, rel=0.15)
