"""Samples of different sizes in one pass, gradients written out, and attention on any device."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode

from tests.unit.model.reference_model import make_sample, make_weights
from tests.unit.model.test_stored_tensors import ReusedBufferSource
from tests.unit.model.training_checks import POLICIES, make_model, make_network, mean_square
from trainer.errors import ModelMismatchError
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.hunyuan_video import ModelInput
from trainer.model.layers import compiled, elementwise
from trainer.model.layers.attention_kernels import (
    _CPU_FLASH,
    _CUDA,
    _PRODUCTS,
    REPEATED_KERNEL,
    choose_kernel,
)
from trainer.model.layers.packing import Segments, interleave, join_samples, take_first
from trainer.model.lora import LoraNetwork
from trainer.model.weights import MappingSource

SIZES = (((2, 4, 6), 5), ((1, 8, 4), 1), ((1, 2, 2), 9))
"""Latent sizes and text lengths of three samples."""


def make_inputs(
    dtype: torch.dtype, sizes: tuple[tuple[tuple[int, int, int], int], ...] = SIZES
) -> list[ModelInput]:
    inputs = []
    for number, (latent_shape, text_tokens) in enumerate(sizes):
        sample = make_sample(1, text_tokens, latent_shape, dtype, seed=number)
        inputs.append(
            ModelInput(
                sample.latents[0],
                sample.timestep[0] + 100 * number,
                sample.text[0],
                sample.pooled[0],
                sample.guidance[0],
            )
        )
    return inputs


def loss_gradients(
    losses: list[Tensor], network: LoraNetwork
) -> tuple[Tensor, list[Tensor | None]]:
    total = torch.stack(losses).sum()
    for parameter in network.parameters():
        parameter.grad = None
    total.backward()
    return total.detach(), [parameter.grad for parameter in network.parameters()]


@pytest.mark.parametrize("targets", ["default", "."], ids=["default", "every_linear"])
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_mixed_sizes_equal_single_samples(policy: ActivationPolicy, targets: str) -> None:
    source = MappingSource(make_weights(dtype=torch.float64))
    network = make_network(targets, torch.float64)
    inputs = make_inputs(torch.float64)
    alone = make_model(source, torch.float64)
    singles = [mean_square(alone.velocities([x], network)[0]) for x in inputs]
    wanted, wanted_grads = loss_gradients(singles, network)
    model = make_model(source, torch.float64, policy)
    velocities = model.velocities(inputs, network)
    assert [v.shape for v in velocities] == [x.noisy_latents.shape for x in inputs]
    found, found_grads = loss_gradients([mean_square(v) for v in velocities], network)
    assert torch.allclose(found, wanted, rtol=1e-12, atol=0)
    for a, b in zip(found_grads, wanted_grads, strict=True):
        assert a is not None
        assert b is not None
        assert (a - b).norm() <= 1e-11 * b.norm()


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_bf16_mixes_samples_short_and_long_enough_for_products(policy: ActivationPolicy) -> None:
    """A short sample goes through torch's own kernel and a long one through products, in one call;
    what they keep for backward must not be taken for one another's.
    """
    sizes = (((1, 4, 6), 5), ((2, 32, 32), 7), ((1, 2, 2), 3))
    weights = make_weights(dtype=torch.float64)
    network = make_network()
    found = {}
    for dtype in (torch.float64, torch.bfloat16):
        model = make_model(MappingSource(weights), dtype, policy)
        velocities = model.velocities(make_inputs(dtype, sizes), network)
        _, gradients = loss_gradients([mean_square(v) for v in velocities], network)
        found[dtype] = torch.cat([g.double().flatten() for g in gradients if g is not None])
    exact, rough = found[torch.float64], found[torch.bfloat16]
    assert (rough - exact).norm() < 0.04 * exact.norm()


def test_mixed_sizes_ask_for_each_weight_once() -> None:
    source = ReusedBufferSource(make_weights())
    network = make_network()
    velocities = make_model(source).velocities(make_inputs(torch.float32), network)
    assert set(source.requests.values()) == {1}
    source.requests.clear()
    torch.stack([mean_square(v) for v in velocities]).sum().backward()
    assert set(source.requests.values()) == {1}


def test_mixed_sizes_bad_sample_is_named() -> None:
    first, second, _ = make_inputs(torch.float32)
    wrong = replace(second, text=second.text[:, :-1])
    with pytest.raises(ModelMismatchError, match=r"The text has shape \[1, 1, 23\]"):
        make_model(MappingSource(make_weights())).velocities([first, wrong])


def test_join_samples_and_take_first_are_inverse() -> None:
    first, second = Segments((2, 3)), Segments((1, 4))
    a, b = torch.arange(5.0)[:, None], -torch.arange(5.0)[:, None]
    joined = join_samples(a, b, (first, second))
    assert joined[:, 0].tolist() == [0, 1, 0, 2, 3, 4, -1, -2, -3, -4]
    assert torch.equal(take_first(joined, (first, second)), a)
    assert interleave(first, second).rows == (slice(0, 3), slice(3, 10))


@pytest.mark.parametrize("turn_is_given", [True, False])
@pytest.mark.parametrize("name", ["turn_heads", "modulated_norm"])
def test_written_out_gradients_equal_autograd(name: str, turn_is_given: bool) -> None:
    generator = torch.Generator().manual_seed(3)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    grad = normal(6, 2, 8)
    if name == "turn_heads":
        angles = normal(6, 4)
        turn = torch.stack((angles.cos(), angles.sin()), -1) if turn_is_given else None
        x, weight = normal(6, 2, 8).requires_grad_(), normal(8)
        eager = elementwise.turn_heads(x.detach(), weight, turn)
        value = compiled._turn_heads(x, weight, turn)
        assert torch.allclose(eager, value, rtol=1e-12, atol=1e-12)
        (wanted,) = torch.autograd.grad(value, x, grad)
        found = [torch.full_like(grad, torch.nan) for _ in range(2)]
        elementwise.turn_heads_backward(grad, x.detach(), weight, turn, found[0])
        compiled._turn_heads_backward(grad, x.detach(), weight, turn, found[1])
    else:
        x, shift, scale = normal(6, 8).requires_grad_(), normal(1, 8), normal(1, 8)
        value, mean, rstd = elementwise.modulated_norm(x, shift, scale)
        (wanted,) = torch.autograd.grad(value, x, grad[:, 0])
        mean, rstd = mean.detach(), rstd.detach()
        found = [
            kernel(grad[:, 0].clone(), x.detach(), scale, mean, rstd)
            for kernel in (
                elementwise.modulated_norm_backward,
                compiled._modulated_norm_backward,
            )
        ]
    for result in found:
        assert torch.allclose(result, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("tokens", [37, 600])
def test_kernel_halves_equal_autograd(dtype: torch.dtype, tokens: int) -> None:
    generator = torch.Generator().manual_seed(4)
    # [L, K, C] turned to [1, K, L, C], as the blocks give them.
    query, key, value, grad = (
        torch.randn(tokens, 3, 128, generator=generator).to(dtype).transpose(0, 1)[None]
        for _ in range(4)
    )
    leaves = [x.double().requires_grad_() for x in (query, key, value)]
    wanted = torch.nn.functional.scaled_dot_product_attention(*leaves)
    wanted_grads = torch.autograd.grad(wanted, leaves, grad.double())
    bound = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}[dtype]
    for kernel in (choose_kernel(query, key, value), REPEATED_KERNEL):
        output, residue = kernel.forward(query, key, value)
        grads = kernel.backward(grad, query, key, value, output, *residue)
        assert (output.double() - wanted).norm() <= bound * wanted.norm()
        for a, b in zip(grads, wanted_grads, strict=True):
            assert (a.double() - b).norm() <= bound * b.norm()


def test_plans_follow_one_kernel_where_the_cpu_itself_would_take_products() -> None:
    real = torch.empty(1, 2, 600, 128, dtype=torch.bfloat16)
    assert choose_kernel(real, real, real) is _PRODUCTS
    with FakeTensorMode():
        planned = torch.empty(1, 2, 600, 128, dtype=torch.bfloat16)
        assert choose_kernel(planned, planned, planned) is _CPU_FLASH


def test_cuda_kernels_take_the_arguments_that_torch_declares() -> None:
    """No GPU runs here: at least the calls must fit the operators' declarations."""
    aten = torch.ops.aten
    flash = aten._scaled_dot_product_flash_attention_backward.default._schema
    assert [a.name for a in flash.arguments if not a.kwarg_only] == [
        "grad_out", "query", "key", "value", "out", "logsumexp", "cum_seq_q", "cum_seq_k",
        "max_q", "max_k", "dropout_p", "is_causal", "philox_seed", "philox_offset",
    ]  # fmt: skip
    assert len(aten._scaled_dot_product_flash_attention.default._schema.returns) == 9
    efficient = aten._scaled_dot_product_efficient_attention_backward.default._schema
    assert [a.name for a in efficient.arguments if not a.kwarg_only][:11] == [
        "grad_out_", "query", "key", "value", "attn_bias", "out", "logsumexp", "philox_seed",
        "philox_offset", "dropout_p", "grad_input_mask",
    ]  # fmt: skip
    assert len(aten._scaled_dot_product_efficient_attention.default._schema.returns) == 4


def test_cuda_kernels_run_on_shapes_alone() -> None:
    with FakeTensorMode():
        query = torch.empty(1, 3, 40, 128, dtype=torch.bfloat16, device="cuda")
        for kernel in _CUDA.values():
            output, residue = kernel.forward(query, query, query)
            grads = kernel.backward(output, query, query, query, output, *residue)
            assert [grad.shape for grad in (output, *grads)] == [query.shape] * 4
