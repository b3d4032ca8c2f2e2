"""Chooses how a step is run: the quickest way that fits, and the leanest where none does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..model.activation_policy import ActivationPolicy
from ..model.architecture import HunyuanVideoConfig
from ..optimizer_memory import lora_matrices, optimizer_memory
from .block_costs import StepCosts, measure_costs
from .budget import GIB, Budget
from .link import step_seconds
from .memory_plan import MemoryPlan, Parts
from .residency import Residency, least_room, place_weights, weight_items
from .step_memory import StepMemory, compose_step
from .weight_kinds import WeightKind
from .workload import SampleShape, Workload

PREFETCH_DEPTH = 16
"""Weights to be ready for beyond the one in use; as many as the ring holds are brought ahead."""
RING_WEIGHTS = 5
"""Size of the ring in largest weights. A checkpointed block's weights then keep their place from
its second forward pass to its backward pass, and cross the link twice a step instead of thrice."""
ALLOCATOR_SHARE = 0.05
"""Part of the temporary memory that goes to the allocator's rounding and gaps."""
_OPTIMIZER_TEMPORARIES = 4
_CHUNK_PENALTY = 0.01
"""Share of a step's time that attention in groups of heads is taken to cost."""


def make_plan(workload: Workload, kind: WeightKind, budget: Budget | None = None) -> MemoryPlan:
    """Plan a step from shapes alone: no weight is read and no device is touched.

    Blocks are checkpointed from the first on, because the last ones are needed first in backward
    and hold their memory for the shortest time.

    Args:
        workload: The step; its batch should be the largest one of the run.
        kind: Number format of the base weights.
        budget: What there is to spend; None plans without limits.

    Returns:
        The quickest plan that fits, by the budget's speeds; where none fits, the one that takes
        the least, with `fits` False.
    """
    planner = _Planner(workload, kind, budget or Budget())
    best: _Candidate | None = None
    for chunks in _chunk_choices(workload):
        for candidate in planner.candidates(chunks):
            if best is None or candidate.rank < best.rank:
                best = candidate
        if best is not None and not best.overrun:
            break
    assert best is not None  # there is at least one choice of chunks
    return planner.plan(best)


def largest_batch(
    config: HunyuanVideoConfig, shapes: Sequence[SampleShape], size: int
) -> tuple[SampleShape, ...]:
    """A batch of `size` samples of the shape among `shapes` that has the most tokens."""
    return (max(shapes, key=lambda shape: shape.tokens(config)),) * size


@dataclass(frozen=True, slots=True)
class _Candidate:
    policy: ActivationPolicy
    costs: StepCosts
    step: StepMemory
    residency: Residency
    parts: Parts
    host_bytes: int
    seconds: float
    overrun: int
    """Bytes that are missing, on the device and in main memory."""

    @property
    def rank(self) -> tuple[float, ...]:
        return (self.overrun, round(self.seconds, 9), self.parts.total)


