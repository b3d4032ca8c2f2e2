"""A whole training step on weights that are streamed: how often, how many bytes, how many alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from tests.unit.model.reference_model import TINY, make_sample, make_weights
from tests.unit.model.training_checks import (
    EVERYTHING,
    POLICIES,
    gradients,
    make_model,
    make_network,
)
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.architecture import expected_shapes
from trainer.model.hunyuan_video import ModelInput
from trainer.model.weights import MappingSource

RUBBISH = 0xFF  # Bytes that are no number in any floating-point format.
MATRICES = [name for name, shape in expected_shapes(TINY).items() if len(shape) > 1]
EMBEDDERS = ("img_in.", "time_in.", "vector_in.", "guidance_in.")
TARGETS = pytest.mark.parametrize(
    "targets", ["default", EVERYTHING], ids=["default", "every_linear"]
)
POLICY = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())


class StreamingSource:
    """Hands out all weights in one piece of memory, as large as the largest of them.

    What was handed out before is overwritten at the next request. Autograd does not notice, as it
    would not notice a copy of the driver.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._inner = MappingSource(weights)
        self.shapes = self._inner.shapes
        self.requests: Counter[str] = Counter()
        largest = max(value.nbytes for value in weights.values())
        self._buffer = torch.full((largest,), RUBBISH, dtype=torch.uint8)

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        self.requests[name] += 1
        value = self._inner.weight(name, dtype, device)
        # .data has a version counter of its own.
        self._buffer.data.fill_(RUBBISH)
        lent = self._buffer.data[: value.nbytes].view(dtype).view(value.shape)
        return lent.copy_(value)


class WatchingSource:
    """Hands out new memory for each request and knows which matrices are still held.

    Vectors do not count: sources keep them, since all of the 13B model's are 13 MB.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._inner = MappingSource(weights)
        self.shapes = self._inner.shapes
        self._lent: list[tuple[str, StorageWeakRef, int]] = []
        self.most_layers = 0
        self.most_bytes = 0

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        value = self._inner.weight(name, dtype, device).clone()
        if value.ndim > 1:
            self._lent.append((name, StorageWeakRef(value.untyped_storage()), value.nbytes))
        alive = self.alive()
        self.most_layers = max(self.most_layers, len({name for name, _ in alive}))
        self.most_bytes = max(self.most_bytes, sum(size for _, size in alive))
        return value

    def alive(self) -> list[tuple[str, int]]:
        """Layer and bytes of each matrix that somebody still holds."""
        self._lent = [item for item in self._lent if not item[1].expired()]
        return [(name.rpartition(".")[0], size) for name, _, size in self._lent]


@POLICY
@TARGETS
def test_streamed_weights_give_equal_bits(targets: str, policy: ActivationPolicy) -> None:
    weights, sample, network = make_weights(), make_sample(batch=2), make_network(targets)
    steady = make_model(MappingSource(weights)).velocity(*sample.arguments(), lora=network)
    wanted = gradients(steady, network)
    model = make_model(StreamingSource(weights), policy=policy)
    for _ in range(2):  # the second step starts with what the first one left in memory
        velocity = model.velocity(*sample.arguments(), lora=network)
        assert torch.equal(velocity, steady)
        found = gradients(velocity, network)
        assert all(torch.equal(found[name], value) for name, value in wanted.items())


@POLICY
@TARGETS
def test_at_most_one_layers_weights_are_alive(targets: str, policy: ActivationPolicy) -> None:
    weights, network = make_weights(), make_network(targets)
    source = WatchingSource(weights)
    velocity = make_model(source, policy=policy).velocity(*make_sample().arguments(), lora=network)
    assert source.alive() == []
    gradients(velocity, network)
    assert source.alive() == []
    assert source.most_layers == 1
    assert source.most_bytes == max(value.nbytes for value in weights.values())


def test_watching_source_sees_a_weight_that_is_held() -> None:
    source = WatchingSource({"a.weight": torch.zeros(3, 1), "b.weight": torch.zeros(5, 1)})
    held = source.weight("a.weight", torch.float32, torch.device("cpu"))[1:]
    source.weight("b.weight", torch.float32, torch.device("cpu"))
    assert source.alive() == [("a", 12)]
    assert (source.most_layers, source.most_bytes) == (2, 32)
    del held
    assert source.alive() == []


@POLICY
@TARGETS
def test_each_matrix_is_asked_for_as_often_as_arithmetic_says(
    targets: str, policy: ActivationPolicy
) -> None:
    source, network = StreamingSource(make_weights()), make_network(targets)
    velocity = make_model(source, policy=policy).velocity(*make_sample().arguments(), lora=network)
    gradients(velocity, network)
    needs_no_gradient = is_behind_no_lora if targets == "default" else takes_no_gradient
    assert {name: source.requests[name] for name in MATRICES} == {
        name: 1 + (not needs_no_gradient(name)) + is_run_twice(name, policy) for name in MATRICES
    }


def is_behind_no_lora(name: str) -> bool:
    """With LoRAs in the blocks' attention and MLP, in front of them and beside them."""
    is_first = name.startswith("double_blocks.0.") and name.endswith("attn.qkv.weight")
    return is_first or "mod" in name or name.startswith(("txt_in.", *EMBEDDERS))


