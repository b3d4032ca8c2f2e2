"""Stalls on a simulated link, against arithmetic done otherwise."""

from __future__ import annotations

import random

import pytest

from tests.unit.model.streaming.plain_link import CellLink, roomy_stalls
from trainer.errors import ConfigError
from trainer.model.streaming.order import LearntOrder
from trainer.model.streaming.ring import ALIGNMENT
from trainer.model.streaming.simulation import (
    LinkReport,
    Transfer,
    simulate,
    simulate_steady_step,
)

LAYER = 4 * ALIGNMENT


def equal_layers(count: int, seconds: float) -> list[Transfer]:
    return [Transfer(f"layer{index}", LAYER, seconds) for index in range(count)]


def stalls_of(report: LinkReport, count: int) -> list[float]:
    found = [0.0] * count
    for stall in report.stalls:
        found[stall.index] = stall.seconds
    return found


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_fast_link_stalls_only_at_the_first_fill(depth: int) -> None:
    report = simulate(equal_layers(20, seconds=1.0), depth, (depth + 1) * LAYER, LAYER / 0.9)
    assert [(stall.index, stall.name) for stall in report.stalls] == [(0, "layer0")]
    assert report.stalled_seconds == pytest.approx(0.9)
    assert report.total_seconds == pytest.approx(20.9)
    assert (report.copies, report.copied_bytes) == (20, 20 * LAYER)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_slow_link_takes_the_time_of_its_bytes(depth: int) -> None:
    report = simulate(equal_layers(20, seconds=1.0), depth, (depth + 1) * LAYER, LAYER / 3)
    # All copies back to back, and what the last layer computes.
    assert report.total_seconds == pytest.approx(20 * 3 + 1)
    assert len(report.stalls) == 20
    assert [stall.seconds for stall in report.stalls[1:]] == pytest.approx([2.0] * 19)


def test_without_depth_each_copy_is_waited_for() -> None:
    report = simulate(equal_layers(10, seconds=1.0), 0, LAYER, LAYER / 0.5)
    assert report.total_seconds == pytest.approx(10 * 1.5)


def test_one_place_too_few_is_like_no_depth() -> None:
    layers = equal_layers(10, seconds=1.0)
    assert simulate(layers, 4, LAYER, LAYER / 0.5) == simulate(layers, 0, LAYER, LAYER / 0.5)


def test_a_deeper_ring_carries_over_one_large_layer() -> None:
    """Nine seconds of copying among layers that leave four seconds of the link each."""
    layers = equal_layers(12, seconds=5.0)
    layers[6] = Transfer("large", 9 * LAYER, 5.0)
    for depth, waited in ((1, 4.0), (2, 0.0)):
        report = simulate(layers, depth, 16 * LAYER, LAYER)
        expected = [0] if not waited else [0, 6]
        assert [stall.index for stall in report.stalls] == expected
        assert report.stalled_seconds == pytest.approx(1.0 + waited)


def test_weights_still_in_the_ring_are_not_copied_again() -> None:
    """A checkpointed block: forward, and in backward each weight twice."""
    one, two = equal_layers(2, seconds=1.0)
    order = [one, two, one, two, two, one]
    assert simulate(order, 5, 2 * LAYER, LAYER).copies == 2
    assert simulate(order, 3, 2 * LAYER, LAYER).copies == 2
    assert simulate(order, 2, 2 * LAYER, LAYER).copies == 3  # the last is three requests away
    # Looked ahead no further than the next, only what is asked for twice running is seen.
    assert simulate(order, 1, 2 * LAYER, LAYER).copies == 5
    assert simulate(order, 0, LAYER, LAYER).copies == 5


def test_resident_weights_cost_nothing_and_do_not_count_as_depth() -> None:
    streamed = equal_layers(4, seconds=1.0)
    order = []
    for index, transfer in enumerate(streamed):
        order += [transfer, Transfer(f"resident{index}", 0, 0.25)]
    report = simulate(order, 1, 2 * LAYER, LAYER)
    assert [stall.index for stall in report.stalls] == [0]
    assert report.total_seconds == pytest.approx(1.0 + 4 * 1.25)
    assert report.copies == 4


