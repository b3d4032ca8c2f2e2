"""What the planner chooses, for the released model and for small ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.unit.model.reference_model import TINY
from trainer.config import LoraSettings
from trainer.errors import ConfigError
from trainer.model.activation_policy import ActivationPolicy
from trainer.planning.block_costs import StepCosts, measure_costs, trace_step
from trainer.planning.budget import GIB, Budget
from trainer.planning.choosing import largest_batch, make_plan
from trainer.planning.memory_plan import MemoryPlan
from trainer.planning.step_memory import compose_step
from trainer.planning.weight_kinds import KINDS, weight_kind
from trainer.planning.workload import RELEASED, SampleShape, Workload

FP8 = weight_kind("fp8")
GUIDE = ((960, 1712), (768, 1024), (1024, 1024))


def released(*batch: SampleShape, rank: int = 32) -> Workload:
    return Workload.of_sizes(RELEASED, batch, LoraSettings(rank=rank))


def small(config_blocks: tuple[int, int] = (2, 4)) -> Workload:
    config = replace(
        TINY, hidden_size=256, mlp_size=1024, double_blocks=config_blocks[0],
        single_blocks=config_blocks[1],
    )  # fmt: skip
    workload = Workload.of_sizes(config, [SampleShape(1, 32, 32, 20)], LoraSettings(rank=4))
    return replace(workload, compute_dtype=torch.float32)


@pytest.fixture(scope="module")
def whole() -> MemoryPlan:
    """A small model with everything it could want."""
    return make_plan(small(), weight_kind("fp32"))


@pytest.mark.parametrize("size", GUIDE, ids=["960x1712", "768x1024", "1024x1024"])
def test_the_guides_pictures_fit_a_card_of_8_gib(size: tuple[int, int]) -> None:
    plan = make_plan(released(SampleShape.of_pixels(*size)), FP8, Budget.of_card(8, 16))
    assert plan.fits
    assert plan.peak_bytes <= 8 * GIB
    assert plan.host_bytes <= 16 * GIB
    # The whole model with the chosen policy, block by block on shapes, and not only a short one.
    traced = trace_step(plan.workload, plan.policy, dense_copies=1)
    moved = plan.step.host  # on shapes, main memory and the device are one
    assert plan.step.peak + moved == pytest.approx(traced, rel=0.02)


def test_a_clip_of_33_frames_fits_a_card_of_16_gib() -> None:
    clip = SampleShape.of_pixels(544, 960, 33)
    plan = make_plan(released(clip), FP8, Budget.of_card(16, 32))
    assert plan.fits
    assert plan.peak_bytes <= 16 * GIB
    assert clip.tokens(RELEASED) == 9 * 60 * 34 + 256
    traced = trace_step(plan.workload, plan.policy, dense_copies=1)
    assert plan.step.peak + plan.step.host == pytest.approx(traced, rel=0.02)


@pytest.fixture(scope="module")
def costs() -> StepCosts:
    return measure_costs(small(), dense_copies=1)


POLICIES = {
    "whole": ActivationPolicy(),
    "all": ActivationPolicy.checkpoint_all(6),
    "first": ActivationPolicy(frozenset({0, 1, 2})),
    "scattered": ActivationPolicy(frozenset({1, 4})),
}


@pytest.mark.parametrize("name", POLICIES)
def test_composed_peak_is_that_of_the_whole_model(name: str, costs: StepCosts) -> None:
    policy = POLICIES[name]
    composed = compose_step(small(), costs, policy)
    assert composed.peak == pytest.approx(trace_step(small(), policy, dense_copies=1), rel=0.01)


def test_work_is_what_counting_by_hand_gives() -> None:
    """Hidden 512, 4 + 8 blocks, 1,024 image and 64 text tokens, rank 16: 275.1 GFLOP a step.

    Source of the figure: an operation count of plain autograd through the same model, 173 for
    linear layers and 102 for attention, 389.5 with every block run twice.
    """
    config = replace(RELEASED, hidden_size=512, mlp_size=2048, double_blocks=4, single_blocks=8)
    workload = Workload.of_sizes(config, [SampleShape(1, 64, 64, 64)], LoraSettings(rank=16))
    found = measure_costs(workload, dense_copies=1)
    plain = compose_step(workload, found, ActivationPolicy()).flop
    again = compose_step(workload, found, ActivationPolicy.checkpoint_all(12)).flop
    assert plain / 1e9 == pytest.approx(275.1, rel=0.02)
    assert again / 1e9 == pytest.approx(389.5, rel=0.02)


def test_without_limits_nothing_is_saved(whole: MemoryPlan) -> None:
    assert whole.policy == ActivationPolicy()
    assert whole.residency.streamed_bytes == 0
    assert whole.fits


@pytest.mark.parametrize("share", [0.95, 0.8, 0.6, 0.4])
def test_less_memory_is_kept_to_by_running_blocks_twice(share: float, whole: MemoryPlan) -> None:
    weights = whole.parts.weights
    limit = weights + int((whole.peak_bytes - weights) * share)
    plan = make_plan(small(), weight_kind("fp32"), Budget(limit))
    assert plan.peak_bytes <= limit or not plan.fits
    again = plan.policy.checkpoint_blocks
    assert again == frozenset(range(len(again)))
    assert again
    assert plan.flop > whole.flop


def test_a_card_streams_what_does_not_fit(whole: MemoryPlan) -> None:
    limit = whole.peak_bytes - whole.parts.weights // 2
    plan = make_plan(small(), weight_kind("fp32"), Budget(limit, can_stream=True))
    assert plan.fits
    assert plan.residency.streamed_bytes > 0
    total = plan.residency.streamed_bytes + plan.residency.resident_bytes
    assert total == whole.parts.weights
    # Whoever loads the weights must leave the ring free too.
    assert plan.room_bytes >= plan.parts.staging + plan.step.peak
    assert plan.room_bytes + plan.residency.resident_bytes <= limit
    assert "stay in main memory" in "\n".join(plan.lines())


def test_too_little_memory_says_what_is_missing() -> None:
    plan = make_plan(small(), weight_kind("fp32"), Budget(10 * 2**20, can_stream=True))
    assert not plan.fits
    text = "\n".join(plan.lines())
    assert "DOES NOT FIT" in text
    assert "missing with every saving switched on" in text


def test_too_little_main_memory_says_so() -> None:
    workload = released(SampleShape.of_pixels(512, 512))
    plan = make_plan(workload, weight_kind("bf16"), Budget.of_card(8, 16))
    assert not plan.fits
    assert "Main memory is too small" in "\n".join(plan.lines())


def test_smaller_formats_and_ranks_take_less() -> None:
    budget = Budget(GIB, can_stream=True)
    plans = {name: make_plan(small(), KINDS[name], budget) for name in ("bf16", "nvfp4")}
    assert plans["nvfp4"].parts.weights < 0.3 * plans["bf16"].parts.weights
    low = make_plan(replace(small(), lora=LoraSettings(rank=1)), FP8, budget)
    assert low.parts.lora * 4 == plans["bf16"].parts.lora
    half = replace(small(), lora=LoraSettings(rank=4, dtype="bf16"))
    assert make_plan(half, FP8, budget).parts.lora * 2 == plans["bf16"].parts.lora


def test_accumulation_repeats_the_work_and_keeps_gradients(whole: MemoryPlan) -> None:
    plan = make_plan(replace(small(), accumulation=3), weight_kind("fp32"))
    assert plan.flop == 3 * whole.flop
    assert plan.parts.gradients >= whole.parts.gradients
    assert plan.parts.gradients == plan.workload.parameters * 4


def test_largest_batch_is_the_one_with_most_tokens() -> None:
    wide, clip = SampleShape(1, 64, 64, 300), SampleShape(5, 32, 32, 300)
    assert largest_batch(TINY, [wide, clip], 2) == (clip, clip)


@pytest.mark.parametrize(
    ("size", "words"),
    [((960, 1707), "960x1707"), ((8, 16), "8x16"), ((64, 64, 4), "4 frames")],
)
def test_sizes_that_cannot_be_trained_on_are_refused(size: tuple[int, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SampleShape.of_pixels(*size)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="nvfp4"):
        weight_kind("fp9")


def test_time_is_only_known_of_a_card(whole: MemoryPlan) -> None:
    assert whole.seconds > 0
    assert whole.known_seconds == 0
    card = make_plan(small(), weight_kind("fp32"), Budget.of_card(8, 16))
    assert card.known_seconds == card.seconds > 0
