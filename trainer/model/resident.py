"""Base weights that stay on the device in the form in which they are stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from .streaming.stored import StoredWeight, StoringSource
from .weights import WeightSource


class ResidentSource:
    """Lends another source's weights and keeps some of them on the device, from first use on.

    Nothing is dequantized ahead: a weight of 8 bits takes 8 bits there too.
    """

    def __init__(
        self, source: WeightSource, resident: Collection[str], device: torch.device
    ) -> None:
        """Nothing is copied yet.

        Args:
            source: Whose weights are lent; what it cannot say the place of is not kept.
            resident: Names of the weights to keep.
            device: Where they are kept.
        """
        self._source, self._names, self._device = source, frozenset(resident), device
        self._kept: dict[str, tuple[StoredWeight, tuple[Tensor, ...]]] = {}

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Canonical name -> logical shape."""
        return self._source.shapes

    @property
    def kept_bytes(self) -> int:
        """Device memory of what is kept, in bytes."""
        return sum(part.nbytes for _, parts in self._kept.values() for part in parts)

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        """One parameter, dense, in `dtype` on `device`.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        if name in self._names and device == self._device:
            kept = self._keep(name)
            if kept is not None:
                stored, parts = kept
                with torch.no_grad():
                    return stored.assemble(parts, dtype)
        return self._source.weight(name, dtype, device)

    def stored(self, name: str) -> StoredWeight | None:
        """Where a weight that is not kept lies in main memory; None for those that are."""
        if name in self._names or not isinstance(self._source, StoringSource):
            return None
        return self._source.stored(name)

    def _keep(self, name: str) -> tuple[StoredWeight, tuple[Tensor, ...]] | None:
        if name not in self._kept:
            source = self._source
            stored = source.stored(name) if isinstance(source, StoringSource) else None
            if stored is None:
                return None
            # A copy made in inference mode could not take part in training.
            with torch.inference_mode(False), torch.no_grad():
                parts = tuple(part.to(self._device, copy=True) for part in stored.parts)
            self._kept[name] = (stored, parts)
        return self._kept[name]
