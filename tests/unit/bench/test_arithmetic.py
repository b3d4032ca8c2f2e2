"""The counted work of a step, against torch's own counter on plain autograd."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from bench.training_step.arithmetic import KINDS, ArithmeticLimit, count_operations
from bench.training_step.case import StepCase, make_inputs, make_network, make_weights
from bench.training_step.plain_model import PlainModel

CASE = StepCase(
    "test", "fp32", (2, 6, 8),
    hidden=256, double_blocks=2, single_blocks=3, text_width=48, text_tokens=7,
)  # fmt: skip


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """Floating-point operations by kind."""
    work: Counter[str] = Counter()
    for operation, count in count_operations(CASE).items():
        work[operation.kind] += count * operation.flops
    return work


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """What torch counts in a step of plain autograd, by the kind of operator.

    Its attention is the one of ordinary matrix products here, because torch's counter knows no
    other on the CPU. That one keeps its weights for backward, so it needs four products there.
    """
    inputs = make_inputs(CASE)
    model = PlainModel(CASE.config, make_weights(CASE), make_network(CASE), checkpointed=False)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        velocity = model.velocity(
            inputs.noisy, torch.tensor([600.0]), inputs.text, inputs.pooled, torch.tensor([6.0])
        )
        velocity.square().mean().backward()
    work: Counter[str] = Counter()
    for operator, count in counter.get_flop_counts()["Global"].items():
        work["attention" if "bmm" in str(operator) else "linear"] += count
    return work


def test_linears_and_lora_are_what_torch_counts(counted: Counter[str], seen: Counter[str]) -> None:
    linear = counted["linear_forward"] + counted["linear_gradient"] + counted["lora"]
    assert linear == seen["linear"]


def test_attention_is_what_torch_counts(counted: Counter[str], seen: Counter[str]) -> None:
    # Five products instead of four: the attention weights are computed again.
    backward = counted["attention_backward"] * 4 // 5
    assert counted["attention_forward"] + backward == seen["attention"]


def test_limit_times_every_kind_of_work(counted: Counter[str]) -> None:
    found = ArithmeticLimit(CASE).measure()

    assert found["flops"] == dict(counted)
    assert set(found["kinds"]) == set(KINDS)
    assert all(seconds > 0 for seconds in found["kinds"].values())
    assert found["limit"] == pytest.approx(sum(found["kinds"].values()))
