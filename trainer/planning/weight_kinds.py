"""How large the base weights are in the number formats that ComfyUI loads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ConfigError


@dataclass(frozen=True, slots=True)
class WeightKind:
    """One number format of the base weights."""

    name: str
    bytes_each: float
    """Bytes of one number of a matrix, block scales included."""
    is_packed: bool
    """Whether a second dense copy exists for a moment while a weight is unpacked."""

    def bytes_of(self, shape: tuple[int, ...]) -> int:
        """Bytes of one weight as it is stored; vectors stay in 16 bits in packed files."""
        count = math.prod(shape)
        if len(shape) < 2:
            return count * (4 if self.bytes_each == 4 else 2)
        return math.ceil(count * self.bytes_each)


KINDS: Mapping[str, WeightKind] = {
    kind.name: kind
    for kind in (
        WeightKind("fp32", 4, is_packed=False),
        WeightKind("bf16", 2, is_packed=False),
        WeightKind("fp16", 2, is_packed=False),
        WeightKind("fp8", 1, is_packed=False),
        WeightKind("fp8_scaled", 1, is_packed=True),
        WeightKind("int8", 1, is_packed=True),
        # 32 numbers of 8 bits and a scale of 8 bits. Source: OCP Microscaling Formats, MXFP8.
        WeightKind("mxfp8", 33 / 32, is_packed=True),
        # 16 numbers of 4 bits and a scale of 8 bits. Source: NVIDIA's NVFP4 format.
        WeightKind("nvfp4", 9 / 16, is_packed=True),
        # 32 numbers and a scale of 16 bits. Source: the GGML block formats Q8_0 and Q4_0.
        WeightKind("gguf_q8", 34 / 32, is_packed=True),
        WeightKind("gguf_q4", 18 / 32, is_packed=True),
    )
}


def weight_kind(name: str) -> WeightKind:
    """The number format of this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in KINDS:
        raise ConfigError(
            f"The weight format '{name}' is not known. Use one of {', '.join(KINDS)}."
        )
    return KINDS[name]
