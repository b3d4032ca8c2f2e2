"""Steps over a ring that is spoilt behind the computation give the very same bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.unit.model.reference_model import TINY, make_sample, make_weights
from tests.unit.model.streaming.streaming_checks import (
    CHECKPOINTED,
    CPU,
    LARGEST,
    SpoilingCopies,
    assert_same_step,
    make_source,
    run_step,
)
from tests.unit.model.training_checks import (
    EVERYTHING,
    POLICIES,
    gradients,
    make_model,
    make_network,
)
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.streaming.source import PrefetchingSource
from trainer.model.weights import MappingSource, SafetensorsSource


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
@pytest.mark.parametrize("depth", [0, 1, 2, 4])
@pytest.mark.parametrize("targets", ["default", EVERYTHING], ids=["default", "every_linear"])
def test_steps_give_equal_bits(depth: int, policy: ActivationPolicy, targets: str) -> None:
    network = make_network(targets)
    wanted = run_step(make_model(MappingSource(make_weights()), policy=policy), network)
    source, _, engine = make_source(depth=depth, places=depth + 1)
    model = make_model(source, policy=policy)
    for _ in range(3):
        assert_same_step(run_step(model, network), wanted)
    assert engine.most_bytes_in_use <= (depth + 1) * LARGEST


@pytest.mark.parametrize("places", [1, 1.5, 40], ids=["one", "between", "whole_model"])
def test_ring_of_any_size_gives_equal_bits(places: float) -> None:
    network = make_network()
    wanted = run_step(make_model(MappingSource(make_weights()), policy=CHECKPOINTED), network)
    source, _, engine = make_source(depth=12, places=places)
    model = make_model(source, policy=CHECKPOINTED)
    for _ in range(3):
        assert_same_step(run_step(model, network), wanted)
    assert source.ring_bytes == int(places * LARGEST)
    assert engine.ring.data_ptr() == source._engine.ring.data_ptr()


def test_known_step_begins_every_copy_ahead() -> None:
    network = make_network()
    source, inner, engine = make_source(depth=2)
    model = make_model(source, policy=CHECKPOINTED)
    run_step(model, network)
    run_step(model, network)  # the turn from one step to the next has been seen now
    before = source.counts.requests, engine.copies, source.counts.late, engine.copied_bytes
    run_step(model, network)
    requests, copies, late, copied = (
        now - then
        for now, then in zip(
            (source.counts.requests, engine.copies, source.counts.late, engine.copied_bytes),
            before,
            strict=True,
        )
    )
    assert late == 0
    assert source.counts.copies == engine.copies
    # Each block ends its second run with the weight that its gradient begins with.
    assert requests - copies >= TINY.blocks
    assert copied < 3 * sum(v.nbytes for v in make_weights().values() if v.ndim > 1)
    # Matrices never come from the source itself, vectors once.
    assert {name: count for name, count in inner.lent.items() if count != 1} == {}
    assert all(len(inner.shapes[name]) == 1 for name in inner.lent)
    assert source.kept_bytes == sum(v.nbytes for v in make_weights().values() if v.ndim == 1)


def test_deep_ring_copies_a_checkpointed_block_once_in_backward() -> None:
    network = make_network()
    counts = {}
    for depth in (1, 20):
        source, _, engine = make_source(depth=depth, places=12)
        model = make_model(source, policy=CHECKPOINTED)
        run_step(model, network)
        run_step(model, network)
        before = engine.copied_bytes
        run_step(model, network)
        counts[depth] = engine.copied_bytes - before
    assert counts[20] < 0.75 * counts[1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_stored_bytes_travel_and_the_dense_weight_is_made_on_the_device(dtype: torch.dtype) -> None:
    weights = make_weights(dtype=torch.float16)
    network = make_network()
    wanted = run_step(make_model(MappingSource(weights), dtype), network)
    source, _, engine = make_source(weights)
    assert_same_step(run_step(make_model(source, dtype), network), wanted)
    asked = source.counts.copies
    assert engine.copied_bytes <= asked * LARGEST // 2


def test_scaled_float8_file_gives_equal_bits(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    stored: dict[str, Tensor] = {}
    for name, value in make_weights().items():
        if name.endswith(".weight") and value.ndim == 2 and "blocks" in name:
            stored[name] = (value * 4).to(torch.float8_e4m3fn)
            stored[name[: -len("weight")] + "scale_weight"] = torch.tensor(0.25)
        else:
            stored[name] = value.to(torch.bfloat16)
    save_file(stored, path)
    network = make_network()
    wanted = run_step(make_model(SafetensorsSource(path), policy=CHECKPOINTED), network)
    file = SafetensorsSource(path)
    with PrefetchingSource(file, CPU, LARGEST, 3, SpoilingCopies) as source:
        model = make_model(source, policy=CHECKPOINTED)
        for _ in range(3):
            assert_same_step(run_step(model, network), wanted)
        assert source._engine.most_bytes_in_use <= LARGEST


def test_order_may_change_between_steps() -> None:
    network = make_network()
    plain = make_model(MappingSource(make_weights()))
    source, _, _ = make_source(depth=4)
    model = make_model(source)
    for name, samples in [("whole", 1), ("checkpointed", 2), ("two_blocks", 1), ("whole", 2)] * 2:
        plain.policy = model.policy = POLICIES[name]
        assert_same_step(run_step(model, network, samples), run_step(plain, network, samples))
        with torch.inference_mode():
            arguments = make_sample(seed=9).arguments()
            assert torch.equal(model.velocity(*arguments), plain.velocity(*arguments))
    before = source.counts.late
    for _ in range(3):
        run_step(model, network, 2)
    late = source.counts.late
    run_step(model, network, 2)
    assert late - before <= 8
    assert source.counts.late == late


def test_two_models_side_by_side() -> None:
    network = make_network()
    numbers = [make_weights(seed=seed) for seed in (0, 1)]
    wanted = [run_step(make_model(MappingSource(weights)), network) for weights in numbers]
    sources = [make_source(weights)[0] for weights in numbers]
    models = [make_model(source, policy=CHECKPOINTED) for source in sources]
    arguments = make_sample().arguments()
    for _ in range(2):
        velocities = [model.velocity(*arguments, lora=network) for model in models]
        for velocity, (flow, grads) in zip(reversed(velocities), reversed(wanted), strict=True):
            assert_same_step((velocity.detach(), gradients(velocity, network)), (flow, grads))


def test_two_models_take_turns_at_one_source() -> None:
    """Forward of both, then backward of both: no order that either would have alone."""
    network = make_network()
    plain = make_model(MappingSource(make_weights()))
    source, _, _ = make_source(depth=3)
    models = [make_model(source), make_model(source, policy=CHECKPOINTED)]
    wanted = run_step(plain, network)
    arguments = make_sample().arguments()
    for _ in range(3):
        velocities = [model.velocity(*arguments, lora=network) for model in models]
        for velocity in velocities:
            assert_same_step((velocity.detach(), gradients(velocity, network)), wanted)


def test_backward_on_another_thread() -> None:
    network = make_network()
    wanted = run_step(make_model(MappingSource(make_weights())), network)
    source, _, _ = make_source()
    model = make_model(source, policy=CHECKPOINTED)
    for _ in range(3):
        velocity = model.velocity(*make_sample().arguments(), lora=network)
        with ThreadPoolExecutor(1) as other:
            found = other.submit(gradients, velocity, network).result()
        assert_same_step((velocity.detach(), found), wanted)


def test_weights_may_become_resident_and_leave_again() -> None:
    network = make_network()
    wanted = run_step(make_model(MappingSource(make_weights())), network)
    source, inner, engine = make_source(depth=3)
    model = make_model(source, policy=CHECKPOINTED)
    run_step(model, network)
    resident = {name for name in inner.shapes if "single_blocks" in name}
    for chosen in (resident, set(), set(inner.shapes), resident):
        inner.resident = set(chosen)
        before = engine.copies
        assert_same_step(run_step(model, network), wanted)
        if chosen == set(inner.shapes):
            assert engine.copies - before <= 3  # what had been begun at the end of the step before
    assert any(inner.lent[name] > 1 for name in resident)
