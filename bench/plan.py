"""How right the memory plan is, and what it says of the released 13-billion model.

`plan.error.*`: planned over measured peak of real steps on the CPU. `plan.13b.*`: device memory
of a step in GiB, from shapes alone, and the budget it has to keep to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.plan_cases import CASES, Case, measured_peak, planned_peak
from trainer.planning.block_costs import trace_step
from trainer.planning.budget import GIB, Budget
from trainer.planning.choosing import make_plan
from trainer.planning.memory_plan import MemoryPlan
from trainer.planning.weight_kinds import weight_kind
from trainer.planning.workload import RELEASED, SampleShape, Workload

Entry = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """A picture or clip, and a machine to train it on."""

    width_px: int
    height_px: int
    frames: int
    device_gib: float
    host_gib: float
    weights: str = "fp8"


CARDS = {
    "960x1712.8gib": Card(960, 1712, 1, 8, 16),
    "768x1024.8gib": Card(768, 1024, 1, 8, 16),
    "1024x1024.8gib": Card(1024, 1024, 1, 8, 16),
    "1024x1024.12gib": Card(1024, 1024, 1, 12, 32),
    "1024x1024.16gib": Card(1024, 1024, 1, 16, 32),
    "1024x1024.24gib": Card(1024, 1024, 1, 24, 64),
    "1024x1024.8gib.gguf_q4": Card(1024, 1024, 1, 8, 16, "gguf_q4"),
    "1024x1024.16gib.bf16": Card(1024, 1024, 1, 16, 32, "bf16"),
    "544x960x33.16gib": Card(544, 960, 33, 16, 32),
    "544x960x33.24gib": Card(544, 960, 33, 24, 64),
}


def main() -> dict[str, Entry]:
    """Measure, plan, and give results in the form of bench/results.json."""
    results = {f"plan.error.{name}": error_entry(case) for name, case in CASES.items()}
    results |= {f"plan.13b.{name}": card_entry(card) for name, card in CARDS.items()}
    return results


def error_entry(case: Case) -> Entry:
    """Planned over measured peak of one small step."""
    planned, measured = planned_peak(case), measured_peak(case)
    setup = {
        "hidden": case.config.hidden_size,
        "double_blocks": case.config.double_blocks,
        "single_blocks": case.config.single_blocks,
        "batch": [
            [s.latent_frames, s.latent_height, s.latent_width, s.text_tokens] for s in case.batch
        ],
        "checkpointed_blocks": len(case.policy.checkpoint_blocks),
        "dtype": str(case.dtype).removeprefix("torch."),
    }
    return {
        "value": round(planned / 1e6, 3),
        "unit": "MB",
        "baseline": {"measured": round(measured / 1e6, 3)},
        "ratio": {"measured": round(planned / measured, 4)},
        "setup": setup,
    }


def card_entry(card: Card) -> Entry:
    """The plan of the released model on one card."""
    plan = plan_of(card)
    traced = trace_step(plan.workload, plan.policy, dense_copies=1)
    return {
        "value": round(plan.peak_bytes / GIB, 3),
        "unit": "GiB",
        "baseline": {"budget": card.device_gib},
        "ratio": {"budget": round(plan.peak_bytes / GIB / card.device_gib, 3)},
        "setup": {
            "weights": card.weights,
            "rank": plan.workload.rank,
            "optimizer": plan.workload.optimizer.name,
            "fits": plan.fits,
            "main_memory_gib": round(plan.host_bytes / GIB, 2),
            "main_memory_budget_gib": card.host_gib,
            "streamed_gib": round(plan.residency.streamed_bytes / GIB, 2),
            "blocks_run_twice": len(plan.policy.checkpoint_blocks),
            "inputs_in_main_memory_gib": round(plan.step.host / GIB, 2),
            "tokens": plan.workload.tokens,
            "tflop": round(plan.flop / 1e12, 1),
            "seconds_worked_out": round(plan.seconds, 2),
            "composed_over_traced": round((plan.step.peak + plan.step.host) / traced, 4),
        },
    }


def plan_of(card: Card) -> MemoryPlan:
    """Batch 1, rank 32, Prodigy: the guide's settings."""
    shape = SampleShape.of_pixels(card.width_px, card.height_px, card.frames)
    budget = Budget.of_card(card.device_gib, card.host_gib)
    return make_plan(Workload.of_sizes(RELEASED, [shape]), weight_kind(card.weights), budget)
