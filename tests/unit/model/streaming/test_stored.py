"""What sources say about how their weights lie in main memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from trainer.errors import ModelMismatchError
from trainer.model.streaming.copies import as_bytes, byte_buffer, place_parts, room_for
from trainer.model.streaming.ring import ALIGNMENT
from trainer.model.streaming.stored import StoredWeight, StoringSource, scaled
from trainer.model.weights import MappingSource, SafetensorsSource

CPU = torch.device("cpu")
DTYPES = [torch.float32, torch.bfloat16, torch.float64]


def through_ring(stored: StoredWeight, dtype: torch.dtype) -> Tensor:
    """Dense weight made of copies of the parts that lie in the middle of a buffer."""
    ring = byte_buffer(ALIGNMENT + room_for(stored), CPU)
    views = place_parts(stored, ring, ALIGNMENT)
    for part, view in zip(stored.parts, views, strict=True):
        assert view.shape == part.shape
        assert view.data_ptr() % ALIGNMENT == ring.data_ptr() % ALIGNMENT
        as_bytes(view).copy_(as_bytes(part))
    before = ring.clone()
    dense = stored.assemble(views, dtype)
    assert torch.equal(ring, before)
    return dense


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kept", [*DTYPES, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_mapping_source_lends_and_stores_the_same(kept: torch.dtype, dtype: torch.dtype) -> None:
    source = MappingSource({"a.weight": torch.randn(5, 3).to(kept)})
    assert isinstance(source, StoringSource)
    stored = source.stored("a.weight")
    assert stored is not None
    assert stored.nbytes == 15 * kept.itemsize
    assert torch.equal(through_ring(stored, dtype), source.weight("a.weight", dtype, CPU))


def test_mapping_source_does_not_store_what_cannot_be_copied_as_bytes() -> None:
    source = MappingSource({"turned.weight": torch.randn(3, 5).t(), "x.weight": torch.ones(2, 2)})
    assert source.stored("turned.weight") is None
    elsewhere = MappingSource({"x.weight": torch.ones(2, 2, device="meta")})
    assert elsewhere.stored("x.weight") is None
    with pytest.raises(ModelMismatchError, match=r"no weight 'y\.weight'"):
        source.stored("y.weight")


@pytest.mark.parametrize("dtype", DTYPES)
def test_safetensors_source_lends_and_stores_the_same(tmp_path: Path, dtype: torch.dtype) -> None:
    path = tmp_path / "model.safetensors"
    eight_bits = torch.randn(4, 6).to(torch.float8_e4m3fn)
    save_file(
        {
            "scaled.weight": eight_bits,
            "scaled.scale_weight": torch.tensor(0.3),
            "plain.weight": eight_bits.clone(),
            "half.weight": torch.randn(4, 6).to(torch.bfloat16),
            "half.bias": torch.randn(4),
        },
        path,
    )
    source = SafetensorsSource(path)
    assert isinstance(source, StoringSource)
    sizes = {"scaled.weight": 28, "plain.weight": 24, "half.weight": 48, "half.bias": 16}
    assert sizes.keys() == source.shapes.keys()
    for name, size in sizes.items():
        stored = source.stored(name)
        assert stored.nbytes == size
        assert torch.equal(through_ring(stored, dtype), source.weight(name, dtype, CPU))
    with pytest.raises(ModelMismatchError, match=r"no weight 'y\.weight'.*model\.safetensors"):
        source.stored("y.weight")


def test_scaling_leaves_numbers_of_the_wanted_dtype_alone() -> None:
    numbers, scale = torch.tensor([[2.0, 3.0]]), torch.tensor(0.5)
    assert torch.equal(scaled((numbers, scale), torch.float32), torch.tensor([[1.0, 1.5]]))
    assert torch.equal(numbers, torch.tensor([[2.0, 3.0]]))
    half = scaled((numbers, scale), torch.bfloat16)
    assert half.dtype == torch.bfloat16
    assert torch.equal(half, torch.tensor([[1.0, 1.5]], dtype=torch.bfloat16))


def test_packed_parts_of_any_dtype_travel_as_bytes() -> None:
    packed = torch.arange(12, dtype=torch.uint8).view(3, 4)
    scales = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float16)
    zero = torch.tensor(3, dtype=torch.int8)

    def unpack(parts: tuple[Tensor, ...], dtype: torch.dtype) -> Tensor:
        low, high = parts[0] & 15, parts[0] >> 4
        both = torch.stack((low, high), dim=-1).flatten(1).to(dtype)
        return (both - parts[2].to(dtype)) * parts[1].to(dtype)[:, None]

    stored = StoredWeight((packed, scales, zero), unpack)
    assert stored.nbytes == 12 + 6 + 1
    assert room_for(stored) == 3 * ALIGNMENT
    expected = [[(value % 16 - 3) for value in row] for row in packed.tolist()]
    dense = through_ring(stored, torch.float32)
    assert dense.shape == (3, 8)
    assert torch.equal(dense[:, ::2], torch.tensor(expected) * scales.float()[:, None])
