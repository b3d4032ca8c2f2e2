"""The compiled element-wise kernels: numbers, number of graphs, and a broken compiler."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import make_sample, make_weights
from tests.unit.model.training_checks import gradients, make_model, make_network
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.layers import compiled, elementwise
from trainer.model.weights import MappingSource

ROOT = Path(__file__).parents[4]
COMPILED = ActivationPolicy(compiled=True)


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    """A machine without a C++ compiler says so once and goes on, which is tested on its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.compile does not work here")
        yield


def one_step(
    dtype: torch.dtype, policy: ActivationPolicy, shape: tuple[int, int, int], text_tokens: int
) -> tuple[Tensor, Tensor]:
    """Velocity, and all gradients in one row."""
    network = make_network(dtype=torch.float64 if dtype == torch.float64 else torch.float32)
    model = make_model(MappingSource(make_weights(dtype=dtype)), dtype, policy)
    sample = make_sample(text_tokens=text_tokens, latent_shape=shape)
    velocity = model.velocity(*sample.arguments(), lora=network)
    found = gradients(velocity, network)
    return velocity.detach(), torch.cat([grad.flatten() for grad in found.values()])


def distance(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())


def test_compiled_step_equals_the_eager_one_in_fp32() -> None:
    for found, wanted in zip(
        one_step(torch.float32, COMPILED, (1, 8, 8), 5),
        one_step(torch.float32, ActivationPolicy(), (1, 8, 8), 5),
        strict=True,
    ):
        assert distance(found, wanted) <= 1e-5


def test_compiled_step_is_as_near_to_float64_as_the_eager_one_in_bf16() -> None:
    rounded = {name: x.to(torch.bfloat16).double() for name, x in make_weights().items()}
    network = make_network(dtype=torch.float64)
    sample = make_sample(latent_shape=(1, 8, 8), dtype=torch.float64)
    model = make_model(MappingSource(rounded), torch.float64)
    velocity = model.velocity(*sample.arguments(), lora=network)
    grads = gradients(velocity, network)
    exact = (velocity.detach(), torch.cat([grad.flatten() for grad in grads.values()]))
    errors = [
        [
            distance(found, wanted)
            for found, wanted in zip(
                one_step(torch.bfloat16, policy, (1, 8, 8), 5), exact, strict=True
            )
        ]
        for policy in (COMPILED, ActivationPolicy())
    ]
    for with_compiler, eager in zip(*errors, strict=True):
        assert with_compiler <= 1.2 * eager
        assert eager < 0.05


def test_new_buckets_need_no_new_graphs() -> None:
    counters = torch._dynamo.utils.counters["stats"]
    shapes = [((1, 8, 8), 5), ((2, 4, 6), 7), ((1, 6, 12), 3), ((3, 8, 4), 11), ((1, 12, 12), 9)]
    counts = []
    for shape, text_tokens in shapes:
        one_step(torch.float32, COMPILED, shape, text_tokens)
        counts.append(counters["unique_graphs"])
    assert counts[-1] == counts[0]
    # Ten graphs for each dtype that a test has used: six kernels, of which some get heads with and
    # without turns, rows side by side and apart.
    assert counts[0] <= 30


def test_a_kernel_that_fails_stops_all_of_them_with_one_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(function: Callable[..., Any], **options: object) -> Callable[..., Any]:
        del options

        def fail(*arguments: object) -> None:
            raise RuntimeError(f"no compiler for {function.__name__}\nand a long story")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    kernels = compiled._compiled_kernels.__wrapped__()
    x = torch.linspace(-2, 2, 8).view(2, 4)
    with pytest.warns(UserWarning, match=r"not work here \(no compiler for gelu\)") as caught:
        values = [kernels.gelu(x)]
    assert len(caught) == 1
    values.append(kernels.gelu(x))  # a second warning would fail the test, also in the next line
    normed = kernels.modulated_norm(x, x[:1], x[1:])
    assert all(torch.equal(value, elementwise.gelu(x)) for value in values)
    assert torch.equal(normed[0], elementwise.modulated_norm(x, x[:1], x[1:])[0])


def test_out_of_memory_is_not_taken_for_a_missing_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*arguments: object) -> None:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(torch, "compile", lambda function, **options: full)
    kernels = compiled._compiled_kernels.__wrapped__()
    with pytest.raises(torch.OutOfMemoryError):
        kernels.gelu(torch.zeros(2))


def test_a_compiler_that_really_fails_leaves_one_warning_and_the_eager_numbers(
    tmp_path: Path,
) -> None:
    script = (
        "import warnings, torch\n"
        "from tests.unit.model.layers.test_compiled import COMPILED, ActivationPolicy, one_step\n"
        "warnings.simplefilter('always')\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    found = one_step(torch.float32, COMPILED, (1, 4, 4), 2)\n"
        "wanted = one_step(torch.float32, ActivationPolicy(), (1, 4, 4), 2)\n"
        "texts = [str(w.message) for w in caught]\n"
        "print(sum('does not work here' in text for text in texts),"
        " all(map(torch.equal, found, wanted)))\n"
    )
    fresh = {"CXX": "/bin/false", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **fresh},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "True"], done.stderr
