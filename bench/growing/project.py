"""Writes a whole project: a small model, pictures, captions, warm caches and a RUN.toml."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from bench.training_step.case import POOLED_WIDTH, RANK, StepCase, make_weights
from trainer.data.cache.cache_files import write_cache_file
from trainer.data.cache.caching import latent_key, text_key
from trainer.data.dataset.reading import load_dataset

SIDE_PX = 256
CASE = StepCase(
    "32x32", "fp32", (1, SIDE_PX // 8, SIDE_PX // 8),
    hidden=256, double_blocks=2, single_blocks=2, text_width=256, text_tokens=32,
)  # fmt: skip
VAE, TEXT_ENCODER = "benchmark vae", "benchmark text encoder"
MANY_STEPS = 1_000_000
_MOTIFS = 8
_HEADER_END = 33
"""Where the first chunk of every PNG file ends."""
_RUN = f"""[model]
path = "model.safetensors"
[data]
dataset = "dataset.toml"
latent_cache = "cache"
text_cache = "cache"
[output]
name = "growth"
folder = "run"
[lora]
rank = {RANK}
alpha = {RANK}
[train]
steps = {MANY_STEPS}
compute_dtype = "fp32"
save_every_epochs = 0
"""
_DATASET = f"""[general]
resolution = [{SIDE_PX}, {SIDE_PX}]
enable_bucket = true
[[datasets]]
image_directory = "pictures"
"""


def make_project(folder: Path, count: int, case: StepCase = CASE) -> Path:
    """A project with `count` pictures, each with its own caption; returns its RUN.toml.

    Caches hold what two encoders gave; nothing of it was read by this trainer before.
    """
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    save_file(make_weights(case), folder / "model.safetensors")
    motifs = [_motif(number) for number in range(_MOTIFS)]
    for number in range(count):
        data = _with_text(motifs[number % _MOTIFS], f"picture {number}")
        (pictures / f"{number:05d}.png").write_bytes(data)
        caption = f"a figure in a garden, pose {number}, looking at the viewer"
        (pictures / f"{number:05d}.txt").write_text(caption, encoding="utf-8")
    (folder / "dataset.toml").write_text(_DATASET, encoding="utf-8")
    # What is thrown away afterwards need not reach the disk.
    with mock.patch.object(os, "fsync", return_value=None):
        _fill_caches(folder, case)
    path = folder / "run.toml"
    path.write_text(_RUN, encoding="utf-8")
    return path


def describe(folder: Path) -> dict[str, Any]:
    """Sizes of a project's files as they appear in the results."""
    sizes = {
        name: [path.stat().st_size for path in (folder / place).glob(pattern)]
        for name, place, pattern in (
            ("picture", "pictures", "*.png"),
            ("latents", "cache/latents", "*.safetensors"),
            ("text", "cache/text", "*.safetensors"),
        )
    }
    return {
        "pictures": f"{SIDE_PX}x{SIDE_PX} PNG, one .txt with its own caption beside each",
        "mean_file_kb": {
            name: round(sum(each) / len(each) / 1e3, 1) for name, each in sizes.items()
        },
        "files": {name: len(each) for name, each in sizes.items()},
    }


def _fill_caches(folder: Path, case: StepCase) -> None:
    dataset = load_dataset(folder / "dataset.toml")
    generator = torch.Generator().manual_seed(4)
    for item in dataset.items:
        key = latent_key(item, VAE)
        latents = torch.randn(16, *case.latent, generator=generator)
        path = folder / f"cache/latents/{key}.safetensors"
        write_cache_file(path, "latents", {"latents": latents}, {"vae": VAE})
    for caption in ["", *(item.caption for item in dataset.items)]:
        key = text_key(caption, TEXT_ENCODER)
        tensors = {
            "text": torch.randn(case.text_tokens, case.text_width, generator=generator),
            "pooled": torch.randn(POOLED_WIDTH, generator=generator),
        }
        notes = {"text_encoder": TEXT_ENCODER}
        write_cache_file(folder / f"cache/text/{key}.safetensors", "text", tensors, notes)


def _motif(seed: int) -> bytes:
    """A PNG of soft shapes with a little grain, about as large as a photo of its size."""
    source = np.random.default_rng(seed)
    coarse = source.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    soft = Image.fromarray(coarse).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
    grain = source.normal(0, 2, (SIDE_PX, SIDE_PX, 3))
    pixels = np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def _with_text(png: bytes, text: str) -> bytes:
    """The same picture with a note in the file, so that no two files are equal."""
    body = b"tEXtComment\0" + text.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]