def test_weight_larger_than_the_ring_is_waited_for() -> None:
    order = [*equal_layers(2, seconds=10.0), Transfer("large", 3 * LAYER, 1.0)]
    report = simulate(order, 2, 2 * LAYER, LAYER)
    assert stalls_of(report, 3) == pytest.approx([1.0, 0.0, 3.0])
    assert report.copied_bytes == 5 * LAYER


def test_steady_step_fetches_its_beginning_during_the_end_of_the_step_before() -> None:
    layers = equal_layers(10, seconds=1.0)
    assert simulate_steady_step(layers, 1, 2 * LAYER, LAYER / 0.5) == pytest.approx(10.0)
    assert simulate_steady_step(layers, 1, 2 * LAYER, LAYER / 2) == pytest.approx(20.0)


def test_learnt_order_has_no_stalls_once_the_step_is_known() -> None:
    names = ["a", "b", "c", "d", "d", "c", "b", "a"]
    step = [Transfer(name, LAYER, 1.0) for name in names]
    report = simulate(step * 4, 2, 3 * LAYER, LAYER / 0.8, LearntOrder())
    # Step one is copied as it comes, save "d, d"; the turn to step two is new. From then on, the
    # link keeps up.
    assert all(stall.index < len(step) + 2 for stall in report.stalls)
    known = simulate(step * 4, 2, 3 * LAYER, LAYER / 0.8)
    assert known.total_seconds < report.total_seconds < known.total_seconds + 8 * 0.8 + 1e-9


@pytest.mark.parametrize("seed", range(60))
def test_random_layers_stall_where_the_recurrence_says(seed: int) -> None:
    chance = random.Random(seed)
    order = [
        Transfer(str(index), chance.randint(1, 9 * ALIGNMENT), chance.choice([0.0, 1e-3, 5e-3]))
        for index in range(chance.randint(1, 40))
    ]
    depth, rate = chance.randint(0, 6), chance.choice([1e5, 5e5, 2e6])
    report = simulate(order, depth, 1000 * ALIGNMENT, rate)
    expected = roomy_stalls(order, depth, rate)
    assert stalls_of(report, len(order)) == pytest.approx(expected, abs=1e-9)
    copying = sum(transfer.stored_bytes for transfer in order) / rate
    computing = sum(transfer.compute_seconds for transfer in order)
    assert report.total_seconds == pytest.approx(computing + sum(expected))
    assert max(copying, computing) <= report.total_seconds + 1e-9
    assert report.total_seconds <= copying + computing + 1e-9


@pytest.mark.parametrize("seed", range(200))
def test_random_layers_in_a_tight_ring_stall_where_a_row_of_cells_says(seed: int) -> None:
    chance = random.Random(seed)
    cells = chance.randint(4, 24)
    sizes = {
        f"w{index}": chance.choice([0, *(chance.randint(1, cells * ALIGNMENT) for _ in range(5))])
        for index in range(chance.randint(1, 12))
    }
    order = [
        Transfer(name, sizes[name], chance.choice([0.0, 1e-3, 4e-3]))
        for name in chance.choices(list(sizes), k=chance.randint(1, 60))
    ]
    depth, rate = chance.randint(0, 8), chance.choice([2e5, 1e6, 5e6])
    report = simulate(order, depth, cells * ALIGNMENT, rate)
    expected = CellLink(order, depth, cells, ALIGNMENT, rate).run()
    assert stalls_of(report, len(order)) == pytest.approx(expected.stalls, abs=1e-9)
    assert report.total_seconds == pytest.approx(expected.now)
    assert report.copied_bytes == expected.copied_bytes


@pytest.mark.parametrize(
    ("depth", "ring_bytes", "rate"), [(-1, 1, 1.0), (1, -1, 1.0), (1, 1, 0.0), (1, 1, -2.0)]
)
def test_impossible_links_are_refused(depth: int, ring_bytes: int, rate: float) -> None:
    with pytest.raises(ConfigError, match="cannot be simulated"):
        simulate([], depth, ring_bytes, rate)
