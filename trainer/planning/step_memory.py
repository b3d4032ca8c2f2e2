"""The device memory of a whole step, put together from the costs of its blocks."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.activation_policy import ActivationPolicy
from .block_costs import Cost, KindCosts, StepCosts
from .workload import Workload


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Bytes at the fullest moment of a step, without base weights, LoRA, state and inputs."""

    kept: int
    """Stored between forward and backward."""
    gradients: int
    """Of the LoRA, as far as they exist at that moment."""
    work: int
    """Temporary tensors."""
    host: int
    """Block inputs that wait in main memory."""
    flop: int
    """Floating-point operations of one micro-batch, forward and backward."""

    @property
    def peak(self) -> int:
        """All on the device."""
        return self.kept + self.gradients + self.work


def compose_step(workload: Workload, costs: StepCosts, policy: ActivationPolicy) -> StepMemory:
    """Put the memory of a step together.

    Args:
        workload: The step.
        costs: From `measure_costs` with the policy's attention chunks.
        policy: Which blocks are checkpointed, and where their inputs wait.
    """
    return _Composition(workload, costs, policy).result()


class _Composition:
    def __init__(self, workload: Workload, costs: StepCosts, policy: ActivationPolicy) -> None:
        self._workload, self._costs, self._policy = workload, costs, policy
        self._gradients = [count * workload.lora_bytes for count in workload.parameters_by_block()]
        # From the second micro-batch on, the gradients of the first are there all the time.
        self._early = sum(self._gradients) if workload.accumulation > 1 else 0
        self._moments: list[tuple[int, int, int]] = []

    def result(self) -> StepMemory:
        costs, config = self._costs, self._workload.config
        kept, host, flop = costs.head_kept, 0, costs.other_flop
        self._note(0, self._early, costs.head_peak)
        levels = []
        for index in range(config.blocks):
            kind, cost = self._cost(index)
            if index == config.double_blocks:
                kept += costs.joint_kept
            self._note(kept, self._early, cost.forward_extra)
            waits = self._policy.host_inputs and index in self._policy.checkpoint_blocks
            kept += cost.kept - (kind.input_bytes if waits else 0)
            host += kind.input_bytes if waits else 0
            flop += cost.linear_flop + cost.attention_flop
            levels.append(kept)
        # The stream itself is on the device even where the block behind it has stored it away.
        returning = 2 * costs.single.input_bytes if self._policy.host_inputs else 0
        self._note(kept + returning, self._early, costs.final_extra)
        later = 0
        for index in reversed(range(config.blocks)):
            cost = self._cost(index)[1]
            self._note(levels[index] + returning, max(self._early, later), cost.backward_extra)
            later += self._gradients[index]
        kept, gradients, work = max(self._moments, key=sum)
        return StepMemory(kept, gradients, work, host, flop)

    def _note(self, kept: int, gradients: int, work: int) -> None:
        self._moments.append((kept, gradients, work))

    def _cost(self, index: int) -> tuple[KindCosts, Cost]:
        is_double = index < self._workload.config.double_blocks
        kind = self._costs.double if is_double else self._costs.single
        again = index in self._policy.checkpoint_blocks
        return kind, kind.checkpointed if again else kind.whole
