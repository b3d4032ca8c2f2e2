"""The verdict on small runs whose answer is known, and what must not change it."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.results.curves import FOLDER, SIGMAS, measured_run, valley
from trainer.errors import ConfigError
from trainer.training.results.verdict import judge
from trainer.training.runs.history import CheckpointMark, History, Measurement


def _changed(history: History, change: object) -> History:
    """The same run with `change` applied to every measured table."""
    measurements = tuple(
        Measurement(m.step, m.sigmas, change(m.held_out), change(m.probe))  # type: ignore[operator]
        for m in history.measurements
    )
    return dataclasses.replace(history, measurements=measurements)


def test_empty_history_has_no_verdict() -> None:
    verdict = judge(History(FOLDER))
    assert (verdict.decided_by, verdict.step, verdict.checkpoint) == ("", None, None)
    assert not verdict.stop_now
    assert "no steps" in verdict.sentences[0]


def test_window_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="window"):
        judge(History(FOLDER), window=0)


def test_clean_valley_is_taken_at_its_lowest() -> None:
    history = measured_run(valley(16, 6, 0.05), valley(16, 15, 0.0))
    verdict = judge(history)
    assert verdict.decided_by == "validation"
    assert verdict.step == 700
    assert verdict.checkpoint == CheckpointMark(700, 7, FOLDER / "700")
    assert verdict.validation is not None
    assert verdict.validation.best_step == 700
    assert verdict.validation.overfit_since is not None
    assert 700 < verdict.validation.overfit_since <= 1000
    assert verdict.stop_now
    assert "by heart" in verdict.stop_reason


def test_noisy_plateau_is_taken_no_later_than_its_best() -> None:
    for seed in range(5):
        means = [1 + 0.5 * np.exp(-at / 3) for at in range(30)]
        view = judge(measured_run(means, noise=0.05, seed=seed)).validation
        assert view is not None
        assert view.chosen_step <= view.best_step
        assert means[view.chosen_step // 100 - 1] < 1.03


def test_curve_that_falls_to_its_end_goes_on() -> None:
    means = [1.5 - 0.03 * at for at in range(15)]
    verdict = judge(measured_run(means, means, noise=0.01))
    assert verdict.step is not None
    assert verdict.step >= 1400
    assert not verdict.stop_now
    assert verdict.validation is not None
    assert verdict.validation.plateau_since is None
    assert verdict.validation.overfit_since is None


def test_rise_without_a_probe_is_no_overfit_but_said() -> None:
    verdict = judge(measured_run(valley(16, 6, 0.05)))
    assert verdict.validation is not None
    assert verdict.validation.overfit_since is None
    assert "Without a probe" in verdict.validation.sentence


def test_falling_probe_decides_where_it_bends_and_admits_what_it_cannot_see() -> None:
    means = [1 + 0.5 * np.exp(-at / 3) - 0.008 * at for at in range(30)]
    verdict = judge(measured_run(None, means, noise=0.002))
    assert verdict.decided_by == "probe"
    assert verdict.step is not None
    assert 500 <= verdict.step <= 1500
    assert any("cannot see overfit" in sentence for sentence in verdict.sentences)
    assert verdict.validation is not None
    assert "still falls" in verdict.validation.sentence


def test_level_probe_decides_where_nearly_all_is_won() -> None:
    means = [1 + 0.5 * np.exp(-at / 3) for at in range(30)]
    verdict = judge(measured_run(None, means, noise=0.002))
    assert verdict.step is not None
    enough = next(at for at, mean in enumerate(means) if 1.5 - mean >= 0.95 * (1.5 - means[-1]))
    # One measurement every 100 steps; smoothing may move the place by two.
    assert abs(verdict.step - 100 * enough) <= 200


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_measurements_leave_it_to_the_guide(count: int) -> None:
    history = measured_run([1.0, 0.9, 0.8])
    history = dataclasses.replace(
        history,
        measurements=history.measurements[:count],
        validation=history.validation[:count],
    )
    verdict = judge(history)
    assert verdict.decided_by == "guide"
    assert verdict.step == verdict.guide.lowest_step
    assert (verdict.validation is None) == (count == 0)


def test_one_measurement_without_any_step_is_taken() -> None:
    history = dataclasses.replace(measured_run([1.0]), steps=(), losses=(), checkpoints=())
    verdict = judge(history)
    assert (verdict.decided_by, verdict.step) == ("validation", 100)


def test_pairs_of_runs_before_single_items_were_logged_count_as_held_out() -> None:
    history = measured_run(valley(12, 5, 0.05))
    pairs = tuple((100 * at, loss) for at, loss in enumerate(valley(12, 5, 0.05), 1))
    verdict = judge(dataclasses.replace(history, measurements=(), validation=pairs))
    assert verdict.decided_by == "validation"
    assert verdict.step in (500, 600)


def test_step_zero_is_never_taken_though_it_is_best() -> None:
    means = [1 + 0.05 * at for at in range(8)]
    history = measured_run(means)
    measurements = tuple(dataclasses.replace(m, step=m.step - 100) for m in history.measurements)
    verdict = judge(dataclasses.replace(history, measurements=measurements))
    assert verdict.step == 100
    assert "no step is better than step 0" in verdict.sentences[2]


def test_numbers_that_are_none_are_left_out() -> None:
    history = measured_run(valley(16, 6, 0.05))
    rows = history.measurements[3].held_out.copy()
    rows[0, 0] = np.nan
    broken = dataclasses.replace(history.measurements[3], held_out=rows)
    measurements = (*history.measurements[:3], broken, *history.measurements[4:])
    losses = (*history.losses[:50], float("nan"), float("inf"), *history.losses[52:])
    verdict = judge(dataclasses.replace(history, measurements=measurements, losses=losses))
    assert verdict.step == 700
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_after_a_change_of_items_only_the_new_ones_count() -> None:
    old, new = measured_run([0.1] * 4, items=3), measured_run(valley(16, 6, 0.05))
    measurements = (*old.measurements, *new.measurements[4:])
    assert judge(dataclasses.replace(new, measurements=measurements)).step == 700


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "change",
    [lambda t: t + 3.0, lambda t: t * 17.0, lambda t: t[::-1], lambda t: t[:, ::-1]],
    ids=["higher", "scaled", "other order of items", "other order of noise levels"],
)
def test_verdict_depends_on_differences_alone(change: object, seed: int) -> None:
    history = measured_run(valley(20, 6, 0.02), valley(20, 19, 0.0), noise=0.05, seed=seed)
    before, after = judge(history), judge(_changed(history, change))
    assert after.step == before.step
    assert after.stop_now == before.stop_now
    assert before.validation is not None
    assert after.validation is not None
    assert after.validation.overfit_since == before.validation.overfit_since
    assert after.validation.plateau_since == before.validation.plateau_since


def test_same_run_gives_the_same_verdict() -> None:
    history = measured_run(valley(20, 6, 0.02), noise=0.05)
    assert judge(history) == judge(history)


def test_harder_items_change_nothing_for_the_others() -> None:
    """What makes an item hard cancels out: only its course counts."""
    history = measured_run(valley(20, 6, 0.02), noise=0.02)
    harder = _changed(history, lambda t: t + np.linspace(0, 40, len(t))[:, None])
    before, after = judge(history).validation, judge(harder).validation
    assert before is not None
    assert after is not None
    assert after.chosen_step == before.chosen_step
    assert after.best_error == pytest.approx(before.best_error, rel=1e-6)


def test_verdict_as_json_has_the_names_of_its_fields() -> None:
    record = json.loads(json.dumps(judge(measured_run(valley(12, 6, 0.1))).to_dict()))
    assert set(record) == {
        "decided_by", "step", "checkpoint", "guide", "validation", "stop_now", "stop_reason",
        "sentences",
    }  # fmt: skip
    assert set(record["guide"]) == {"plateau_step", "lowest_step", "checkpoint_step", "sentence"}
    assert set(record["validation"]) == {
        "best_step", "best_loss", "best_error", "chosen_step", "plateau_since", "overfit_since",
        "sentence",
    }  # fmt: skip
    assert record["checkpoint"] == {"step": 700, "epoch": 7, "path": "run/700"}
    assert all(isinstance(sentence, str) for sentence in record["sentences"])


def test_100000_steps_are_judged_in_a_moment() -> None:
    count = 100_000
    random = np.random.default_rng(0)
    rows = 1 + 0.01 * random.standard_normal((count // 10, 20, len(SIGMAS)))
    measurements = tuple(
        Measurement(10 * (at + 1), SIGMAS, row, row[:5]) for at, row in enumerate(rows)
    )
    history = History(
        run_folder=FOLDER,
        steps=tuple(range(1, count + 1)),
        losses=tuple(random.random(count).tolist()),
        learning_rates=(1e-4,) * count,
        ds=(float("nan"),) * count,
        measurements=measurements,
        checkpoints=tuple(CheckpointMark(s, 1, Path(str(s))) for s in range(500, count + 1, 500)),
        steps_total=count,
    )
    judge(history)
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        judge(history)
        seconds.append(time.thread_time() - begin)
    assert min(seconds) < 0.2
