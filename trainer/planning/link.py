"""A step's requests for base weights in order of time, and how long a link keeps it waiting."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.activation_policy import ActivationPolicy
from ..model.streaming.simulation import Transfer, simulate_steady_step
from .residency import Residency
from .weight_kinds import WeightKind
from .workload import Workload

_ATTENTION = ("img_attn.qkv", "linear1")
"""Layers behind which attention follows."""


def step_seconds(
    workload: Workload,
    kind: WeightKind,
    policy: ActivationPolicy,
    residency: Residency,
    speeds: tuple[float, float],
    depth: int,
) -> float:
    """Seconds of a micro-batch that follows an equal one, by the schedule that streams weights.

    Args:
        workload: The step.
        kind: Number format of the base weights.
        policy: Which blocks run twice.
        residency: Which weights are streamed.
        speeds: Operations a second of the device, bytes a second of the link.
        depth: Weights ahead.
    """
    requests = list(StepRequests(workload, kind, residency, speeds[0]).in_order(policy))
    return simulate_steady_step(requests, depth, residency.ring_bytes, speeds[1])


class StepRequests:
    """The requests of one micro-batch for the matrices of the blocks."""

    def __init__(
        self, workload: Workload, kind: WeightKind, residency: Residency, rate: float
    ) -> None:
        """Arguments as for `step_seconds`; `rate` in operations a second."""
        self._workload, self._kind, self._residency, self._rate = workload, kind, residency, rate
        samples, config = workload.batch, workload.config
        self._text = sum(sample.text_tokens for sample in samples)
        self._all = workload.tokens
        pairs = sum(sample.tokens(config) ** 2 for sample in samples)
        # Scores and their use: two products over all pairs of tokens.
        self._attention = 4 * pairs * config.hidden_size

    def in_order(self, policy: ActivationPolicy) -> Iterator[Transfer]:
        """Modulation and block by block forward, then backward with blocks run again."""
        blocks = range(self._workload.config.blocks)
        for index in blocks:
            yield from self._modulation(index)
            yield from self._block(index, 1.0)
        for index in reversed(blocks):
            if index in policy.checkpoint_blocks:
                yield from self._block(index, 1.0)
            # Attention's backward is five products where its forward is two.
            for transfer in reversed(list(self._block(index, 2.5))):
                # Nobody wants the gradient of the first block's input.
                if index or not transfer.name.endswith("_attn.qkv.weight"):
                    yield transfer

    def _modulation(self, index: int) -> Iterator[Transfer]:
        wide = self._workload.config.hidden_size
        if self._is_double(index):
            for stream in ("img", "txt"):
                yield self._request(f"{self._name(index)}.{stream}_mod.lin", (6 * wide, wide), 0)
        else:
            yield self._request(f"{self._name(index)}.modulation.lin", (3 * wide, wide), 0)

    def _block(self, index: int, attention: float) -> Iterator[Transfer]:
        config, name = self._workload.config, self._name(index)
        wide, mlp = config.hidden_size, config.mlp_size
        if self._is_double(index):
            tokens = {"img": self._all - self._text, "txt": self._text}
            for stream, count in tokens.items():
                yield self._request(f"{name}.{stream}_attn.qkv", (3 * wide, wide), count, attention)
            for stream, count in tokens.items():
                yield self._request(f"{name}.{stream}_attn.proj", (wide, wide), count)
                yield self._request(f"{name}.{stream}_mlp.0", (mlp, wide), count)
                yield self._request(f"{name}.{stream}_mlp.2", (wide, mlp), count)
            return
        yield self._request(f"{name}.linear1", (3 * wide + mlp, wide), self._all, attention)
        yield self._request(f"{name}.linear2", (wide, wide + mlp), self._all)

    def _request(
        self, layer: str, shape: tuple[int, int], tokens: int, attention: float = 0.0
    ) -> Transfer:
        name = f"{layer}.weight"
        flop = 2.0 * tokens * shape[0] * shape[1]
        if layer.endswith(_ATTENTION):
            flop += attention * self._attention
        lies_there = name in self._residency.resident
        size = 0 if lies_there else self._kind.bytes_of(shape)
        return Transfer(name, size, flop / self._rate)

    def _is_double(self, index: int) -> bool:
        return index < self._workload.config.double_blocks

    def _name(self, index: int) -> str:
        doubles = self._workload.config.double_blocks
        return f"double_blocks.{index}" if index < doubles else f"single_blocks.{index - doubles}"
