"""What one training step keeps between forward and backward, and what it computes again."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigError


@dataclass(frozen=True, slots=True)
class ActivationPolicy:
    """Choices that change memory and time of a step, never its result.

    Blocks are numbered double blocks first, then single blocks.
    """

    checkpoint_blocks: frozenset[int] = frozenset()
    """Blocks that keep only their input and run once more in backward."""
    host_inputs: bool = False
    """Whether the inputs of those blocks wait in main memory instead of on the device."""
    attention_chunks: int = 1
    """Groups of attention heads that are worked on one after the other, from 1 to the heads."""
    compiled: bool = False
    """Whether element-wise work runs through torch.compile."""

    @classmethod
    def checkpoint_all(cls, blocks: int, *, host_inputs: bool = False) -> ActivationPolicy:
        """Every one of `blocks` blocks checkpointed."""
        return cls(frozenset(range(blocks)), host_inputs)

    def check(self, blocks: int, heads: int) -> None:
        """Refuse what a model of so many blocks and heads cannot do.

        Raises:
            ConfigError: A block number or the number of chunks is out of range.
        """
        wrong = sorted(index for index in self.checkpoint_blocks if not 0 <= index < blocks)
        if wrong:
            raise ConfigError(
                f"checkpoint_blocks names blocks {wrong}, but this model has {blocks} blocks. "
                f"Use numbers from 0 to {blocks - 1}."
            )
        if not 1 <= self.attention_chunks <= heads:
            raise ConfigError(
                f"attention_chunks is {self.attention_chunks}, but this model has {heads} "
                f"attention heads. Use a number from 1 to {heads}."
            )
