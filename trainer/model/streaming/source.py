"""A weight source around another one that brings the weights to the device ahead of their use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from ...errors import ConfigError
from ..weights import WeightSource
from .copies import PlainCopies
from .cuda import CudaQueue
from .order import LearntOrder
from .schedule import Schedule, ScheduleCounts
from .staged import StagedCopies
from .stored import StoredWeight

_STAGING_BYTES = 64 * 1024**2
EngineFactory = Callable[[torch.device, int], Any]
"""Makes a copy engine for a device and a ring of so many bytes."""


def copy_engine(device: torch.device, ring_bytes: int) -> StagedCopies | PlainCopies:
    """The engine for `device`: a stream beside the computation on CUDA, plain copies elsewhere."""
    if device.type == "cuda":
        return StagedCopies(CudaQueue(device), ring_bytes, _STAGING_BYTES)
    return PlainCopies(device, ring_bytes)


class PrefetchingSource:
    """Lends the weights of another source from a ring on the device, filled ahead of the requests.

    Frozen weights travel to the device only and are never copied back. Memory is fixed: the ring,
    the pinned staging where stored weights are not pinned, vectors (biases, norm scales; about 13
    MB in fp32 for the 13B model), which are kept from the first request on, and the one dense
    weight in use, where it is no view of the ring. What the other source cannot say the place of
    (`StoringSource.stored` gives None) comes from that source itself.

    A matrix is valid until the next request for one, as with any source. Requests may come from
    several threads (forward from the caller's, backward from autograd's) one after the other; two
    steps may not run through one source at the same time.
    """

    def __init__(
        self,
        source: WeightSource,
        device: torch.device,
        ring_bytes: int,
        depth: int,
        engines: EngineFactory = copy_engine,
    ) -> None:
        """Allocate the ring; no weight is copied yet.

        Args:
            source: Whose weights are lent.
            device: Where they are needed. Requests for other devices go to `source`.
            ring_bytes: Device memory for stored weights. Weights that do not fit go to `source`.
            depth: Weights to be ready for beyond the one in use, from 0. As many as fit into the
                ring are copied ahead.
            engines: Makes what does the copies.

        Raises:
            ConfigError: `ring_bytes` or `depth` is negative.
        """
        if ring_bytes < 0 or depth < 0:
            raise ConfigError(
                f"Prefetching got a ring of {ring_bytes} bytes and a depth of {depth}, "
                "but both must be 0 or more."
            )
        self._source = source
        self._stored: Callable[[str], StoredWeight | None] = getattr(source, "stored", _nothing)
        self._device = _with_index(device)
        self._engine = engines(self._device, ring_bytes)
        self._schedule: Schedule[StoredWeight, Any, Any] = Schedule(
            self._engine, self._stored, depth, LearntOrder()
        )
        self._vectors: dict[tuple[str, torch.dtype], Tensor] = {}
        self._lock = threading.RLock()
        self._is_closed = False

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Canonical name -> logical shape, from the other source."""
        return self._source.shapes

    @property
    def ring_bytes(self) -> int:
        """Device memory of the ring, in bytes; 0 when closed."""
        return int(self._engine.ring_bytes)

    @property
    def staging_bytes(self) -> int:
        """Pinned main memory, in bytes; 0 while nothing had to be staged."""
        return int(self._engine.staging_bytes)

    @property
    def kept_bytes(self) -> int:
        """Device memory of the vectors kept, in bytes."""
        return sum(vector.nbytes for vector in self._vectors.values())

    @property
    def counts(self) -> ScheduleCounts:
        """Requests and copies so far."""
        return self._schedule.counts

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        """One parameter in `dtype` on `device`; a matrix is valid until the next request for one.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        with self._lock:
            if self._is_closed or _with_index(device) != self._device:
                return self._source.weight(name, dtype, device)
            if len(self._source.shapes.get(name, ())) == 1:
                return self._vector(name, dtype)
            # A copy or a weight made in inference mode could not take part in training.
            with torch.inference_mode(False), torch.no_grad():
                copy = self._schedule.request(name)
                if copy is not None:
                    dense: Tensor = copy.stored.assemble(copy.views, dtype)
                    return dense
            return self._source.weight(name, dtype, self._device)

    def close(self) -> None:
        """End all copies and free all memory; later requests go to the other source."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._schedule.clear()
            self._engine.close()
            self._vectors.clear()

    def __enter__(self) -> PrefetchingSource:
        """Itself, to be closed at the end of the `with` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it, also after an error."""
        self.close()

    def _vector(self, name: str, dtype: torch.dtype) -> Tensor:
        """Vectors are small and many: copied once, as each would cost a turn on the link."""
        key = (name, dtype)
        if key not in self._vectors:
            with torch.inference_mode(False), torch.no_grad():
                self._vectors[key] = self._source.weight(name, dtype, self._device).clone()
        return self._vectors[key]


def _nothing(name: str) -> None:
    """For a source that cannot say where its weights lie."""
    del name


def _with_index(device: torch.device) -> torch.device:
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device
