"""What there is to spend: memory of the device, main memory, and how fast the machine is."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one machine; the speeds only decide between choices that all fit."""

    device_bytes: int | None = None
    """Memory of the device for all that training takes; None: no limit."""
    host_bytes: int | None = None
    """Main memory, for weights that are streamed from it; None: no limit."""
    can_stream: bool = False
    """Whether base weights and block inputs may wait in another memory than the device's."""
    reserve_bytes: int = 0
    """Part of the device's memory that the driver and torch take for themselves."""
    host_process_bytes: int = 2 * GIB
    """Main memory of the process itself: Python, torch and ComfyUI."""
    link_bytes_per_second: float = 12e9
    """From main memory to the device. 12 GB/s is PCIe 4 with 8 lanes, half of it with 4."""
    flop_per_second: float = 40e12
    """What the device sustains in bf16 matrix products."""

    @classmethod
    def of_card(cls, device_gib: float, host_gib: float | None = None) -> Budget:
        """A whole graphics card of this size, whose driver and libraries take 0.6 GiB."""
        return cls(
            int(device_gib * GIB),
            None if host_gib is None else int(host_gib * GIB),
            can_stream=True,
            reserve_bytes=int(0.6 * GIB),
        )
