"""Weights that stay on the device as they are stored."""

from __future__ import annotations

import torch

from tests.unit.model.reference_model import make_sample, make_weights
from tests.unit.model.training_checks import gradients, make_model, make_network
from trainer.model.resident import ResidentSource
from trainer.model.streaming.source import PrefetchingSource
from trainer.model.weights import MappingSource

CPU = torch.device("cpu")


def test_kept_and_streamed_weights_give_equal_bits() -> None:
    weights = {name: value.half() for name, value in make_weights().items()}
    plain, network = MappingSource(weights), make_network()
    sample = make_sample().arguments()
    wanted = gradients(make_model(plain).velocity(*sample, lora=network), network)
    kept = [name for name in plain.shapes if "single_blocks" in name]
    resident = ResidentSource(plain, kept, CPU)
    with PrefetchingSource(resident, CPU, 10**6, 16) as source:
        for _ in range(2):
            found = gradients(make_model(source).velocity(*sample, lora=network), network)
            assert all(torch.equal(found[name], value) for name, value in wanted.items())
    assert resident.kept_bytes == sum(weights[name].nbytes for name in kept)
    assert all(resident.stored(name) is None for name in kept)
    assert resident.stored("double_blocks.0.img_attn.qkv.weight") is not None


def test_what_is_kept_is_a_copy_in_its_stored_form() -> None:
    weights = {"a.weight": torch.ones(2, 3, dtype=torch.float16)}
    source = ResidentSource(MappingSource(weights), ["a.weight"], CPU)
    assert source.weight("a.weight", torch.float32, CPU).dtype == torch.float32
    weights["a.weight"].zero_()
    assert torch.equal(source.weight("a.weight", torch.float32, CPU), torch.ones(2, 3))
    assert source.kept_bytes == 2 * 3 * 2
