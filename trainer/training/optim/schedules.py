"""Learning-rate schedules: pure functions from a step to a factor on the learning rate."""

from __future__ import annotations

import math

from ...config import ScheduleSettings


def learning_rate_factor(settings: ScheduleSettings, step: int, steps_total: int) -> float:
    """Factor on the learning rate for one step.

    Warm-up rises in a straight line and reaches 1 at its last step. Cosine then falls from 1 to 0,
    which it reaches after the last of the steps that this run really makes.

    Args:
        settings: The schedule.
        step: Steps already done: 0 for the first step, `steps_total` once all are done.
        steps_total: Steps of the whole run.

    Returns:
        From 0 to 1.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, with one cycle.
    """
    # A warm-up must end before the run does, or the run never trains at full strength.
    warmup = min(settings.warmup_steps, max(steps_total - 1, 0))
    if step < warmup:
        return (step + 1) / warmup
    if settings.name == "constant":
        return 1.0
    progress = min((step - warmup) / max(steps_total - warmup, 1), 1.0)
    return 0.5 * (1 + math.cos(math.pi * progress))