def takes_no_gradient(name: str) -> bool:
    """With LoRAs everywhere, the layers whose input is what is given from outside."""
    return name.endswith(("_in.in_layer.weight", "_embedder.in_layer.weight")) or name in (
        "img_in.proj.weight",
        "txt_in.input_embedder.weight",
    )


def is_run_twice(name: str, policy: ActivationPolicy) -> bool:
    """Weights of checkpointed blocks; the modulation is not part of them."""
    kind, _, rest = name.partition(".")
    if kind not in ("double_blocks", "single_blocks") or "mod" in rest:
        return False
    number = int(rest.split(".")[0]) + (TINY.double_blocks if kind == "single_blocks" else 0)
    return number in policy.checkpoint_blocks


def test_bytes_of_a_step_are_twice_the_blocks_and_once_the_modulation() -> None:
    weights = make_weights()
    source, network = StreamingSource(weights), make_network()
    velocity = make_model(source).velocity(*make_sample().arguments(), lora=network)
    gradients(velocity, network)
    asked = {
        name: count * weights[name].nbytes
        for name, count in source.requests.items()
        if "blocks." in name and not name.startswith("txt_in") and weights[name].ndim == 2
    }
    width, hidden = TINY.hidden_size, TINY.mlp_size
    stream = 4 * width**2 + 2 * width * hidden  # qkv and proj, and the two of the MLP
    first_qkv = 2 * 3 * width**2  # nothing before it learns
    blocks = 2 * stream * (2 * TINY.double_blocks + TINY.single_blocks) - first_qkv
    modulation = (2 * 6 * TINY.double_blocks + 3 * TINY.single_blocks) * width**2
    is_modulation = {name: "mod" in name for name in asked}
    assert sum(size for name, size in asked.items() if is_modulation[name]) == 4 * modulation
    assert sum(size for name, size in asked.items() if not is_modulation[name]) == 4 * blocks


@POLICY
def test_samples_of_any_size_share_each_request(policy: ActivationPolicy) -> None:
    network = make_network()
    counts = []
    for shapes in (((1, 4, 6),), ((1, 4, 6), (3, 4, 4), (1, 8, 2))):
        source = StreamingSource(make_weights())
        velocities = make_model(source, policy=policy).velocities(
            [one_input((frames, rows, columns)) for frames, rows, columns in shapes], network
        )
        gradients(torch.cat([velocity.flatten() for velocity in velocities]), network)
        counts.append(source.requests)
    assert counts[0] == counts[1]


def one_input(latent_shape: tuple[int, int, int]) -> ModelInput:
    sample = make_sample(latent_shape=latent_shape, text_tokens=3 + latent_shape[0])
    return ModelInput(
        sample.latents[0], sample.timestep[0], sample.text[0], sample.pooled[0], sample.guidance[0]
    )
