"""Draws of sigma: against musubi-tuner's numbers, closed forms and their own distribution."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.config import TimestepSettings
from trainer.training.noise.timesteps import sample_sigma, sigma_from_uniform, timestep_of

GOLDEN = json.loads((Path(__file__).parents[3] / "golden/timesteps.json").read_text("utf-8"))
# musubi-tuner's option name to ours.
OPTIONS = {
    "timestep_sampling": "distribution",
    "sigmoid_scale": "scale",
    "discrete_flow_shift": "shift",
    "logit_mean": "mean",
    "logit_std": "std",
}


def settings_of(config: dict[str, Any]) -> TimestepSettings:
    ours = {OPTIONS[name]: value for name, value in config.items() if name in OPTIONS}
    ours["min_sigma"] = config.get("min_timestep", 0) / 1000
    ours["max_sigma"] = config.get("max_timestep", 1000) / 1000
    return TimestepSettings(**ours)


def case_name(case: dict[str, Any]) -> str:
    return "-".join(str(value) for value in case["config"].values())


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=case_name)
def test_sigma_from_uniform_given_draws_equals_musubi(case: dict[str, Any]) -> None:
    draws = torch.tensor(case["u"], dtype=torch.float64)
    sigma = sigma_from_uniform(draws, settings_of(case["config"]))
    # musubi-tuner calculates in float32: 2e-7 is its rounding, and a little more for its quantile.
    torch.testing.assert_close(
        sigma, torch.tensor(case["t"], dtype=torch.float64), atol=2e-6, rtol=0
    )


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=case_name)
def test_timestep_leaves_out_the_one_that_musubi_adds(case: dict[str, Any]) -> None:
    ours = timestep_of(torch.tensor(case["t"], dtype=torch.float64))
    theirs = torch.tensor(case["timesteps_fed_to_dit"], dtype=torch.float64)
    torch.testing.assert_close(theirs - ours, torch.ones_like(ours), atol=2e-4, rtol=0)


def test_logit_normal_is_the_mirror_of_logsnr_at_half_scale() -> None:
    draws = torch.tensor([0.1, 0.37, 0.5, 0.93])
    direct = sigma_from_uniform(
        draws, TimestepSettings(distribution="logit_normal", mean=1.5, std=0.5)
    )
    logsnr = TimestepSettings(distribution="logsnr", mean=-3.0, std=1.0)
    torch.testing.assert_close(direct, sigma_from_uniform(1 - draws, logsnr), atol=1e-7, rtol=0)


def normal_share(value: float) -> float:
    return 0.5 * (1 + math.erf(value / math.sqrt(2)))


def logit(value: float) -> float:
    return math.log(value / (1 - value))


@pytest.mark.parametrize(
    ("settings", "share_below"),
    [
        (TimestepSettings(distribution="uniform"), lambda s: s),
        (TimestepSettings(scale=1.5), lambda s: normal_share(logit(s) / 1.5)),
        (
            TimestepSettings(distribution="logit_normal", mean=0.7, std=1.3),
            lambda s: normal_share((logit(s) - 0.7) / 1.3),
        ),
        (
            TimestepSettings(distribution="shift", shift=3.0),
            lambda s: normal_share(logit(s / (3 - 2 * s))),
        ),
        (
            TimestepSettings(distribution="uniform", min_sigma=0.2, max_sigma=0.9),
            lambda s: min(max((s - 0.2) / 0.7, 0.0), 1.0),
        ),
    ],
    ids=["uniform", "sigmoid", "logit_normal", "shift", "squeezed"],
)
def test_sample_sigma_many_draws_follow_the_distribution(settings: Any, share_below: Any) -> None:
    count = 20_000
    draws = sample_sigma(settings, count, torch.Generator().manual_seed(0))
    assert draws.shape == (count,)
    assert draws.dtype == torch.float32
    for sigma in (0.1, 0.25, 0.4, 0.6, 0.75, 0.9):
        measured = (draws <= sigma).double().mean().item()
        # Kolmogorov: a true sample of 20000 strays by more than 0.0138 once in 1000 times.
        assert abs(measured - share_below(sigma)) < 0.0138


def test_sample_sigma_same_seed_gives_same_draws() -> None:
    first = sample_sigma(TimestepSettings(), 5, torch.Generator().manual_seed(3))
    again = sample_sigma(TimestepSettings(), 5, torch.Generator().manual_seed(3))
    other = sample_sigma(TimestepSettings(), 5, torch.Generator().manual_seed(4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    "name", ["sigmoid", "uniform", "logit_normal", "shift", "logsnr"], ids=lambda name: name
)
def test_sigma_from_uniform_at_the_ends_stays_within_bounds(name: Any) -> None:
    settings = TimestepSettings(distribution=name, min_sigma=0.1, max_sigma=0.8)
    sigma = sigma_from_uniform(torch.tensor([0.0, 1.0]), settings)
    torch.testing.assert_close(sigma.sort().values, torch.tensor([0.1, 0.8], dtype=torch.float64))
