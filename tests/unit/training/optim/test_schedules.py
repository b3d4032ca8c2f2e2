"""Learning-rate schedules, against torch's own and at their ends."""

from __future__ import annotations

import pytest
import torch

from trainer.config import ScheduleSettings
from trainer.training.optim.schedules import learning_rate_factor


@pytest.mark.parametrize("total", [1, 2, 7, 100])
def test_cosine_equals_torchs_with_the_real_number_of_steps(total: int) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total)
    for step in range(total + 1):
        factor = learning_rate_factor(ScheduleSettings(), step, total)
        assert factor == pytest.approx(reference.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        reference.step()


@pytest.mark.parametrize("warmup", [0, 3, 10])
def test_cosine_ends_at_zero_and_never_rises_after_warmup(warmup: int) -> None:
    settings = ScheduleSettings(warmup_steps=warmup)
    factors = [learning_rate_factor(settings, step, 20) for step in range(21)]
    assert factors[20] == pytest.approx(0, abs=1e-15)
    assert factors[max(warmup - 1, 0)] == 1
    after = factors[warmup:]
    assert after == sorted(after, reverse=True)


def test_warmup_is_a_straight_line() -> None:
    settings = ScheduleSettings(name="constant", warmup_steps=4)
    factors = [learning_rate_factor(settings, step, 10) for step in range(6)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_warmup_longer_than_the_run_still_reaches_full_strength() -> None:
    settings = ScheduleSettings(name="constant", warmup_steps=100)
    factors = [learning_rate_factor(settings, step, 5) for step in range(5)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0]
