"""When a run is told to stop, asked at every measurement, and when it must not be."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from tests.unit.training.results.curves import measured_run, valley
from trainer.training.results.judging.schedule import ScheduleState, schedule_at
from trainer.training.results.judging.smoothing import CurveFits
from trainer.training.results.verdict import judge
from trainer.training.runs.history import History


def _first_stop(history: History) -> int | None:
    """The first measured step at which the verdict says stop."""
    for count in range(1, len(history.measurements) + 1):
        step = history.measurements[count - 1].step
        prefix = dataclasses.replace(
            history,
            steps=history.steps[:step],
            losses=history.losses[:step],
            learning_rates=history.learning_rates[:step],
            ds=history.ds[:step],
            measurements=history.measurements[:count],
            validation=history.validation[:count],
            checkpoints=history.checkpoints[:count],
        )
        if judge(prefix).stop_now:
            return step
    return None


def _rates(history: History, rates: Sequence[float]) -> History:
    spread = np.repeat(rates, len(history.steps) // len(rates))
    return dataclasses.replace(history, learning_rates=tuple(spread.tolist()))


def test_deep_overfit_stops_the_run_soon_after_its_best() -> None:
    history = measured_run(valley(40, 8, 0.05), valley(40, 39, 0.0), noise=0.01)
    stop = _first_stop(history)
    assert stop is not None
    assert 900 < stop <= 1600


def test_long_plateau_stops_the_run_in_its_last_part() -> None:
    means = [1 + 0.5 * np.exp(-at / 2) for at in range(40)]
    stop = _first_stop(measured_run(means, means, noise=0.01))
    assert stop is not None
    assert 2400 <= stop <= 3000


def test_plateau_of_a_run_of_unknown_length_does_not_stop_it() -> None:
    means = [1 + 0.5 * np.exp(-at / 2) for at in range(40)]
    history = measured_run(means, means, noise=0.01)
    assert _first_stop(dataclasses.replace(history, steps_total=0)) is None


@pytest.mark.parametrize("seed", range(5))
def test_drop_in_the_middle_is_reached_over_a_long_plateau(seed: int) -> None:
    means = [1.5, 1.35, 1.25] + [1.2] * 13 + [1.1] + [1.0] * 13
    stop = _first_stop(measured_run(means, noise=0.03, seed=seed))
    assert stop is None or stop > 1800


def test_flat_beginning_is_waited_for() -> None:
    means = [1.5] * 12 + [1 + 0.5 * np.exp(-at / 4) for at in range(18)]
    assert _first_stop(measured_run(means, noise=0.01)) is None


def test_run_that_learns_nothing_stops_after_three_quarters() -> None:
    stop = _first_stop(measured_run([1.0] * 40, noise=0.02))
    assert stop == 3000


@pytest.mark.parametrize("count", range(1, 8))
def test_few_measurements_never_stop_a_run(count: int) -> None:
    assert _first_stop(measured_run(valley(8, 2, 0.3)[:count], planned=100)) is None


def test_restarted_schedule_is_given_a_whole_cycle() -> None:
    """Three cycles of ten measurements; the loss jumps up at each restart and then falls lower."""
    cycle = np.linspace(0.3, 0.0, 10)
    means = [1.2 - 0.1 * turn + jump for turn in range(3) for jump in cycle]
    rates = [0.5 * (1 + np.cos(np.pi * at / 10)) for at in range(10)] * 3
    assert _first_stop(_rates(measured_run(means, noise=0.01), rates)) is None


def test_nothing_is_stopped_while_prodigy_still_searches() -> None:
    history = measured_run(valley(40, 8, 0.05), valley(40, 39, 0.0), noise=0.01)
    growing = tuple(np.geomspace(1e-6, 1e-3, len(history.steps)).tolist())
    assert _first_stop(dataclasses.replace(history, ds=growing, learning_rates=growing)) is None


def test_schedule_state_reads_what_the_rate_does() -> None:
    history = measured_run([1.0] * 20)
    assert schedule_at(history, 2000) == ScheduleState()
    down = _rates(history, [1.0] * 10 + [0.1] * 10)
    assert schedule_at(down, 1000) == ScheduleState()
    assert schedule_at(down, 2000) == ScheduleState(is_low=True)
    again = _rates(history, [1.0] * 10 + [0.1] * 4 + [1.0] * 6)
    assert schedule_at(again, 2000) == ScheduleState(is_restarted=True)
    warm = dataclasses.replace(history, warmup_steps=600)
    assert schedule_at(warm, 1000).is_searching
    assert not schedule_at(warm, 1300).is_searching
    assert schedule_at(History(history.run_folder), 5) == ScheduleState()


def test_smooth_curve_of_a_straight_line_is_that_line() -> None:
    steps = np.geomspace(10, 1000, 20)
    line = 3 - 0.2 * np.log(steps + 20)
    curve = CurveFits(steps, line).curve()
    np.testing.assert_allclose(curve.values, line, atol=0.01)


def test_smooth_curve_lies_nearer_to_the_truth_than_the_measurements() -> None:
    steps = np.arange(1, 61) * 50.0
    truth = 1 + np.exp(-steps / 500)
    noise = 0.05 * np.random.default_rng(1).standard_normal(60)
    curve = CurveFits(steps, truth + noise).curve()
    assert np.abs(curve.values - truth).mean() < 0.5 * np.abs(noise).mean()
    errors = curve.error(30)
    assert errors[30] == 0
    # The true differences lie within three standard errors nearly everywhere.
    apart = (curve.values - curve.values[30]) - (truth - truth[30])
    assert (np.abs(apart) <= 3 * errors + 1e-9).mean() > 0.9


@pytest.mark.parametrize("losses", [[], [1.0], [1.0, 2.0], [1.0, 1.0, 1.0]])
def test_smooth_curve_of_too_little_is_what_was_measured(losses: list[float]) -> None:
    steps = np.arange(1.0, len(losses) + 1)
    curve = CurveFits(steps, np.array(losses)).curve()
    assert curve.values.tolist() == losses
