"""Sources that cannot stream or break off, closing, and what may not go wrong then."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import make_weights
from tests.unit.model.streaming.streaming_checks import (
    CHECKPOINTED,
    CPU,
    LARGEST,
    CountingSource,
    SpoilingCopies,
    assert_same_step,
    is_all_nan,
    make_source,
    run_step,
)
from tests.unit.model.training_checks import (
    make_model,
    make_network,
)
from trainer.errors import ConfigError, ModelMismatchError
from trainer.model.streaming.source import PrefetchingSource
from trainer.model.streaming.stored import StoredWeight, StoringSource
from trainer.model.weights import MappingSource, WeightSource


def test_source_without_stored_weights_is_passed_through() -> None:
    class Opaque:
        def __init__(self) -> None:
            self._inner = MappingSource(make_weights())
            self.shapes = self._inner.shapes

        def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
            return self._inner.weight(name, dtype, device)

    network = make_network()
    opaque: WeightSource = Opaque()
    assert not isinstance(opaque, StoringSource)
    source = PrefetchingSource(opaque, CPU, LARGEST, 2, SpoilingCopies)
    wanted = run_step(make_model(MappingSource(make_weights())), network)
    assert_same_step(run_step(make_model(source), network), wanted)
    assert source.counts.copies == 0


def test_place_given_free_is_spoilt() -> None:
    """The instrument of this file works: what is kept too long shows."""
    source, _, _ = make_source(depth=0, places=1)
    kept = source.weight("double_blocks.0.img_attn.qkv.weight", torch.float32, CPU)
    assert not kept.isnan().any()
    source.weight("double_blocks.0.img_attn.proj.weight", torch.float32, CPU)
    assert kept.isnan().any()
    source.close()
    assert is_all_nan(kept)


@pytest.mark.parametrize("when", ["forward", "backward"])
def test_step_broken_off_leaves_the_next_one_right(when: str) -> None:
    network = make_network()
    wanted = run_step(make_model(MappingSource(make_weights()), policy=CHECKPOINTED), network)
    source, _, engine = make_source(depth=3)
    model = make_model(source, policy=CHECKPOINTED)
    for _ in range(2):
        run_step(model, network)
    per_step = engine.copies // 2
    engine.fails_at = engine.copies + (5 if when == "forward" else per_step * 2 // 3)
    with pytest.raises(OSError, match="the disk is gone"):
        run_step(model, network)
    engine.fails_at = None
    for _ in range(2):
        assert_same_step(run_step(model, network), wanted)


def test_error_of_a_weight_only_expected_is_not_raised() -> None:
    class Failing(CountingSource):
        broken = ""

        def stored(self, name: str) -> StoredWeight | None:
            if name == self.broken:
                raise OSError("the disk is gone")
            return super().stored(name)

    inner = Failing(make_weights())
    source = PrefetchingSource(inner, CPU, 8 * LARGEST, 2, SpoilingCopies)
    names = [f"double_blocks.{index}.img_attn.qkv.weight" for index in (0, 1)] + [
        "single_blocks.0.linear1.weight"
    ]
    for name in names * 2:
        source.weight(name, torch.float32, CPU)
    inner.broken = names[2]
    for name in names[:2]:
        value = source.weight(name, torch.float32, CPU)
        assert torch.equal(value, make_weights()[name])
    with pytest.raises(OSError, match="the disk is gone"):
        source.weight(names[2], torch.float32, CPU)


def test_unknown_name_and_other_device_go_to_the_source() -> None:
    source, _, engine = make_source()
    with pytest.raises(ModelMismatchError, match=r"no weight 'x\.weight'"):
        source.weight("x.weight", torch.float32, CPU)
    meta = source.weight("img_in.proj.weight", torch.float32, torch.device("meta"))
    assert meta.device.type == "meta"
    assert engine.copies == 0


def test_weights_lent_in_inference_mode_can_be_trained_on_afterwards() -> None:
    with torch.inference_mode():
        source, _, _ = make_source()
        name = "double_blocks.0.img_attn.proj.weight"
        assert not source.weight(name, torch.float32, CPU).is_inference()
        assert not source.weight(name, torch.float64, CPU).is_inference()
        assert not source.weight(name[:-6] + "bias", torch.float32, CPU).is_inference()
    network = make_network()
    wanted = run_step(make_model(MappingSource(make_weights())), network)
    assert_same_step(run_step(make_model(source), network), wanted)


def test_close_frees_everything_and_later_requests_still_work() -> None:
    network = make_network()
    wanted = run_step(make_model(MappingSource(make_weights())), network)
    source, inner, engine = make_source()
    with source:
        model = make_model(source)
        run_step(model, network)
        assert source.ring_bytes > 0
        assert source.kept_bytes > 0
    assert engine.is_closed
    assert (source.ring_bytes, source.staging_bytes, source.kept_bytes) == (0, 0, 0)
    assert engine.in_use == {}
    source.close()
    inner.lent.clear()
    assert_same_step(run_step(model, network), wanted)
    assert sum(inner.lent.values()) > 0


@pytest.mark.parametrize(("ring_bytes", "depth"), [(-1, 1), (1, -1)])
def test_negative_sizes_are_refused(ring_bytes: int, depth: int) -> None:
    with pytest.raises(ConfigError, match="must be 0 or more"):
        PrefetchingSource(MappingSource({}), CPU, ring_bytes, depth)
