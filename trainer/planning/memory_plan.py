"""The plan of a run: what a step takes, how it will be run, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.activation_policy import ActivationPolicy
from .budget import GIB, Budget
from .residency import Residency
from .step_memory import StepMemory
from .workload import Workload


@dataclass(frozen=True, slots=True)
class Parts:
    """Device memory at a step's fullest moment, by purpose, in bytes."""

    weights: int
    """Base weights that stay."""
    staging: int
    """Buffers through which streamed weights come."""
    lora: int
    gradients: int
    optimizer: int
    kept: int
    """Stored between forward and backward."""
    work: int
    """Temporary tensors of one block, dense copies of a weight, and the inputs."""
    reserve: int
    """For the driver, the libraries and the allocator's rounding."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(size for _, size in self.named())

    def named(self) -> list[tuple[str, int]]:
        """Each part with its name for people."""
        return [
            ("base weights that stay", self.weights),
            ("staging of streamed weights", self.staging),
            ("LoRA", self.lora),
            ("its gradients", self.gradients),
            ("optimizer", self.optimizer),
            ("kept for the backward pass", self.kept),
            ("work of one block", self.work),
            ("driver and allocator", self.reserve),
        ]


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How a run will be done in a given memory, from shapes alone."""

    workload: Workload
    budget: Budget
    policy: ActivationPolicy
    residency: Residency
    prefetch_depth: int
    """Weights to be ready for beyond the one in use; 0 where none is streamed."""
    step: StepMemory
    parts: Parts
    host_bytes: int
    """Main memory: weights that are streamed, block inputs, staging and the process."""
    seconds: float
    """Of one optimizer step, from the budget's speeds: a rough figure."""
    fits: bool
    remarks: tuple[str, ...] = ()
    """What would not fit and why, or what to change."""

    @property
    def peak_bytes(self) -> int:
        """Device memory at the fullest moment."""
        return self.parts.total

    @property
    def room_bytes(self) -> int:
        """Device memory to be left free of base weights, beside what the budget reserves."""
        return self.parts.total - self.parts.weights - self.budget.reserve_bytes

    @property
    def known_seconds(self) -> float:
        """Of one optimizer step; 0 on a CPU, whose speed the budget does not tell."""
        return self.seconds if self.budget.can_stream else 0.0

    @property
    def flop(self) -> int:
        """Floating-point operations of one optimizer step."""
        return self.step.flop * self.workload.accumulation

    def readable(self, size: float) -> str:
        """Bytes in the unit that suits the whole plan: GiB, or MiB below one GiB."""
        if self.peak_bytes < GIB:
            return f"{size / 2**20:.1f} MiB"
        return f"{size / GIB:.2f} GiB"

    def lines(self) -> list[str]:
        """The plan in sentences, most important first."""
        return [
            *self._verdict(),
            *self._memory_table(),
            *self.choice_words(),
            *self.remarks,
            *self._work_words(),
        ]

    def choice_words(self) -> list[str]:
        """What was chosen: which weights are streamed, which blocks run twice."""
        return [*self._weights_words(), *self._block_words()]

    def _verdict(self) -> list[str]:
        batch = ", ".join(dict.fromkeys(sample.words for sample in self.workload.batch))
        limit, peak = self.budget.device_bytes, self.readable(self.peak_bytes)
        if limit is None:
            return [f"One step on {batch} takes {peak} at its fullest moment."]
        word = "fits" if self.fits else "DOES NOT FIT"
        host = self.readable(self.host_bytes)
        if self.budget.host_bytes is not None:
            host += f" of {self.readable(self.budget.host_bytes)}"
        return [
            f"{batch}: {word}. Device memory {peak} of {self.readable(limit)}, main memory {host}."
        ]

    def _memory_table(self) -> list[str]:
        return [f"{self.readable(size):>10}  {name}" for name, size in self.parts.named() if size]

    def _weights_words(self) -> list[str]:
        if not self.residency.streamed_bytes:
            return ["All base weights stay on the device."]
        streamed = self.readable(self.residency.streamed_bytes)
        traffic = self.readable(self.residency.traffic_bytes * self.workload.accumulation)
        return [
            f"{streamed} of base weights stay in main memory and are brought each time they are "
            f"needed, ahead of their use: {traffic} a step."
        ]

    def _block_words(self) -> list[str]:
        blocks, again = self.workload.config.blocks, len(self.policy.checkpoint_blocks)
        words = []
        if not again:
            words.append(f"All {blocks} blocks are kept whole: nothing is computed twice.")
        else:
            whole = f", the last {blocks - again} are kept whole" if again < blocks else ""
            words.append(f"{again} of {blocks} blocks run once more in the backward pass{whole}.")
        if self.policy.host_inputs:
            words.append(
                f"The inputs of those wait in main memory ({self.readable(self.step.host)})."
            )
        if self.policy.attention_chunks > 1:
            words.append(
                f"Attention works on its heads in {self.policy.attention_chunks} groups, one after "
                "the other."
            )
        return words

    def _work_words(self) -> list[str]:
        words = [
            f"{self.workload.tokens} tokens a batch, {self.flop / 1e12:.4g} TFLOP a step, "
            f"{self.workload.parameters / 1e6:.4g} million LoRA parameters."
        ]
        if self.budget.can_stream:
            budget = self.budget
            waiting = 1 - self.flop / budget.flop_per_second / self.seconds
            words.append(
                f"About {self.seconds:.3g} s a step on a card of "
                f"{budget.flop_per_second / 1e12:g} TFLOP/s over a link of "
                f"{budget.link_bytes_per_second / 1e9:g} GB/s, {max(0.0, waiting):.0%} of it "
                "waiting for weights (worked out, not measured)."
            )
        return words
