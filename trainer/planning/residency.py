"""Which base weights stay on the device, and which are brought again each time they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.architecture import expected_shapes
from .weight_kinds import WeightKind
from .workload import Workload

_SMALL = 100
"""What is so many times smaller than the largest weight is not worth streaming: vectors mostly."""
Item = tuple[str, int, int]
"""Name of a weight, its stored bytes, and how often a micro-batch has to bring it."""


@dataclass(frozen=True, slots=True)
class Residency:
    """Where the base weights are during training; bytes as stored."""

    resident: frozenset[str]
    """Names that stay on the device."""
    resident_bytes: int
    streamed_bytes: int
    """What stays in main memory."""
    traffic_bytes: int
    """What one micro-batch brings to the device."""
    ring_bytes: int
    """Staging buffers on the device."""


def weight_items(workload: Workload, kind: WeightKind) -> list[Item]:
    """Every weight with its bytes and requests, in the order in which a step first asks for them.

    A block's matrices are brought in forward and in backward; what a checkpointed block asks for
    when it runs again is still in the ring in its backward. Modulation, embedders and the refiner
    are asked for once.
    """
    adapted = {f"{target.name}.weight" for target in workload.targets}
    items = []
    for name, shape in expected_shapes(workload.config).items():
        requests = 1
        if name.startswith(("double_blocks.", "single_blocks.")) and len(shape) > 1:
            is_modulation = name.endswith(".lin.weight")
            requests = 1 if is_modulation and name not in adapted else 2
        elif name == "final_layer.linear.weight":
            requests = 2
        items.append((name, kind.bytes_of(shape), requests))
    return items


def place_weights(items: list[Item], room_bytes: int, slots: int) -> Residency | None:
    """Keep on the device what is asked for most often; None where not even the staging fits.

    Args:
        items: From `weight_items`.
        room_bytes: Device memory for base weights, stored and in transit.
        slots: Size of the staging ring, in largest weights.
    """
    total = sum(size for _, size, _ in items)
    if total <= room_bytes:
        return Residency(frozenset(name for name, _, _ in items), total, 0, 0, 0)
    largest = max(size for _, size, _ in items)
    ring = slots * largest
    left = room_bytes - ring
    small = {name for name, size, _ in items if size * _SMALL <= largest}
    order = sorted(items, key=lambda item: (item[0] not in small, -item[2]))
    resident = set(_fill(order, left))
    if not small <= resident:
        return None
    kept = sum(size for name, size, _ in items if name in resident)
    traffic = sum(size * count for name, size, count in items if name not in resident)
    return Residency(frozenset(resident), kept, total - kept, traffic, ring)


def least_room(items: list[Item], slots: int) -> int:
    """The smallest room in which `place_weights` finds a place for everything."""
    largest = max(size for _, size, _ in items)
    return slots * largest + sum(size for _, size, _ in items if size * _SMALL <= largest)


def _fill(order: list[Item], room_bytes: int) -> Iterator[str]:
    for name, size, _ in order:
        if size <= room_bytes:
            room_bytes -= size
            yield name
