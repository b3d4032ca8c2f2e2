"""The made-up runs are what they claim to be, and the rules keep to their aims on a few of them."""

from __future__ import annotations

import numpy as np
import pytest

from bench.picking_curves.families import FAMILIES
from bench.picking_curves.judging import regret, stop, until, verdict_stops, with_probe_only
from bench.picking_curves.making import SIGMAS, make_run
from trainer.training.results.picking import pick_checkpoint
from trainer.training.results.verdict import judge

OTHER_SEEDS = 900_000
"""Neither those that the numbers were chosen on nor those that are reported."""


@pytest.mark.parametrize("family", FAMILIES)
def test_made_run_is_whole_and_the_same_each_time(family: str) -> None:
    run, again = make_run(family, 5), make_run(family, 5)
    history = run.history
    assert history.losses == again.history.losses
    assert np.array_equal(run.truth, again.truth)
    assert len(history.measurements) == len(history.checkpoints) == len(run.places)
    assert history.steps == tuple(range(1, history.steps_total + 1))
    assert run.places[-1] <= history.steps_total
    for measured in history.measurements:
        assert 3 <= len(measured.held_out) <= 20
        assert measured.held_out.shape[1] == len(SIGMAS)
        assert np.isfinite(measured.held_out).all()
        assert (measured.probe > 0).all()
    assert min(history.losses) > 0
    assert make_run(family, 6).history.losses != history.losses


def test_training_loss_spreads_far_more_than_it_falls() -> None:
    losses = np.array(make_run("plateau", 3).history.losses)
    assert 0.25 < losses.std() / losses.mean() < 0.7


def test_held_out_items_follow_the_truth_on_the_whole() -> None:
    """Over many runs the mean measurement is the truth: they are unbiased."""
    apart = []
    for seed in range(150):
        run = make_run("overfit_deep", seed)
        means = np.array([m.held_out.mean() for m in run.history.measurements])
        apart.append((means[-1] - means[0] - (run.truth[-1] - run.truth[0])) / run.gain)
    error = np.std(apart) / np.sqrt(len(apart))
    assert abs(np.mean(apart)) < 4 * error


def test_truth_of_the_families_has_their_shape() -> None:
    def ends(family: str) -> np.ndarray:
        runs = [make_run(family, seed) for seed in range(30)]
        return np.array([(r.truth[-1] - r.truth.min()) / r.gain for r in runs])

    assert np.median(ends("overfit_deep")) > 0.4
    assert np.median(ends("plateau")) < 0.15
    assert np.median(ends("late_drop")) < 0.15
    late = [make_run("late_drop", seed) for seed in range(30)]
    assert np.median([r.places[r.truth.argmin()] / r.places[-1] for r in late]) > 0.7


def test_regret_is_nothing_at_the_best_and_one_at_the_start() -> None:
    run = make_run("overfit_deep", 1)
    assert regret(run, int(run.places[run.truth.argmin()])) == 0
    worst = (run.truth.max() - run.truth.min()) / (run.start - run.truth.min())
    assert regret(run, int(run.places[run.truth.argmax()])) == pytest.approx(worst)


def test_stop_counts_what_it_saves_and_what_it_costs() -> None:
    run = make_run("overfit_deep", 1)
    best, end = run.places[run.truth.argmin()], run.places[-1]
    at_best = stop(run, run.history, lambda history: history.steps[-1] >= best)
    assert at_best.cost == 0
    assert at_best.saved == at_best.after == pytest.approx((end - best) / end)
    first = stop(run, run.history, lambda _: True)
    lost = run.truth[0] - run.truth.min()
    assert first.cost == pytest.approx(lost / run.truth.min())
    assert first.saved == (at_best.after if first.cost < 0.01 else 0)
    assert stop(run, run.history, lambda _: False).saved == 0


def test_log_until_a_step_holds_nothing_later() -> None:
    history = until(make_run("plateau", 0).history, 300)
    assert history.steps[-1] == 300
    assert len(history.losses) == len(history.learning_rates) == 300
    later = [*history.measurements, *history.checkpoints]
    assert max(mark.step for mark in later) <= 300
    assert history.steps_total > 300


def test_probe_only_run_has_nothing_held_out() -> None:
    history = with_probe_only(make_run("plateau", 0).history)
    assert all(len(m.held_out) == 0 and len(m.probe) for m in history.measurements)


def test_verdict_keeps_to_its_aims_on_a_few_runs_of_other_seeds() -> None:
    ours, guides, stops = [], [], []
    for family in ("plateau", "overfit_shallow", "overfit_deep", "late_drop", "short"):
        for seed in range(OTHER_SEEDS, OTHER_SEEDS + 6):
            run = make_run(family, seed)
            ours.append(regret(run, judge(run.history).step or 0))
            guides.append(regret(run, pick_checkpoint(run.history).step))
            stops.append(stop(run, run.history, verdict_stops))
    assert np.mean(ours) <= np.mean(guides) / 3
    assert sum(found.saved for found in stops) >= 0.3 * sum(found.after for found in stops)
    assert np.mean([found.cost for found in stops]) < 0.01
