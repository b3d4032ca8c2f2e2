"""Frozen linears with prologue and LoRA against ordinary autograd."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from trainer.errors import ModelMismatchError
from trainer.model.linear import Elementwise, Layers, Part
from trainer.model.lora import LoraNetwork, LoraTarget
from trainer.model.weights import MappingSource, WeightSource


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


WEIGHT, BIAS = normal(5, 7, seed=1), normal(5, seed=2)
SOURCE = MappingSource({"layer.weight": WEIGHT, "layer.bias": BIAS, "bare.weight": WEIGHT})


def make_network() -> LoraNetwork:
    network = LoraNetwork([LoraTarget("layer", 7, 5)], rank=2, alpha=3.0, dtype=torch.float64)
    network.load_state(
        {
            "layer.lora_down.weight": normal(2, 7, seed=3),
            "layer.lora_up.weight": normal(5, 2, seed=4),
            "layer.alpha": torch.tensor(3.0),
        }
    )
    return network


def make_layers(network: LoraNetwork | None = None) -> Layers:
    return Layers(SOURCE, torch.float64, torch.device("cpu"), network)


def scaled_silu(x: Tensor, scale: Tensor) -> Tensor:
    return F.silu(x) * scale


def frozen_linear(source: WeightSource, name: str, x: Tensor) -> Tensor:
    """A frozen layer alone, as the model asks for it."""
    return Layers(source, x.dtype, x.device).linear(name, x)


def test_frozen_linear_passes_gradcheck() -> None:
    x = normal(2, 3, 7).requires_grad_()
    assert torch.equal(frozen_linear(SOURCE, "layer", x), F.linear(x, WEIGHT, BIAS))
    assert torch.equal(frozen_linear(SOURCE, "bare", x), F.linear(x, WEIGHT))
    assert torch.autograd.gradcheck(lambda value: frozen_linear(SOURCE, "layer", value), (x,))


def test_frozen_linear_keeps_nothing() -> None:
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    x = normal(3, 7).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        frozen_linear(SOURCE, "layer", x)
    assert kept == []


def test_frozen_linear_in_float32_source_follows_the_input_dtype() -> None:
    x = normal(3, 7).float()
    assert frozen_linear(SOURCE, "layer", x).dtype == torch.float32


def test_linear_with_prologue_and_lora_passes_gradcheck() -> None:
    network = make_network()
    x, scale = normal(2, 3, 7).requires_grad_(), normal(2, 1, 7, seed=9).requires_grad_()
    layers = make_layers(network)

    def run(value: Tensor, factor: Tensor, *_: Tensor) -> Tensor:
        return layers.linear("layer", value, factor, prologue=Elementwise(scaled_silu))

    pair = network.pair("layer")
    assert pair is not None
    hidden = scaled_silu(x, scale)
    wanted = F.linear(hidden, WEIGHT + 1.5 * pair.up @ pair.down, BIAS)
    assert torch.allclose(run(x, scale), wanted, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradcheck(run, (x, scale, pair.down, pair.up))


def test_linear_unwanted_input_gradient_is_not_computed() -> None:
    network = make_network()
    x = normal(3, 7)
    make_layers(network).linear("layer", x).sum().backward()
    assert x.grad is None
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_linear_without_grad_needs_records_no_graph() -> None:
    result = make_layers().linear("layer", normal(3, 7), prologue=Elementwise(F.silu))
    assert result.grad_fn is None


def test_linear_unknown_layer_is_named() -> None:
    with pytest.raises(ModelMismatchError, match=r"no weight 'absent\.weight'"):
        frozen_linear(SOURCE, "absent", normal(3, 7))


def test_parts_and_widths_equal_one_layer() -> None:
    network = make_network()
    layers = make_layers(network)
    x, y = normal(6, 3).requires_grad_(), normal(6, 4, seed=8).requires_grad_()
    pair = network.pair("layer")
    assert pair is not None
    whole = layers.linear("layer", torch.cat((F.silu(x), y), dim=1))
    parts = layers.linear_of_parts("layer", Part((x,), Elementwise(F.silu)), Part((y,)))
    assert torch.allclose(parts, whole, rtol=1e-12, atol=1e-12)

    def run(a: Tensor, b: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        joined = Part((a, b), Elementwise(lambda a, b: torch.cat((a.sin(), b), dim=1)))
        return layers.linear_into("layer", joined, (2, 3))

    assert [part.shape[1] for part in run(x, y)] == [2, 3]
    assert torch.autograd.gradcheck(run, (x, y, pair.down, pair.up))

    def run_parts(a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
        return layers.linear_of_parts("layer", Part((a,), Elementwise(F.silu)), Part((b,)))

    assert torch.autograd.gradcheck(run_parts, (x, y, pair.down, pair.up))


def test_prologue_stores_only_its_inputs() -> None:
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    x = normal(4, 7).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        make_layers().linear("layer", x, prologue=Elementwise(torch.exp))
    assert {tensor.data_ptr() for tensor in kept} == {x.data_ptr()}
