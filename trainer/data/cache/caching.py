"""Caches of encoded pictures and captions, named after their content.

A file's name is a digest of everything it follows from, so a changed picture, bucket, caption or
encoder gives another name, and what is there can be used again without asking. Files are never
deleted here. Letters: C channels, F latent frames, h/w latent size (pixels / 8), H/W pixels,
L text tokens, D text width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import CacheError
from ...files import digest_bytes
from ..dataset.reading import Dataset, DatasetItem, load_pixels
from .cache_files import check_file, list_cache_files, read_cache_file, write_cache_file

FORMAT_VERSION = 1
"""Part of every key; goes up when the same inputs should give other files."""
PIXELS_PER_LATENT = 8

Progress = Callable[[int, int, str], None]
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """One encoded caption."""

    text: torch.Tensor
    """Llama features, float32 [L,D], without padding."""
    pooled: torch.Tensor | None
    """CLIP-L's pooled vector, float32 [768], where the model uses one."""


class LatentEncoder(Protocol):
    """Turns pixels into raw latents."""

    identity: str
    """Changes whenever the same pixels could give other latents."""

    def encode(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Raw latents float32 [C,F',h,w] of pixels uint8 [F,H,W,3]."""
        ...


class TextEncoder(Protocol):
    """Turns a caption into conditioning."""

    identity: str
    """Changes whenever the same caption could give other features."""

    def encode(self, caption: str) -> Conditioning:
        """Encode one caption; "" too."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedCache:
    """What a caching call found and made."""

    folder: Path
    """The cache folder."""
    entries: dict[str, Path]
    """File for each thing: see the kinds below."""
    encoded: int
    """Files made in this call."""
    reused: int
    """Files that were there already."""
    is_complete: bool
    """Whether everything is there; False after a stop."""
    identity: str = ""
    """The encoder's identity."""
    shapes: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)
    """Shapes of latents or text that are known already; those of other files must be read."""


@dataclass(frozen=True, slots=True)
class LatentCache(EncodedCache):
    """Where the latents of a dataset are: a file for each `latent_key`."""


@dataclass(frozen=True, slots=True)
class TextCache(EncodedCache):
    """Where a dataset's encoded captions are: a file for each caption, "" always among them."""


@dataclass(slots=True)
class _Tally:
    entries: dict[str, Path] = field(default_factory=dict)
    encoded: int = 0
    reused: int = 0
    is_complete: bool = True


def latent_key(item: DatasetItem, identity: str) -> str:
    """Name of an item's latents: follows from the file's bytes, the bucket and the encoder."""
    return _key("latents", item.digest, str(item.bucket), identity)


def text_key(caption: str, identity: str) -> str:
    """Name of a caption's conditioning: follows from the caption and the encoder."""
    return _key("text", caption, identity)


def cache_latents(
    dataset: Dataset,
    encoder: LatentEncoder,
    folder: Path,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> LatentCache:
    """Encode every picture that is not in the cache yet, or whose file is damaged.

    Args:
        dataset: The pictures; each goes through the encoder once, whatever its repeats.
        encoder: Gives raw latents.
        folder: Cache folder; may be shared by datasets.
        on_progress: Called with (done, total, name) after each picture.
        should_stop: Asked before each picture; what is done is kept.

    Raises:
        CacheError: The encoder gave NaN, infinity or a wrong shape, or the disk is full.
        DatasetError: A picture cannot be read.
    """
    items = {latent_key(item, encoder.identity): item for item in dataset.items}

    def make(key: str, item: DatasetItem, path: Path) -> None:
        latents = _checked_latents(encoder.encode(load_pixels(item)), item)
        notes = {"source": item.image_path.name, "size": str(item.bucket), "vae": encoder.identity}
        write_cache_file(path, "latents", {"latents": latents}, notes)

    listed = [(key, item, item.image_path.name) for key, item in items.items()]
    tally = _fill(folder / "latents", listed, make, on_progress, should_stop)
    return LatentCache(
        folder, tally.entries, tally.encoded, tally.reused, tally.is_complete, encoder.identity
    )


def cache_text(
    dataset: Dataset,
    encoder: TextEncoder,
    folder: Path,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TextCache:
    """Encode every caption that is not in the cache yet, and the empty caption for dropout.

    Args:
        dataset: The captions; equal ones are encoded once.
        encoder: Gives conditioning.
        folder: Cache folder; may be shared by datasets.
        on_progress: Called with (done, total, name) after each caption.
        should_stop: Asked before each caption; what is done is kept.

    Raises:
        CacheError: The encoder gave NaN, infinity or a wrong shape, or the disk is full.
    """
    captions = dict.fromkeys(["", *(item.caption for item in dataset.items)])
    keys = {text_key(caption, encoder.identity): caption for caption in captions}

    def make(key: str, caption: str, path: Path) -> None:
        tensors = _checked_text(encoder.encode(caption), caption)
        notes = {"source": caption, "text_encoder": encoder.identity}
        write_cache_file(path, "text", tensors, notes)

    listed = [(key, caption, caption[:60]) for key, caption in keys.items()]
    tally = _fill(folder / "text", listed, make, on_progress, should_stop)
    entries = {keys[key]: path for key, path in tally.entries.items()}
    return TextCache(
        folder, entries, tally.encoded, tally.reused, tally.is_complete, encoder.identity
    )


def read_latents(path: Path) -> torch.Tensor:
    """Read raw latents, float32 [C,F,h,w].

    Raises:
        CacheError: The file is missing, damaged or of another kind.
    """
    return read_cache_file(path, "latents")["latents"]


def read_conditioning(path: Path) -> Conditioning:
    """Read an encoded caption.

    Raises:
        CacheError: The file is missing, damaged or of another kind.
    """
    tensors = read_cache_file(path, "text")
    return Conditioning(tensors["text"], tensors.get("pooled"))


def verify_cache(folder: Path) -> list[str]:
    """Read every file of a cache whole; returns one sentence for each that cannot be used.

    Raises:
        CacheError: The folder does not exist or is no cache.
    """
    return [fault for path in list_cache_files(folder) if (fault := check_file(path))]


def _key(*parts: str) -> str:
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    text = "".join(f"{len(part)}:{part};" for part in (str(FORMAT_VERSION), *parts))
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def _fill(
    folder: Path,
    listed: Iterable[tuple[str, _Thing, str]],
    make: Callable[[str, _Thing, Path], None],
    on_progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> _Tally:
    todo, tally = list(listed), _Tally()
    for done, (key, thing, name) in enumerate(todo, start=1):
        if should_stop is not None and should_stop():
            tally.is_complete = False
            break
        path = folder / f"{key}.safetensors"
        if path.is_file() and not check_file(path):
            tally.reused += 1
        else:
            make(key, thing, path)
            tally.encoded += 1
        tally.entries[key] = path
        if on_progress is not None:
            on_progress(done, len(todo), name)
    return tally


def _checked_latents(latents: torch.Tensor, item: DatasetItem) -> torch.Tensor:
    name, bucket = item.image_path.name, item.bucket
    wanted = (1, bucket.height_px // PIXELS_PER_LATENT, bucket.width_px // PIXELS_PER_LATENT)
    if latents.ndim != 4 or tuple(latents.shape[1:]) != wanted:
        raise CacheError(
            f"The VAE gave latents of shape {list(latents.shape)} for '{name}' ({bucket}), but "
            f"[channels, {', '.join(map(str, wanted))}] was expected. Connect the HunyuanVideo VAE."
        )
    if not torch.isfinite(latents).all():
        raise CacheError(
            f"The VAE gave NaN or infinite latents for '{name}'. Run the VAE in bf16 or fp32 "
            "instead of fp16 (ComfyUI: --bf16-vae or --fp32-vae), or take the picture out."
        )
    return latents.detach().to("cpu", torch.float32)


def _checked_text(made: Conditioning, caption: str) -> dict[str, torch.Tensor]:
    tensors = {"text": made.text}
    if made.pooled is not None:
        tensors["pooled"] = made.pooled
    for name, dimensions in (("text", 2), ("pooled", 1)):
        tensor = tensors.get(name)
        if tensor is not None and (tensor.ndim != dimensions or tensor.numel() == 0):
            raise CacheError(
                f"The text encoder gave '{name}' of shape {list(tensor.shape)} for the caption "
                f"'{caption[:60]}', but {dimensions} dimensions were expected. Check 'clip'."
            )
        if tensor is not None and not torch.isfinite(tensor).all():
            raise CacheError(
                f"The text encoder gave NaN or infinite '{name}' for the caption "
                f"'{caption[:60]}'. Load the text encoders in another precision."
            )
    return {name: tensor.detach().to("cpu", torch.float32) for name, tensor in tensors.items()}
