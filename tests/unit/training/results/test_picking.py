"""The guide's rule on curves whose answer is known, and the averages it is built on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.training_runs import make_config, make_items, make_one_layer
from trainer.errors import ConfigError, StateError
from trainer.training.loop import run_training
from trainer.training.results.picking import find_plateau, pick_checkpoint
from trainer.training.runs.history import (
    CheckpointMark,
    History,
    loss_average,
    read_history,
    running_average,
)

GOLDEN = json.loads((Path(__file__).parents[3] / "golden/loss_average.json").read_text("utf-8"))
FOLDER = Path("run")


def make_history(
    losses: Sequence[float],
    every: int,
    warmup: int = 0,
    validation: Sequence[tuple[int, float]] = (),
) -> History:
    count = len(losses)
    marks = [
        CheckpointMark(step, step // every, FOLDER / str(step))
        for step in range(1, count + 1)
        if step % every == 0
    ]
    return History(
        run_folder=FOLDER,
        steps=tuple(range(1, count + 1)),
        losses=tuple(float(loss) for loss in losses),
        epochs=tuple(1 + step // every for step in range(count)),
        learning_rates=(1e-4,) * count,
        checkpoints=tuple(marks),
        validation=tuple(validation),
        steps_total=count,
        steps_per_epoch=every,
        warmup_steps=warmup,
    )


def falling_then_flat(count: int, knee: int, noise: float, seed: int = 0) -> np.ndarray:
    steps = np.arange(count)
    clean = 0.2 - 0.1 * np.minimum(steps / knee, 1.0)
    return clean + noise * np.random.default_rng(seed).standard_normal(count)


def test_loss_average_equals_musubis() -> None:
    cases = GOLDEN["cases"]
    ours = loss_average([case["loss"] for case in cases], GOLDEN["batches_per_epoch"])
    # Its running total keeps the rounding of losses it has dropped again.
    assert ours == pytest.approx([case["average"] for case in cases], abs=1e-12)


@pytest.mark.parametrize("window", [1, 2, 5, 70, 1000])
def test_running_average_equals_plain_means(window: int) -> None:
    values = np.random.default_rng(1).standard_normal(150) + 5
    before, after = window // 2, (window - 1) // 2
    plain = [values[max(0, at - before) : at + after + 1].mean() for at in range(len(values))]
    np.testing.assert_allclose(running_average(values.tolist(), window), plain, rtol=0, atol=1e-12)


def test_running_average_of_nothing_is_nothing() -> None:
    assert len(running_average([], 70)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_guide_on_a_knee_finds_it(seed: int) -> None:
    history = make_history(falling_then_flat(2000, 800, 0.02, seed), every=50)
    pick = pick_checkpoint(history)
    assert pick.plateau_step is not None
    # The line over the next 400 steps is flat only once most of them lie after the knee.
    assert 600 <= pick.plateau_step <= 900
    assert pick.lowest_step <= pick.plateau_step
    assert abs(pick.step - pick.lowest_step) <= 25
    assert pick.path == FOLDER / str(pick.step)


def test_guide_without_noise_finds_the_knee_exactly() -> None:
    history = make_history(falling_then_flat(1000, 500, 0.0), every=10)
    pick = pick_checkpoint(history, window=20)
    assert pick.plateau_step is not None
    assert pick.plateau_step == pytest.approx(500, abs=2)
    assert pick.lowest_step == pick.plateau_step


def test_guide_takes_the_dip_before_the_plateau_not_the_lower_one_after() -> None:
    losses = falling_then_flat(1000, 400, 0.001)
    losses[290:310] -= 0.03
    losses[800:840] -= 0.04
    pick = pick_checkpoint(make_history(losses, every=10), window=20)
    assert pick.lowest_step == pytest.approx(300, abs=12)
    assert pick.step == pytest.approx(300, abs=12)


def test_guide_ignores_the_warmup() -> None:
    losses = np.concatenate([np.full(50, 0.01), falling_then_flat(950, 400, 0.001)])
    pick = pick_checkpoint(make_history(losses, every=10, warmup=80), window=20)
    assert pick.lowest_step > 80


def test_guide_on_a_curve_that_falls_to_its_end_takes_the_end_and_says_so() -> None:
    losses = falling_then_flat(1000, 1000, 0.001)
    pick = pick_checkpoint(make_history(losses, every=100))
    assert pick.plateau_step is None
    assert pick.step == 1000
    assert any("still falls" in reason for reason in pick.reasons)


def test_guide_on_a_flat_curve_says_that_it_never_fell() -> None:
    losses = 0.1 + 0.01 * np.random.default_rng(0).standard_normal(1000)
    pick = pick_checkpoint(make_history(losses, every=100))
    assert pick.plateau_step is None
    assert any("does not fall" in reason for reason in pick.reasons)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 20])
def test_guide_on_a_short_run_shrinks_the_window_and_says_so(count: int) -> None:
    pick = pick_checkpoint(make_history(np.linspace(1, 0.5, count).tolist(), every=1))
    assert f"only {count} step" in pick.reasons[0]
    assert 1 <= pick.step <= count


def test_guide_on_equal_losses_gives_a_checkpoint() -> None:
    assert pick_checkpoint(make_history([0.1] * 300, every=50)).step == 50


def test_nearest_checkpoint_of_two_equally_near_is_the_earlier() -> None:
    history = make_history([1.0] * 30, every=10, validation=[(15, 0.1), (20, 0.2)])
    assert pick_checkpoint(history, "validation").step == 10


def test_rules_validation_and_last() -> None:
    validation = [(100, 0.3), (200, 0.1), (300, 0.2)]
    history = make_history([1.0] * 400, every=100, validation=validation)
    assert pick_checkpoint(history, "validation").step == 200
    assert pick_checkpoint(history, "last").step == 400
    with pytest.raises(StateError, match="validate_every_steps"):
        pick_checkpoint(make_history([1.0] * 10, every=5), "validation")


def test_pick_without_checkpoints_or_with_bad_words_is_refused() -> None:
    with pytest.raises(StateError, match="no checkpoint"):
        pick_checkpoint(make_history([1.0] * 5, every=10))
    with pytest.raises(ConfigError, match="'best'"):
        pick_checkpoint(make_history([1.0] * 5, every=1), "best")
    with pytest.raises(ConfigError, match="window"):
        pick_checkpoint(make_history([1.0] * 5, every=1), window=0)


def test_find_plateau_agrees_with_lines_fitted_one_by_one() -> None:
    losses = falling_then_flat(300, 150, 0.02, seed=3)
    span = 40
    flat = []
    for start in range(10, len(losses) - span + 1):
        x = np.arange(span)
        (slope, _), covariance = np.polyfit(x, losses[start : start + span], 1, cov=True)
        if slope >= -2 * np.sqrt(covariance[0, 0]):
            flat.append(start)
    assert find_plateau(losses, 10, span)[0] == flat[0]


def test_history_of_a_real_run_is_read_back(tmp_path: Path) -> None:
    config = make_config(train={"epochs": 3, "save_every_epochs": 1}, schedule={"warmup_steps": 2})
    result = run_training(make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 2)))
    history = read_history(tmp_path / "run")
    assert history.losses == result.losses
    assert history.steps == (1, 2, 3, 4, 5, 6)
    assert history.epochs == (1, 1, 2, 2, 3, 3)
    assert [(mark.step, mark.epoch) for mark in history.checkpoints] == [(2, 1), (4, 2), (6, 3)]
    assert (history.steps_total, history.steps_per_epoch, history.warmup_steps) == (6, 2, 2)
    history.checkpoints[1].path.unlink()
    assert [mark.step for mark in read_history(tmp_path / "run").checkpoints] == [2, 6]


def test_history_of_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"events\.jsonl"):
        read_history(tmp_path)