class _Planner:
    def __init__(self, workload: Workload, kind: WeightKind, budget: Budget) -> None:
        self._workload, self._kind, self._budget = workload, kind, budget
        self._fixed = optimizer_parts(workload)
        self._items = weight_items(workload, kind)

    def candidates(self, chunks: int) -> Iterator[_Candidate]:
        costs = measure_costs(
            self._workload, dense_copies=self._dense_copies(), attention_chunks=chunks
        )
        blocks = self._workload.config.blocks
        for count in range(blocks + 1):
            for on_host in (False, True) if count else (False,):
                policy = ActivationPolicy(frozenset(range(count)), on_host, chunks)
                if on_host and not self._budget.can_stream:
                    continue  # there is no other memory
                yield self._candidate(policy, costs)

    def plan(self, best: _Candidate) -> MemoryPlan:
        return MemoryPlan(
            workload=self._workload,
            budget=self._budget,
            policy=best.policy,
            residency=best.residency,
            prefetch_depth=PREFETCH_DEPTH if best.residency.streamed_bytes else 0,
            step=best.step,
            parts=best.parts,
            host_bytes=best.host_bytes,
            seconds=self._scheduled_seconds(best) * self._workload.accumulation,
            fits=not best.overrun,
            remarks=tuple(self._remarks(best)),
        )

    def _dense_copies(self) -> int:
        """Of a weight that is asked for; a format as wide as the computation needs none."""
        if self._kind.is_packed:
            return 2
        is_same = self._kind.bytes_each == self._workload.compute_dtype.itemsize
        return 0 if is_same and not self._budget.can_stream else 1

    def _candidate(self, policy: ActivationPolicy, costs: StepCosts) -> _Candidate:
        step = compose_step(self._workload, costs, policy)
        parts = self._parts_without_weights(step)
        limit = self._budget.device_bytes
        items = self._items
        total = sum(size for _, size, _ in items)
        is_free = limit is None or not self._budget.can_stream
        room = total if is_free or limit is None else limit - parts.total
        residency = place_weights(items, room, RING_WEIGHTS)
        if residency is None:  # nothing fits: say what the least would be
            residency = place_weights(items, least_room(items, RING_WEIGHTS), RING_WEIGHTS)
            assert residency is not None  # just that much room was given
        parts = replace(parts, weights=residency.resident_bytes, staging=residency.ring_bytes)
        # Streamed weights pass through pinned staging as large as the ring on the device.
        host = self._budget.host_process_bytes + step.host
        host += residency.streamed_bytes + residency.ring_bytes
        overrun = max(0, parts.total - limit) if limit is not None else 0
        if self._budget.host_bytes is not None:
            overrun += max(0, host - self._budget.host_bytes)
        seconds = self._seconds(step, residency, policy)
        return _Candidate(policy, costs, step, residency, parts, host, seconds, overrun)

    def _parts_without_weights(self, step: StepMemory) -> Parts:
        fixed = self._fixed
        work = step.work + self._workload.input_bytes
        # While the optimizer works nothing else is alive, but all gradients are.
        missing = fixed.gradients + fixed.work - step.peak
        work += max(0, missing)
        slack = int(ALLOCATOR_SHARE * (step.kept + work)) if self._budget.device_bytes else 0
        return replace(
            fixed,
            gradients=step.gradients,
            kept=step.kept,
            work=work,
            reserve=self._budget.reserve_bytes + slack,
        )

    def _seconds(self, step: StepMemory, residency: Residency, policy: ActivationPolicy) -> float:
        """At least, of one micro-batch: what takes longer, computing or bringing."""
        budget = self._budget
        computing = step.flop / budget.flop_per_second
        if policy.attention_chunks > 1:
            computing *= 1 + _CHUNK_PENALTY
        bringing = (residency.traffic_bytes + 2 * step.host) / budget.link_bytes_per_second
        return max(computing, bringing)

    def _scheduled_seconds(self, best: _Candidate) -> float:
        """The same with every wait for a weight, by the schedule that streams them."""
        if not best.residency.streamed_bytes:
            return best.seconds
        budget = self._budget
        speeds = budget.flop_per_second, budget.link_bytes_per_second
        found = step_seconds(
            self._workload, self._kind, best.policy, best.residency, speeds, PREFETCH_DEPTH
        )
        return max(found, best.seconds)

    def _remarks(self, best: _Candidate) -> Iterator[str]:
        limit = self._budget.device_bytes
        if limit is None:
            return
        if best.overrun:
            yield self._shortage(best, limit)
        blocks = self._workload.config.blocks
        if best.policy.checkpoint_blocks:
            costs = best.costs
            whole = compose_step(self._workload, costs, ActivationPolicy())
            parts = self._parts_without_weights(whole)
            yield (
                f"Keeping all {blocks} blocks whole would take {parts.total / GIB:.2f} GiB "
                "without any base weight."
            )
        if best.residency.streamed_bytes:
            items = self._items
            total = sum(size for _, size, _ in items)
            whole_room = best.parts.total - best.parts.weights - best.parts.staging + total
            yield (
                f"Keeping all base weights ({total / GIB:.2f} GiB) on the device would take "
                f"{whole_room / GIB:.2f} GiB with this choice."
            )

    def _shortage(self, best: _Candidate, limit: int) -> str:
        named = {
            "the work of one block": best.parts.work,
            "what is kept for the backward pass": best.parts.kept,
            "LoRA, gradients and optimizer": best.parts.lora
            + best.parts.gradients
            + best.parts.optimizer,
        }
        over = best.parts.total - limit
        if over <= 0:
            return (
                "Main memory is too small: the base weights that do not fit on the device take "
                f"{best.residency.streamed_bytes / GIB:.2f} GiB there. Load a smaller file "
                "(fp8 or GGUF), or close other programs."
            )
        largest = max(named, key=lambda name: named[name])
        advice = {
            "the work of one block": "Use smaller buckets, fewer frames or batch_size 1",
            "what is kept for the backward pass": "Use smaller buckets or fewer frames",
            "LoRA, gradients and optimizer": "Lower the rank, or take bf16 for the LoRA",
        }
        return (
            f"{over / GIB:.2f} GiB are missing with every saving switched on; the largest part is "
            f"{largest}. {advice[largest]}."
        )


def optimizer_parts(workload: Workload) -> Parts:
    """What the LoRA and its optimizer take; `work` is what the optimizer's step adds meanwhile."""
    widths = [(target.in_features, target.out_features) for target in workload.targets]
    matrices = lora_matrices(widths, workload.rank)
    found = optimizer_memory(workload.lora, workload.optimizer, matrices)
    largest = max((matrix.elements for matrix in matrices), default=0)
    return Parts(
        weights=0,
        staging=0,
        lora=found.parameters,
        gradients=found.gradients,
        optimizer=found.state,
        kept=0,
        # Beside what is widened, a few temporary tensors as large as one parameter, in float32.
        work=found.widened + _OPTIMIZER_TEMPORARIES * 4 * largest,
        reserve=0,
    )


def _chunk_choices(workload: Workload) -> list[int]:
    heads = workload.config.heads
    return sorted({1, min(4, heads), heads})
