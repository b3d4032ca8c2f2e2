"""Caches: what is encoded again and what is not, stopping, damage and bad encoders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from trainer.data.cache.caching import (
    Conditioning,
    cache_latents,
    cache_text,
    latent_key,
    read_conditioning,
    read_latents,
    text_key,
    verify_cache,
)
from trainer.data.dataset.reading import Dataset, load_dataset
from trainer.errors import CacheError


class MeanEncoder:
    """Latents that follow from the pixels: each channel is the mean grey of its 8x8 block."""

    def __init__(self, identity: str = "vae-1") -> None:
        self.identity = identity
        self.calls = 0

    def encode(self, pixels: np.ndarray) -> torch.Tensor:
        self.calls += 1
        grey = torch.from_numpy(pixels).float().mean(-1)
        blocks = torch.nn.functional.avg_pool2d(grey[None], 8)
        return blocks.expand(16, 1, -1, -1).reshape(16, 1, *blocks.shape[-2:])


class LengthEncoder:
    """One text token for each letter, and one for the end."""

    def __init__(self, identity: str = "clip-1") -> None:
        self.identity = identity
        self.captions: list[str] = []

    def encode(self, caption: str) -> Conditioning:
        self.captions.append(caption)
        codes = [float(ord(letter)) for letter in caption] + [0.0]
        text = torch.tensor(codes)[:, None].expand(-1, 4)
        return Conditioning(text, torch.full((768,), float(len(caption))))


class FixedEncoder(MeanEncoder):
    """Gives the same tensor for everything."""

    def __init__(self, latents: torch.Tensor) -> None:
        super().__init__()
        self.latents = latents

    def encode(self, pixels: np.ndarray) -> torch.Tensor:
        return self.latents


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folder = tmp_path / "set"
    folder.mkdir()
    for number, name in enumerate(("a", "b", "c")):
        Image.new("RGB", (128, 64), (number * 10, 0, 0)).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(f"caption {name}", encoding="utf-8")
    return load_dataset(folder, resolution=(96, 96))


def test_latents_second_run_encodes_nothing(tmp_path: Path, dataset: Dataset) -> None:
    first = cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    assert (first.encoded, first.reused, first.is_complete) == (3, 0, True)
    again = MeanEncoder()
    second = cache_latents(dataset, again, tmp_path / "cache")
    assert (second.encoded, second.reused, again.calls) == (0, 3, 0)
    assert second.entries == first.entries
    key = latent_key(dataset.items[0], "vae-1")
    assert first.entries[key] == tmp_path / "cache" / "latents" / f"{key}.safetensors"


def test_latents_read_back_are_what_was_encoded(tmp_path: Path, dataset: Dataset) -> None:
    cache = cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    for number, item in enumerate(dataset.items):
        latents = read_latents(cache.entries[latent_key(item, "vae-1")])
        size = (item.bucket.height_px // 8, item.bucket.width_px // 8)
        assert torch.allclose(latents, torch.full((16, 1, *size), number * 10 / 3))
        assert latents.dtype == torch.float32


def test_latents_only_changed_pictures_are_encoded(tmp_path: Path, dataset: Dataset) -> None:
    cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    Image.new("RGB", (128, 64), "blue").save(dataset.items[1].image_path)
    changed = load_dataset(dataset.folder, resolution=(96, 96))
    cache = cache_latents(changed, MeanEncoder(), tmp_path / "cache")
    assert (cache.encoded, cache.reused) == (1, 2)


def test_latents_other_size_or_encoder_is_another_file(tmp_path: Path, dataset: Dataset) -> None:
    cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    larger = load_dataset(dataset.folder, resolution=(128, 128))
    assert cache_latents(larger, MeanEncoder(), tmp_path / "cache").encoded == 3
    assert cache_latents(dataset, MeanEncoder("vae-2"), tmp_path / "cache").encoded == 3
    assert cache_latents(dataset, MeanEncoder(), tmp_path / "cache").reused == 3


def test_latents_same_picture_twice_is_encoded_once(tmp_path: Path, dataset: Dataset) -> None:
    double = replace(dataset, items=dataset.items + dataset.items[:1])
    cache = cache_latents(double, MeanEncoder(), tmp_path / "cache")
    assert (cache.encoded, len(cache.entries)) == (3, 3)


def test_latents_stop_keeps_what_is_done_and_goes_on(tmp_path: Path, dataset: Dataset) -> None:
    encoder = MeanEncoder()
    stopped = cache_latents(
        dataset, encoder, tmp_path / "cache", should_stop=lambda: encoder.calls >= 2
    )
    assert (stopped.encoded, stopped.is_complete, len(stopped.entries)) == (2, False, 2)
    rest = cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    assert (rest.encoded, rest.reused, rest.is_complete) == (1, 2, True)


def test_latents_progress_names_each_picture(tmp_path: Path, dataset: Dataset) -> None:
    seen: list[tuple[int, int, str]] = []
    cache_latents(
        dataset,
        MeanEncoder(),
        tmp_path / "cache",
        on_progress=lambda *report: seen.append(report),
    )
    assert seen == [(1, 3, "a.png"), (2, 3, "b.png"), (3, 3, "c.png")]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_latents_not_finite_names_the_picture_and_keeps_the_others(
    tmp_path: Path, dataset: Dataset, value: float
) -> None:
    bucket = dataset.items[0].bucket
    latents = torch.zeros(16, 1, bucket.height_px // 8, bucket.width_px // 8)
    cache_latents(replace(dataset, items=dataset.items[1:]), MeanEncoder(), tmp_path / "cache")
    latents[3, 0, 2, 2] = value
    with pytest.raises(CacheError, match=r"NaN or infinite latents for 'a\.png'"):
        cache_latents(dataset, FixedEncoder(latents), tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "latents").iterdir())) == 2


@pytest.mark.parametrize("shape", [(16, 1, 4, 4), (16, 2, 8, 16), (16, 8, 16)])
def test_latents_wrong_shape_names_the_picture(
    tmp_path: Path, dataset: Dataset, shape: tuple[int, ...]
) -> None:
    with pytest.raises(CacheError, match=r"for 'a\.png' .* was expected"):
        cache_latents(dataset, FixedEncoder(torch.zeros(shape)), tmp_path / "cache")


def test_text_each_caption_once_and_the_empty_one(tmp_path: Path, dataset: Dataset) -> None:
    items = (*dataset.items, replace(dataset.items[0], repeats=2))
    encoder = LengthEncoder()
    cache = cache_text(replace(dataset, items=items), encoder, tmp_path / "cache")
    assert encoder.captions == ["", "caption a", "caption b", "caption c"]
    assert set(cache.entries) == set(encoder.captions)
    assert cache_text(dataset, LengthEncoder(), tmp_path / "cache").reused == 4
    assert cache_text(dataset, LengthEncoder("clip-2"), tmp_path / "cache").encoded == 4


def test_text_read_back_is_what_was_encoded(tmp_path: Path, dataset: Dataset) -> None:
    cache = cache_text(dataset, LengthEncoder(), tmp_path / "cache")
    found = read_conditioning(cache.entries["caption b"])
    expected = LengthEncoder().encode("caption b")
    assert torch.equal(found.text, expected.text)
    assert found.pooled is not None
    assert torch.equal(found.pooled, torch.full((768,), 9.0))


def test_text_without_pooled_vector_is_fine(tmp_path: Path, dataset: Dataset) -> None:
    class NoPooled(LengthEncoder):
        def encode(self, caption: str) -> Conditioning:
            return Conditioning(super().encode(caption).text, None)

    cache = cache_text(dataset, NoPooled(), tmp_path / "cache")
    assert read_conditioning(cache.entries[""]).pooled is None


@pytest.mark.parametrize(
    ("made", "match"),
    [
        (Conditioning(torch.full((2, 4), float("nan")), None), "NaN or infinite 'text'"),
        (Conditioning(torch.zeros(1, 2, 4), None), r"'text' of shape \[1, 2, 4\]"),
        (Conditioning(torch.zeros(2, 4), torch.zeros(1, 768)), "'pooled' of shape"),
    ],
)
def test_text_bad_encoder_is_explained(
    tmp_path: Path, dataset: Dataset, made: Conditioning, match: str
) -> None:
    class Bad(LengthEncoder):
        def encode(self, caption: str) -> Conditioning:
            return made

    with pytest.raises(CacheError, match=match):
        cache_text(dataset, Bad(), tmp_path / "cache")


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def empty_it(path: Path) -> None:
    path.write_bytes(b"")


def cut_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def no_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 64)


def other_content(path: Path) -> None:
    save_file({"latents": torch.zeros(16, 1, 8, 16)}, path)


@pytest.mark.parametrize(
    "harm", [cut_in_half, cut_header, no_header, flip_last_byte, empty_it, other_content]
)
def test_damaged_file_is_found_and_encoded_again(
    tmp_path: Path, dataset: Dataset, harm: object
) -> None:
    cache = cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    path = cache.entries[latent_key(dataset.items[1], "vae-1")]
    good = read_latents(path)
    harm(path)  # type: ignore[operator]
    with pytest.raises(CacheError, match=path.name):
        read_latents(path)
    (problem,) = verify_cache(tmp_path / "cache")
    assert path.name in problem
    again = cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    assert (again.encoded, again.reused) == (1, 2)
    assert torch.equal(read_latents(path), good)
    assert verify_cache(tmp_path / "cache") == []


def test_read_tensor_does_not_hang_on_its_file(tmp_path: Path, dataset: Dataset) -> None:
    # A memory-mapped tensor would crash the process here.
    cache = cache_latents(dataset, MeanEncoder(), tmp_path / "cache")
    path = cache.entries[latent_key(dataset.items[1], "vae-1")]
    latents = read_latents(path)
    empty_it(path)
    assert latents.flatten()[0] == pytest.approx(10 / 3)


def test_renamed_or_foreign_file_is_no_cache_entry(tmp_path: Path, dataset: Dataset) -> None:
    cache = cache_text(dataset, LengthEncoder(), tmp_path / "cache")
    first, second = cache.entries[""], cache.entries["caption a"]
    second.write_bytes(first.read_bytes())
    with pytest.raises(CacheError, match="was renamed"):
        read_conditioning(second)
    with pytest.raises(CacheError, match="holds no latents"):
        read_latents(first)


def test_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match=r"x\.safetensors' is missing"):
        read_latents(tmp_path / "x.safetensors")
    with pytest.raises(CacheError, match="is no cache folder"):
        verify_cache(tmp_path / "none")


def test_folder_that_cannot_be_written_is_named(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "cache").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(CacheError, match="Cannot write the cache file"):
        cache_latents(dataset, MeanEncoder(), tmp_path / "cache")


def test_keys_parts_do_not_run_together() -> None:
    assert text_key("ab", "c") != text_key("a", "bc")
    assert text_key("a", "b") == text_key("a", "b")
    assert len(text_key("日本\ud800", "b")) == 32
