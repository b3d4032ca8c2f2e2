"""The forward's dtypes and attention: its own choice, whatever surrounds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import TINY, make_sample, make_weights, plain_velocity
from tests.unit.model.test_stored_tensors import ReusedBufferSource
from tests.unit.model.training_checks import EVERYTHING, gradients, make_model, make_network
from tests.unit.training.training_runs import make_config, make_hunyuan, make_items
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.weights import MappingSource
from trainer.training.loop import run_training

THREE_HEADS = replace(TINY, hidden_size=384)
POLICIES = {
    "whole": ActivationPolicy(),
    "checkpointed": ActivationPolicy.checkpoint_all(TINY.blocks),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_autocast_around_the_forward_changes_no_bit(
    dtype: torch.dtype, policy: ActivationPolicy
) -> None:
    model = make_model(MappingSource(make_weights()), dtype, policy)
    network, sample = make_network(), make_sample()
    wanted = model.velocity(*sample.arguments(), lora=network)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = model.velocity(*sample.arguments(), lora=network)
    assert torch.equal(found, wanted)
    wanted_grads, found_grads = gradients(wanted, network), gradients(found, network)
    assert all(torch.equal(found_grads[name], grad) for name, grad in wanted_grads.items())


def test_autocast_around_a_whole_run_changes_no_loss(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 2)
    config = make_config(optimizer={"name": "adamw", "learning_rate": 0.01})
    wanted = run_training(make_hunyuan(tmp_path / "plain", config, items))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = run_training(make_hunyuan(tmp_path / "around", config, items))
    assert found.losses == wanted.losses
    for name, value in wanted.lora_state.items():
        assert torch.equal(found.lora_state[name], value)


@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
@pytest.mark.parametrize(("text_tokens", "chunks"), [(1, 1), (2, THREE_HEADS.heads), (13, 2)])
@pytest.mark.parametrize("checkpointed", [False, True], ids=["whole", "checkpointed"])
def test_gradients_equal_plain_autograd_in_every_variant(
    targets: str, text_tokens: int, chunks: int, checkpointed: bool
) -> None:
    weights = make_weights(THREE_HEADS, torch.float64)
    sample = make_sample(2, text_tokens, dtype=torch.float64)
    network = make_network(targets, torch.float64, config=THREE_HEADS)
    blocks = frozenset(range(TINY.blocks)) if checkpointed else frozenset()
    policy = ActivationPolicy(blocks, attention_chunks=chunks)
    model = make_model(MappingSource(weights), torch.float64, policy)
    found = gradients(model.velocity(*sample.arguments(), lora=network), network)
    wanted = gradients(plain_velocity(weights, sample, network), network)
    for name, value in wanted.items():
        assert float((found[name] - value).abs().max()) <= 1e-10 * float(value.abs().max()), name


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_modulation_is_fetched_once_unless_it_learns(policy: ActivationPolicy) -> None:
    for targets, again in (("default", 0), (EVERYTHING, 1)):
        source = ReusedBufferSource(make_weights())
        names = [n for n in source.shapes if "_blocks." in n and "mod" in n and "weight" in n]
        blocks = [n for n in names if not n.startswith("txt_in.")]
        assert len(blocks) == 2 * TINY.double_blocks + TINY.single_blocks
        network = make_network(targets)
        velocity = make_model(source, policy=policy).velocity(
            *make_sample().arguments(), lora=network
        )
        assert {source.requests[name] for name in blocks} == {1}
        gradients(velocity, network)
        # A LoRA elsewhere needs nothing of them; one before them asks once more, for its gradient.
        assert {source.requests[name] for name in blocks} == {1 + again}


@pytest.mark.parametrize("lengths", [(5, 5), (3, 8)], ids=["equal", "padded"])
def test_bf16_attention_with_and_without_a_mask_follows_fp32(lengths: tuple[int, int]) -> None:
    longest = max(lengths)
    latents, timestep, text, _, pooled, guidance = make_sample(2, longest).arguments()
    mask = torch.arange(longest)[None] < torch.tensor(lengths)[:, None]
    weights, network = make_weights(), make_network()
    results: list[Tensor] = []
    for dtype in (torch.float32, torch.bfloat16):
        model = make_model(MappingSource(weights), dtype)
        velocity = model.velocity(latents, timestep, text, mask, pooled, guidance, network)
        grads = gradients(velocity, network)
        results.append(torch.cat([grad.flatten() for grad in grads.values()]))
        if len(set(lengths)) == 1:
            plain = model.velocity(latents, timestep, text, None, pooled, guidance, network)
            assert torch.equal(plain, velocity)
    exact, rough = results
    assert rough.isfinite().all()
    assert 0 < float((rough - exact).norm() / exact.norm()) < 0.05
