"""Optimizers: their arguments, one step by hand, and their state without pickle."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.config import OptimizerSettings
from trainer.errors import ConfigError, StateError
from trainer.training.optim.optimizers import (
    OptimizerState,
    get_optimizer_state,
    make_optimizer,
    prodigy_d,
    set_learning_rate,
    set_optimizer_state,
)

ROOT = Path(__file__).parents[4]


def make_parameters(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((4, 6), (5, 4), (3,))
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def run_steps(optimizer: torch.optim.Optimizer, parameters: list[torch.Tensor], steps: Any) -> None:
    for step in steps:
        for place, parameter in enumerate(parameters):
            generator = torch.Generator().manual_seed(1000 * step + place)
            parameter.grad = parameter.detach() + 0.1 * torch.randn(
                parameter.shape, generator=generator
            )
        optimizer.step()


def test_prodigy_arguments_are_all_handed_over(capsys: pytest.CaptureFixture[str]) -> None:
    settings = OptimizerSettings(
        beta1=0.8,
        beta2=0.95,
        weight_decay=0.02,
        eps=1e-7,
        d_coef=0.7,
        d0=1e-5,
        slice_p=5,
        decouple=False,
        use_bias_correction=False,
        safeguard_warmup=True,
        learning_rate=0.5,
    )
    group = make_optimizer(settings, make_parameters()).param_groups[0]
    assert group["betas"] == (0.8, 0.95)
    names = ("weight_decay", "eps", "d_coef", "d0", "slice_p", "lr", "d")
    assert [group[name] for name in names] == [0.02, 1e-7, 0.7, 1e-5, 5, 0.5, 1e-5]
    flags = ("decouple", "use_bias_correction", "safeguard_warmup")
    assert [group[name] for name in flags] == [False, False, True]
    make_optimizer(OptimizerSettings(), make_parameters())
    assert capsys.readouterr().out == ""


def test_prodigy_slices_two_of_its_states() -> None:
    parameters = make_parameters()
    optimizer = make_optimizer(OptimizerSettings(slice_p=5), parameters)
    run_steps(optimizer, parameters, range(1))
    state = optimizer.state[parameters[0]]
    assert state["s"].shape == state["p0"].shape == (5,)  # ceil(24 / 5)
    assert state["exp_avg"].shape == state["exp_avg_sq"].shape == (4, 6)


def test_prodigy_first_step_equals_the_formula() -> None:
    settings = OptimizerSettings(d0=1e-3, d_coef=1.0, slice_p=1)
    (start,) = [torch.tensor([1.0, -2.0])]
    parameter = start.clone().requires_grad_()
    optimizer = make_optimizer(settings, [parameter])
    parameter.grad = torch.tensor([0.5, -0.25])
    optimizer.step()
    # With bias correction the first step is d lr times the sign of the gradient, after the decay.
    correction = math.sqrt(1 - 0.99) / (1 - 0.9)
    dlr = 1e-3 * correction
    gradient = torch.tensor([0.5, -0.25])
    moved = 0.1 * 1e-3 * gradient / (0.1 * 1e-3 * gradient.abs() + 1e-3 * 1e-8)
    expected = start * (1 - 0.01 * dlr) - dlr * moved
    torch.testing.assert_close(parameter.detach(), expected, rtol=1e-6, atol=1e-8)


def test_adamw_first_step_equals_the_formula() -> None:
    start = torch.tensor([1.0, -2.0])
    parameter = start.clone().requires_grad_()
    optimizer = make_optimizer(OptimizerSettings(name="adamw", weight_decay=0.1), [parameter])
    parameter.grad = torch.tensor([0.5, -0.25])
    optimizer.step()
    expected = start * (1 - 1e-4 * 0.1) - 1e-4 * torch.tensor([1.0, -1.0])
    torch.testing.assert_close(parameter.detach(), expected, rtol=1e-6, atol=1e-9)


def through_json(state: OptimizerState) -> OptimizerState:
    return OptimizerState(dict(state.tensors), json.loads(json.dumps(dict(state.numbers))))


@pytest.mark.parametrize("name", ["prodigy", "adamw"])
def test_state_put_into_a_fresh_optimizer_goes_on_bit_for_bit(name: Any) -> None:
    settings = OptimizerSettings(name=name, d0=1e-3)
    whole = make_parameters()
    run_steps(make_optimizer(settings, whole), whole, range(8))

    broken = make_parameters()
    first = make_optimizer(settings, broken)
    run_steps(first, broken, range(5))
    state = through_json(get_optimizer_state(first))
    copies = [parameter.detach().clone().requires_grad_() for parameter in broken]
    second = make_optimizer(settings, copies)
    set_optimizer_state(second, state)
    assert prodigy_d(second) == prodigy_d(first)
    run_steps(second, copies, range(5, 8))
    for left, right in zip(whole, copies, strict=True):
        assert torch.equal(left, right)


def test_prodigy_estimate_grows_and_is_none_for_adamw() -> None:
    parameters = make_parameters()
    optimizer = make_optimizer(OptimizerSettings(d0=1e-4), parameters)
    assert prodigy_d(optimizer) == 1e-4
    run_steps(optimizer, parameters, range(20))
    grown = prodigy_d(optimizer)
    assert grown is not None
    assert grown > 2e-4
    assert prodigy_d(make_optimizer(OptimizerSettings(name="adamw"), parameters)) is None


def test_state_of_another_set_of_parameters_is_refused() -> None:
    parameters = make_parameters()
    optimizer = make_optimizer(OptimizerSettings(name="adamw"), parameters)
    run_steps(optimizer, parameters, range(1))
    other = make_optimizer(OptimizerSettings(name="adamw"), parameters[:1])
    with pytest.raises(StateError, match="3 parameters, but the LoRA has 1"):
        set_optimizer_state(other, get_optimizer_state(optimizer))


def test_nothing_to_train_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"lora\.targets"):
        make_optimizer(OptimizerSettings(), [])


def test_set_learning_rate_reaches_every_group() -> None:
    optimizer = make_optimizer(OptimizerSettings(name="adamw"), make_parameters())
    set_learning_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25]


def test_missing_prodigyopt_says_how_to_install_it() -> None:
    # A fresh interpreter in which the package cannot be imported.
    script = (
        "import sys; sys.modules['prodigyopt'] = None\n"
        "import torch\n"
        "from trainer.config import OptimizerSettings\n"
        "from trainer.errors import ConfigError\n"
        "from trainer.training.optim.optimizers import make_optimizer\n"
        "try:\n"
        "    make_optimizer(OptimizerSettings(), [torch.zeros(1, requires_grad=True)])\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "python -m pip install prodigyopt" in done.stdout
