"""Stochastic rounding: right on average, exact where it can be, and kept to its place."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from trainer.training.optim.rounding import round_stochastically, rounding_generator

CPU = torch.device("cpu")


def rounded(values: Tensor, place: int = 0) -> Tensor:
    return round_stochastically(values, rounding_generator(1, place, 0, CPU))


def neighbours(value: float) -> tuple[float, float]:
    """The two bfloat16 numbers around a positive value, by arithmetic instead of bits."""
    step = 2.0 ** max(math.floor(math.log2(value)) - 7, -133)
    low = math.floor(value / step) * step
    return low, low + step


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    "value", [1.001, 1.9999, 0.3, 3.3e38, 2e-38, 1.5e-39, 1e-41], ids=lambda value: f"{value:g}"
)
def test_rounding_is_right_on_average(value: float, sign: float) -> None:
    count = 1 << 18
    given = torch.full((count,), sign * value)
    exact = float(given[0])  # what float32 holds of the value
    found = rounded(given).double()
    low, high = neighbours(abs(exact))
    assert set((sign * found).tolist()) == {low, high}
    chance = (abs(exact) - low) / (high - low)
    # Five standard errors of a mean of Bernoulli draws: wrong once in two million such tests.
    bound = 5 * (high - low) * math.sqrt(chance * (1 - chance) / count)
    assert abs(float((found / (high - low)).mean()) - exact / (high - low)) <= bound / (high - low)


def test_errors_have_no_direction_over_many_values() -> None:
    values = torch.randn(1 << 20, generator=torch.Generator().manual_seed(3))
    steps = 2.0 ** (values.abs().log2().floor().double() - 7)
    errors = (rounded(values).double() - values.double()) / steps
    assert float(errors.abs().max()) < 1
    # An error's variance is p (1 - p), a sixth on average over p.
    assert abs(float(errors.mean())) <= 5 * math.sqrt(1 / 6 / len(values))
    assert float(errors.var()) == pytest.approx(1 / 6, rel=0.01)


def test_numbers_that_bfloat16_holds_never_change() -> None:
    every = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    numbers = every[~every.isnan()]  # both zeros, subnormals and infinities are among them
    for place in range(4):
        found = rounded(numbers.float(), place)
        assert torch.equal(found.view(torch.int16), numbers.view(torch.int16))


def test_every_nan_stays_nan() -> None:
    payloads = torch.tensor([0x7F800001, 0x7FFFFFFF, 0x7FC00000], dtype=torch.int32)
    signed = torch.cat((payloads, payloads | -(1 << 31))).view(torch.float32)
    assert rounded(signed.repeat(1000)).isnan().all()


def test_an_update_of_a_hundredth_of_a_step_accumulates() -> None:
    steps, size = 2000, 2.0**-7  # a bfloat16 step at 1
    nearest = torch.ones(64, dtype=torch.bfloat16)
    stochastic = nearest.clone()
    for number in range(steps):
        nearest = nearest + size / 100
        stochastic = rounded(stochastic.float() + size / 100, number)
    assert torch.equal(nearest, torch.ones_like(nearest))
    # 2000 updates with variance of at most 0.01 steps each, over 64 numbers; and 20 steps moved.
    moved = (float(stochastic.double().mean()) - 1) / size
    assert abs(moved - steps / 100) <= 5 * math.sqrt(steps * 0.01 / 64)


def test_same_place_same_bits_and_other_places_others() -> None:
    values = torch.randn(1000, generator=torch.Generator().manual_seed(5))
    places = [(1, 2, 3), (1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4)]
    first, again, *others = (
        round_stochastically(values, rounding_generator(*place, CPU)) for place in places
    )
    assert torch.equal(first, again)
    assert all(not torch.equal(first, other) for other in others)


def test_shape_and_order_are_kept() -> None:
    values = torch.arange(12.0).view(3, 4)
    assert torch.equal(rounded(values.t()), values.t().to(torch.bfloat16))
