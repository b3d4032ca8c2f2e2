"""The differentiable HunyuanVideo forward: its values and the gradients of its LoRA."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import (
    TINY,
    Sample,
    make_sample,
    make_weights,
    plain_velocity,
)
from tests.unit.model.training_checks import (
    EVERYTHING,
    gradients,
    make_model,
    make_network,
    mean_square,
)
from trainer.model.architecture import expected_shapes
from trainer.model.lora import LoraNetwork, select_targets
from trainer.model.weights import MappingSource


def assert_all_close(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], relative: float
) -> None:
    for name, value in wanted.items():
        worst = float((found[name] - value).abs().max())
        assert worst <= relative * float(value.abs().max()), (name, worst)


@pytest.mark.parametrize("latent_shape", [(1, 4, 6), (3, 6, 4)], ids=["picture", "clip"])
def test_velocity_float64_equals_plain_implementation(latent_shape: tuple[int, int, int]) -> None:
    weights = make_weights(dtype=torch.float64)
    sample = make_sample(2, latent_shape=latent_shape, dtype=torch.float64)
    found = make_model(MappingSource(weights), torch.float64).velocity(*sample.arguments())
    wanted = plain_velocity(weights, sample)
    assert float(wanted.abs().max()) > 1
    assert float((found - wanted).abs().max()) <= 1e-11


@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
def test_gradients_equal_plain_autograd(targets: str) -> None:
    weights = make_weights(dtype=torch.float64)
    sample = make_sample(2, dtype=torch.float64)
    network = make_network(targets, torch.float64)
    model = make_model(MappingSource(weights), torch.float64)
    wanted = gradients(plain_velocity(weights, sample, network), network)
    found = gradients(model.velocity(*sample.arguments(), lora=network), network)
    assert_all_close(found, wanted, relative=1e-10)


def test_gradients_equal_finite_differences() -> None:
    model = make_model(MappingSource(make_weights(dtype=torch.float64)), torch.float64)
    sample = make_sample(dtype=torch.float64)
    network = make_network(dtype=torch.float64)
    found = gradients(model.velocity(*sample.arguments(), lora=network), network)
    generator = torch.Generator().manual_seed(11)
    step = 1e-4
    for name, parameter in list(network.named_parameters())[::5]:
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        losses = []
        with torch.no_grad():
            for factor in (1, -1, 2, -2):
                parameter.add_(direction, alpha=factor * step)
                losses.append(float(mean_square(model.velocity(*sample.arguments(), lora=network))))
                parameter.add_(direction, alpha=-factor * step)
        # Five-point rule: its own error is of the order of step to the fourth.
        slope = (8 * (losses[0] - losses[1]) - (losses[2] - losses[3])) / (12 * step)
        wanted = float((found[name] * direction).sum())
        assert slope == pytest.approx(wanted, rel=1e-6, abs=1e-10), name


def test_padded_batch_equals_single_samples() -> None:
    weights = make_weights(dtype=torch.float64)
    network = make_network(dtype=torch.float64)
    model = make_model(MappingSource(weights), torch.float64)
    short = make_sample(text_tokens=3, dtype=torch.float64, seed=21)
    long = make_sample(text_tokens=8, dtype=torch.float64, seed=22)
    batch = join_padded(short, long)
    found = gradients(model.velocity(*batch, lora=network), network)
    both = torch.cat([plain_velocity(weights, one, network) for one in (short, long)])
    wanted = gradients(both, network)
    velocity = model.velocity(*batch, lora=network)
    assert float((velocity - both).detach().abs().max()) <= 1e-11
    assert_all_close(found, wanted, relative=1e-10)


def join_padded(
    short: Sample, long: Sample
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Both as one batch; the padding is NaN, which must not reach anything."""
    length = long.text.shape[1]
    text = torch.full((2, length, TINY.text_width), math.nan, dtype=long.text.dtype)
    mask = torch.zeros(2, length, dtype=torch.bool)
    for index, sample in enumerate((short, long)):
        text[index, : sample.text.shape[1]] = sample.text[0]
        mask[index, : sample.text.shape[1]] = True
    pairs = zip(dataclasses.astuple(short), dataclasses.astuple(long), strict=True)
    latents, timestep, _, pooled, guidance = (
        torch.cat(pair) if index != 2 else text for index, pair in enumerate(pairs)
    )
    return latents, timestep, text, mask, pooled, guidance


def test_mask_without_padding_changes_nothing() -> None:
    model = make_model(MappingSource(make_weights()))
    sample = make_sample(2)
    latents, timestep, text, _, pooled, guidance = sample.arguments()
    mask = torch.ones(text.shape[:2], dtype=torch.bool)
    with_mask = model.velocity(latents, timestep, text, mask, pooled, guidance)
    assert torch.equal(with_mask, model.velocity(*sample.arguments()))


def test_guidance_missing_or_unknown_to_the_model_is_not_added() -> None:
    weights = make_weights()
    unguided = {name: value for name, value in weights.items() if "guidance_in" not in name}
    latents, timestep, text, _, pooled, guidance = make_sample().arguments()
    base = make_model(MappingSource(weights))
    not_given = base.velocity(latents, timestep, text, None, pooled, None)
    unknown = make_model(MappingSource(unguided)).velocity(
        latents, timestep, text, None, pooled, guidance
    )
    assert torch.equal(not_given, unknown)
    assert not torch.allclose(
        not_given, base.velocity(latents, timestep, text, None, pooled, guidance), atol=1e-3
    )


def test_inference_mode_weights_can_be_trained_on() -> None:
    with torch.inference_mode():
        frozen = make_weights()
    network = make_network(EVERYTHING)
    sample = make_sample()
    found, wanted = (
        gradients(
            make_model(MappingSource(each)).velocity(*sample.arguments(), lora=network), network
        )
        for each in (frozen, make_weights())
    )
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


def test_fresh_lora_changes_no_bit() -> None:
    model = make_model(MappingSource(make_weights()))
    sample = make_sample()
    fresh = LoraNetwork(select_targets(expected_shapes(TINY), EVERYTHING), 4, 4.0)
    with_lora = model.velocity(*sample.arguments(), lora=fresh)
    assert torch.equal(with_lora, model.velocity(*sample.arguments()))


def test_only_lora_parameters_get_gradients() -> None:
    weights = {name: value.requires_grad_() for name, value in make_weights().items()}
    sample = make_sample()
    network = make_network()
    model = make_model(MappingSource(weights))
    gradients(model.velocity(*sample.arguments(), lora=network), network)
    assert all(value.grad is None for value in weights.values())
    assert not model.velocity(*sample.arguments()).requires_grad


def test_bf16_follows_fp32_within_its_precision() -> None:
    weights = make_weights()
    sample = make_sample()
    exact = make_model(MappingSource(weights)).velocity(*sample.arguments())
    rough = make_model(MappingSource(weights), torch.bfloat16).velocity(*sample.arguments())
    assert rough.dtype == torch.float32
    error = float((rough - exact).norm() / exact.norm())
    assert 1e-4 < error < 0.03


def test_bf16_gradients_are_float32_and_point_the_same_way() -> None:
    weights = make_weights()
    sample = make_sample()
    network = make_network()
    exact, rough = (
        gradients(
            make_model(MappingSource(weights), dtype).velocity(*sample.arguments(), lora=network),
            network,
        )
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert {value.dtype for value in rough.values()} == {torch.float32}
    flat = [torch.cat([value.flatten() for value in each.values()]) for each in (exact, rough)]
    assert float(torch.cosine_similarity(flat[0], flat[1], dim=0)) > 0.99
