"""The length of a run, as the training loop counts it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.unit.data.report.made_up_crops import made_up
from trainer.config import TrainSettings
from trainer.data.batches import BatchSampler, TrainingItem
from trainer.data.report.epoch import plan_epoch
from trainer.data.report.length import PlannedStep, RunWish, duration_words, run_length
from trainer.errors import ConfigError
from trainer.training.steps.step_order import StepOrder


@pytest.mark.parametrize("seed", range(20))
def test_steps_are_those_of_the_training_loop(seed: int) -> None:
    source = random.Random(seed)
    sizes = [f"{64 * source.randint(1, 3)}x256" for _ in range(source.randint(1, 25))]
    epoch = plan_epoch(made_up(*sizes))
    items = [
        TrainingItem(str(number), Path("a"), Path("b"), (16, 1, 32, int(size[:-4]) // 8), repeats)
        for number, (size, repeats) in enumerate(zip(sizes, epoch.repeats, strict=True))
    ]
    batch, accumulation, length = source.randint(1, 5), source.randint(1, 4), source.randint(1, 50)
    for unit in ("epochs", "steps"):
        settings = TrainSettings(
            epochs=length if unit == "epochs" else 1,
            steps=length if unit == "steps" else 0,
            batch_size=batch,
            accumulation=accumulation,
        )
        order = StepOrder(BatchSampler(items, batch, 0), settings)
        found = run_length(epoch, RunWish(length, unit, batch, accumulation))
        assert (found.steps_per_epoch, found.steps) == (order.steps_per_epoch, order.steps_total)
        assert found.epochs == pytest.approx(order.steps_total / order.steps_per_epoch)


def test_a_plan_brings_batch_size_accumulation_and_time() -> None:
    epoch = plan_epoch(made_up(*["768x1024"] * 12))
    found = run_length(epoch, RunWish(10, "epochs", 1, 1), PlannedStep(2.5, 4, 3))
    assert (found.batch_size, found.accumulation) == (4, 3)
    assert (found.steps_per_epoch, found.steps) == (1, 10)
    assert found.seconds == 25.0


@pytest.mark.parametrize("step", [None, PlannedStep(0.0, 1)])
def test_without_a_known_time_none_is_made_up(step: PlannedStep | None) -> None:
    found = run_length(plan_epoch(made_up("768x1024")), RunWish(), step)
    assert found.seconds is None
    assert found.is_planned is (step is not None)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"length": 0}, "length must be at least 1, but is 0"),
        ({"batch_size": -1}, "batch_size must be at least 1, but is -1"),
        ({"accumulation": 0}, "accumulation must be"),
        ({"unit": "hours"}, "length_unit must be epochs or steps, but is 'hours'"),
    ],
)
def test_a_wish_out_of_range_is_refused(values: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        RunWish(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3540, "59 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (47 * 3600 + 59 * 60, "47 h 59 min"),
        (48 * 3600, "2 days"),
        (100 * 3600, "4 days 4 h"),
    ],
)
def test_durations_are_said_as_people_do(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words
