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
    POLICIES,
    gradients,
    make_model,
    make_network,
    saved_storages,
)
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.checkpointing import InMainMemory, KeptInputs, OnDevice
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


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
def test_reused_buffers_give_equal_bits(targets: str, policy: ActivationPolicy) -> None:
    weights = make_weights()
    sample = make_sample()
    network = make_network(targets)
    steady = make_model(MappingSource(weights)).velocity(*sample.arguments(), lora=network)
    wanted = gradients(steady, network)
    source = ReusedBufferSource(weights)
    model = make_model(source, policy=policy)
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


@pytest.mark.parametrize("text_tokens", [1, 16])
def test_whole_blocks_store_only_what_cannot_be_made_again(text_tokens: int) -> None:
    """Inputs of matrix products that are no element-wise work, qkv, and attention's residue."""
    network = make_network()
    sample = make_sample(text_tokens=text_tokens, latent_shape=(2, 16, 16))
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept = saved_storages(make_model(MappingSource(make_weights())), sample, network)
    stored = sum(size for pointer, size in kept.items() if pointer not in own)
    tokens, width = 2 * 8 * 8 + text_tokens, TINY.hidden_size
    double = tokens * (6 * width + TINY.mlp_size)  # input, qkv 3, gathered, middle; MLP hidden
    single = tokens * (5 * width + TINY.mlp_size)  # input, qkv 3, gathered; MLP hidden
    blocks = TINY.double_blocks * double + TINY.single_blocks * single
    # One log-sum-exp a head and token, and the input of the final layer.
    rest = TINY.blocks * TINY.heads * tokens + tokens * width
    modulation = (12 * TINY.double_blocks + 3 * TINY.single_blocks + 3) * width
    turns = 2 * TINY.heads * 64 * tokens * 2
    assert stored <= 4 * (blocks + rest + modulation + turns)
    assert stored >= 4 * (blocks + rest - double // 2)


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "whole"])
@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
def test_every_policy_gives_equal_bits(name: str, targets: str) -> None:
    source = MappingSource(make_weights())
    sample = make_sample(batch=2)
    network = make_network(targets)
    wanted = gradients(make_model(source).velocity(*sample.arguments(), lora=network), network)
    model = make_model(source, policy=POLICIES[name])
    found = gradients(model.velocity(*sample.arguments(), lora=network), network)
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


def test_checkpointed_blocks_store_only_their_input(monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_network()
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    sample = make_sample(text_tokens=16, latent_shape=(2, 16, 16))
    model = make_model(MappingSource(make_weights()), policy=POLICIES["checkpointed"])
    inputs: list[Tensor] = []
    keep = OnDevice.keep

    def watch(store: OnDevice, tensors: tuple[Tensor, ...]) -> KeptInputs:
        inputs.extend(tensors)
        return keep(store, tensors)

    monkeypatch.setattr(OnDevice, "keep", watch)
    kept = saved_storages(model, sample, network)
    tokens, width = 2 * 8 * 8 + 16, TINY.hidden_size
    assert sum(x.numel() for x in inputs) == TINY.blocks * tokens * width
    in_store = {x.untyped_storage().data_ptr() for x in inputs}
    stored = sum(size for at, size in kept.items() if at not in own and at not in in_store)
    # The final layer's input, and the modulation of all blocks.
    modulation = (12 * TINY.double_blocks + 3 * TINY.single_blocks + 3) * width
    assert stored <= 4 * (tokens * width + modulation)


def test_inputs_in_main_memory_come_back_in_reverse_order() -> None:
    store = InMainMemory(torch.device("cpu"))
    given = [(torch.randn(3, 2), torch.randn(1, 2)) for _ in range(4)]
    kept = [store.keep(tensors) for tensors in given]
    spoiled = [tuple(x.clone() for x in tensors) for tensors in given]
    for tensors in given:
        for x in tensors:
            x.fill_(math.nan)  # the device's memory may be used again
    for number in (3, 1, 0):  # nobody asked for the gradient of block 2
        assert all(map(torch.equal, kept[number].take(), spoiled[number]))
