"""The peak of live tensor memory, against allocations counted by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from bench.live_memory import LiveMemory, live_memory

KIB = 1024


def block(kibibytes: int) -> Tensor:
    return torch.empty(kibibytes * KIB, dtype=torch.uint8)


def test_nothing_allocated() -> None:
    before = block(64)

    assert live_memory(lambda: before.zero_()) == LiveMemory(peak=0, kept=0)


def test_result_is_kept() -> None:
    assert live_memory(lambda: block(64)) == LiveMemory(peak=64 * KIB, kept=64 * KIB)


def test_freed_before_the_next_does_not_add_up() -> None:
    def run() -> None:
        for size in (64, 256, 128):
            block(size)

    assert live_memory(run) == LiveMemory(peak=256 * KIB, kept=0)


def test_alive_together_adds_up_until_one_goes() -> None:
    def run() -> Tensor:
        first, second = block(64), block(256)
        del second
        third = block(128)
        del first
        return third

    assert live_memory(run) == LiveMemory(peak=320 * KIB, kept=128 * KIB)


def test_views_and_changes_in_place_cost_nothing() -> None:
    def run() -> Tensor:
        values = torch.zeros(1024, 16)
        return values.zero_().view(16, 1024).t()[:3]

    assert live_memory(run) == LiveMemory(peak=64 * KIB, kept=64 * KIB)


def test_temporary_inside_an_operation_counts() -> None:
    """A convolution as a matrix product unfolds its input: larger than input and result."""
    values = torch.rand(1, 16, 64, 64, dtype=torch.float64)
    weight = torch.rand(1, 16, 3, 3, dtype=torch.float64)
    result, unfolded = 64 * 64 * 8, 16 * 9 * 64 * 64 * 8

    found = live_memory(lambda: F.conv2d(values, weight, padding=1))

    assert found == LiveMemory(peak=unfolded + result, kept=result)


def test_backward_frees_what_forward_saved() -> None:
    """Forward: x.exp() of 64 KiB saved. Backward: the gradient of exp, then that of x."""
    x = torch.zeros(1024, 16, requires_grad=True)

    def run() -> None:
        saved = x.exp()
        saved.backward(torch.ones(1).expand(1024, 16))

    found = live_memory(run)

    assert 2 * 64 * KIB <= found.peak <= 2 * 64 * KIB + 64
    assert found.kept == 64 * KIB
    assert x.grad is not None
