"""The drawn loss curve: right size, the right things in the right places, no input breaks it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.training.results.picking import Pick, pick_checkpoint
from trainer.training.results.plot import (
    BOLD,
    CHOSEN,
    MARK,
    PROBE,
    VALIDATION,
    VERDICT,
    draw_loss,
    nice_ticks,
)
from trainer.training.results.verdict import judge
from trainer.training.runs.history import CheckpointMark, History, Measurement

Colour = tuple[int, int, int]


def make_history(
    losses: np.ndarray, every: int = 0, validation: tuple[tuple[int, float], ...] = ()
) -> History:
    count = len(losses)
    marks = tuple(
        CheckpointMark(step, step // every, Path(str(step)))
        for step in range(1, count + 1)
        if every and step % every == 0
    )
    return History(
        run_folder=Path("my_run"),
        steps=tuple(range(1, count + 1)),
        losses=tuple(losses.tolist()),
        epochs=(1,) * count,
        learning_rates=(1.0,) * count,
        checkpoints=marks,
        validation=validation,
        steps_total=count,
        steps_per_epoch=max(every, 1),
    )


def places_of(image: Image.Image, colour: Colour) -> np.ndarray:
    """Rows and columns of pixels of about this colour, within the frame of the plot."""
    pixels = np.asarray(image).astype(int)
    near = np.abs(pixels - np.array(colour)).max(axis=2) < 12
    near[-70:] = False  # the legend
    return np.argwhere(near)


CURVES = {
    "one step": np.array([0.1]),
    "two steps": np.array([0.2, 0.1]),
    "equal losses": np.full(60, 0.1),
    "all zero": np.zeros(10),
    "tiny numbers": np.linspace(2e-9, 1e-9, 50),
    "huge numbers": np.linspace(2e9, 1e9, 50),
    "one spike": np.concatenate([np.full(50, 0.1), [1e6], np.full(50, 0.1)]),
    "100000 steps": 0.1 + 0.02 * np.random.default_rng(0).random(100_000),
}


@pytest.mark.parametrize("losses", CURVES.values(), ids=CURVES.keys())
def test_draw_loss_any_curve_gives_a_picture_with_the_average(losses: np.ndarray) -> None:
    history = make_history(losses, every=max(len(losses) // 5, 1))
    image = draw_loss(history, pick=pick_checkpoint(history))
    assert image.size == (1200, 640)
    assert image.mode == "RGB"
    # The mark of the choice may cover a single step, so look without it.
    assert len(places_of(draw_loss(history), BOLD)) > 4
    assert len(places_of(image, CHOSEN)) > 100


def test_draw_loss_empty_history_gives_a_picture() -> None:
    assert draw_loss(History(Path("r")), size=(300, 200)).size == (300, 200)


@pytest.mark.parametrize("size", [(1200, 640), (480, 320), (2400, 900)])
def test_draw_loss_has_the_asked_size(size: tuple[int, int]) -> None:
    assert draw_loss(make_history(CURVES["two steps"], every=1), size=size).size == size


def test_average_falls_from_left_to_right_as_the_losses_do() -> None:
    image = draw_loss(make_history(np.linspace(1.0, 0.0, 400)), window=9)
    places = places_of(image, BOLD)
    rows, columns = places[:, 0], places[:, 1]
    # Row numbers grow downwards: a falling loss has its row proportional to its column.
    assert np.corrcoef(rows, columns)[0, 1] > 0.999
    assert columns.max() - columns.min() > 1050


def test_chosen_checkpoint_stands_at_its_step() -> None:
    history = make_history(np.linspace(1.0, 0.5, 1001), every=250)
    pick = Pick(250, 1, Path("250"), (), None, 250)
    columns = places_of(draw_loss(history, pick=pick), CHOSEN)[:, 1]
    # The frame goes from column 84 to 1172 for steps 1 to 1001.
    middle = np.bincount(columns).argmax()
    assert middle == pytest.approx(84 + (250 - 1) / 1000 * 1088, abs=1.5)


def test_every_checkpoint_is_marked() -> None:
    history = make_history(np.linspace(1.0, 0.5, 1000), every=100)
    columns = np.unique(places_of(draw_loss(history), MARK)[:, 1])
    for step in range(100, 1000, 100):
        expected = 84 + (step - 1) / 999 * 1088
        assert np.abs(columns - expected).min() < 2


def test_validation_is_drawn_only_when_there_is_some() -> None:
    losses = np.linspace(1.0, 0.5, 100)
    without = draw_loss(make_history(losses))
    with_it = draw_loss(make_history(losses, validation=((10, 0.9), (90, 0.4))))
    assert len(places_of(without, VALIDATION)) == 0
    assert len(places_of(with_it, VALIDATION)) > 100


def test_verdict_and_both_curves_are_drawn_where_items_were_measured() -> None:
    history = make_history(np.linspace(1.0, 0.5, 1000), every=100)
    measurements = tuple(
        Measurement(
            step,
            (0.5,),
            np.array([[0.8 + 1e-3 * abs(step - 400)]] * 3),
            np.array([[1 - step / 2e3]]),
        )
        for step in range(100, 1001, 100)
    )
    measured = dataclasses.replace(history, measurements=measurements)
    image = draw_loss(measured, verdict=judge(measured))
    assert len(places_of(image, VALIDATION)) > 100
    assert len(places_of(image, PROBE)) > 100
    columns = places_of(image, VERDICT)[:, 1]
    assert np.bincount(columns).argmax() == pytest.approx(84 + (400 - 1) / 999 * 1088, abs=1.5)
    # Without measurements the guide's own pick is mark enough.
    assert len(places_of(draw_loss(history, verdict=judge(history)), VERDICT)) == 0


@pytest.mark.parametrize(
    ("low", "high", "count", "ticks"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.03, 0.21, 4, [0.05, 0.1, 0.15, 0.2]),
        (1, 100_000, 5, [20_000, 40_000, 60_000, 80_000, 100_000]),
        (3, 3, 5, [3]),
    ],
)
def test_nice_ticks_are_round_and_inside(
    low: float, high: float, count: int, ticks: list[float]
) -> None:
    assert nice_ticks(low, high, count) == pytest.approx(ticks)
