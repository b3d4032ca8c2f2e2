"""The planned order of requests for weights, and the seconds that follow from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.unit.model.reference_model import TINY, make_sample, make_weights
from tests.unit.model.training_checks import POLICIES, gradients, make_model, make_network
from trainer.config import LoraSettings
from trainer.model.weights import MappingSource
from trainer.planning.link import StepRequests, step_seconds
from trainer.planning.residency import Residency, place_weights, weight_items
from trainer.planning.weight_kinds import weight_kind
from trainer.planning.workload import SampleShape, Workload

FP8 = weight_kind("fp8")
NOTHING_STAYS = Residency(frozenset(), 0, 0, 0, 0)


class RecordingSource:
    """Notes the names of the blocks' matrices as they are asked for."""

    def __init__(self) -> None:
        self._inner = MappingSource(make_weights())
        self.shapes = self._inner.shapes
        self.names: list[str] = []

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        if len(self.shapes[name]) > 1 and name.startswith(("double_blocks.", "single_blocks.")):
            self.names.append(name)
        return self._inner.weight(name, dtype, device)


def workload() -> Workload:
    return Workload.of_sizes(TINY, [SampleShape(1, 8, 8, 5)], LoraSettings(rank=3))


@pytest.mark.parametrize("name", POLICIES)
def test_planned_requests_are_those_of_a_real_step(name: str) -> None:
    source, network = RecordingSource(), make_network()
    model = make_model(source, policy=POLICIES[name])
    gradients(model.velocity(*make_sample().arguments(), lora=network), network)
    planned = StepRequests(workload(), FP8, NOTHING_STAYS, 1.0).in_order(POLICIES[name])
    assert [request.name for request in planned] == source.names


def test_only_what_does_not_stay_crosses_the_link() -> None:
    items = weight_items(workload(), FP8)
    total = sum(size for _, size, _ in items)
    placed = place_weights(items, total - 1, 5)
    assert placed is not None
    assert placed.resident_bytes + placed.ring_bytes <= total - 1
    requests = StepRequests(workload(), FP8, placed, 1.0).in_order(POLICIES["whole"])
    for request in requests:
        assert (request.stored_bytes == 0) == (request.name in placed.resident)
    everything = place_weights(items, total, 5)
    assert everything is not None
    assert (everything.streamed_bytes, everything.ring_bytes) == (0, 0)
    assert place_weights(items, 1000, 5) is None


def test_a_slow_link_sets_the_time_and_a_quick_one_does_not() -> None:
    shape = replace(workload(), batch=(SampleShape(1, 32, 32, 20),))
    items = weight_items(shape, FP8)
    placed = place_weights(items, sum(size for _, size, _ in items) * 6 // 10, 3)
    assert placed is not None
    rate = 1e9  # operations a second: slow, so that the link decides only where it is slower

    def seconds(link: float) -> float:
        return step_seconds(shape, FP8, POLICIES["whole"], placed, (rate, link), 16)

    requests = list(StepRequests(shape, FP8, placed, rate).in_order(POLICIES["whole"]))
    computing = sum(request.compute_seconds for request in requests)
    bringing = sum(request.stored_bytes for request in requests)
    assert bringing > 0
    assert seconds(1e15) == pytest.approx(computing, rel=1e-3)
    assert seconds(1e3) == pytest.approx(bringing / 1e3, rel=0.35)
    assert seconds(1e3) > 10 * computing
