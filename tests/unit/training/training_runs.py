"""Small real training runs for tests: cached items, a tiny HunyuanVideo, a one-layer model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from tests.unit.model.reference_model import TINY, make_weights
from trainer.config import (
    LoraSettings,
    OptimizerSettings,
    OutputSettings,
    RunConfig,
    ScheduleSettings,
    TimestepSettings,
    TrainSettings,
)
from trainer.data.batches import TrainingItem
from trainer.data.cache.cache_files import write_cache_file
from trainer.model.hunyuan_video import HunyuanVideo
from trainer.model.lora import LoraNetwork
from trainer.model.weights import MappingSource
from trainer.training.network import make_network
from trainer.training.reports import TrainRequest

SECTIONS = {
    "lora": LoraSettings,
    "optimizer": OptimizerSettings,
    "schedule": ScheduleSettings,
    "timestep": TimestepSettings,
    "train": TrainSettings,
    "output": OutputSettings,
}


class OneLayerModel:
    """Velocity = weight * noisy latents + what a one-layer LoRA adds, over channels."""

    def velocity(
        self,
        noisy_latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        text_mask: torch.Tensor | None,
        pooled: torch.Tensor | None,
        guidance: torch.Tensor | None,
        lora: LoraNetwork | None = None,
    ) -> torch.Tensor:
        del timestep, pooled, guidance
        channels_last = noisy_latents.movedim(1, -1)
        mask = torch.ones(text.shape[:2]) if text_mask is None else text_mask.to(text.dtype)
        means = (text.mean(dim=2) * mask).sum(dim=1) / mask.sum(dim=1)
        value = 0.5 * channels_last + 0.01 * means.view(-1, 1, 1, 1, 1)
        if lora is not None:
            value = value + lora.delta("double_blocks.0.img_attn.proj", channels_last)
        return value.movedim(-1, 1)


def make_config(**sections: Mapping[str, Any]) -> RunConfig:
    """Settings with small sizes; give sections as keyword arguments."""
    small: dict[str, dict[str, Any]] = {
        "lora": {"rank": 2, "alpha": 2.0},
        "train": {"epochs": 2, "save_every_epochs": 1, "compute_dtype": "fp32", "seed": 7},
    }
    for name, values in sections.items():
        small[name] = {**small.get(name, {}), **values}
    return RunConfig(**{name: SECTIONS[name](**values) for name, values in small.items()})


def make_items(
    folder: Path, count: int = 3, shape: tuple[int, int, int, int] = (16, 1, 4, 4), seed: int = 3
) -> tuple[TrainingItem, ...]:
    """Cached items with random latents and captions of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    items = []
    for number in range(count):
        key = f"item{number}_{seed}"
        latents, text = folder / f"latents/{key}.safetensors", folder / f"text/{key}.safetensors"
        values = torch.randn(shape, generator=generator)
        write_cache_file(latents, "latents", {"latents": values}, {})
        conditioning = {
            "text": torch.randn(4 + number % 2, TINY.text_width, generator=generator),
            "pooled": torch.randn(10, generator=generator),
        }
        write_cache_file(text, "text", conditioning, {})
        items.append(TrainingItem(key, latents, text, shape, 1))
    return tuple(items)


def make_hunyuan(folder: Path, config: RunConfig, items: tuple[TrainingItem, ...]) -> TrainRequest:
    """A run of a two-block HunyuanVideo with random weights."""
    source = MappingSource(make_weights())
    model = HunyuanVideo(TINY, source, torch.float32)
    lora = make_network(source.shapes, config.lora, config.train.seed)
    return TrainRequest(folder, config, items, model, lora, latent_scale=0.476986)


def make_one_layer(
    folder: Path, config: RunConfig, items: tuple[TrainingItem, ...]
) -> TrainRequest:
    """A run of the one-layer model: quick, and simple enough to calculate by hand."""
    shapes = {"double_blocks.0.img_attn.proj.weight": (16, 16)}
    lora = make_network(shapes, config.lora, config.train.seed)
    return TrainRequest(folder, config, items, OneLayerModel(), lora, latent_scale=0.5)


def with_fresh_network(request: TrainRequest, folder: Path | None = None) -> TrainRequest:
    """The same run with an untrained network, as a new process would have it."""
    old = request.network
    assert isinstance(old, LoraNetwork)
    config = request.config
    dtype = old.parameters()[0].dtype
    fresh = LoraNetwork(list(old.targets), old.rank, old.alpha, config.train.seed, dtype)
    place = request.run_folder if folder is None else folder
    return dataclasses.replace(request, network=fresh, run_folder=place)


def stop_after_polls(count: int) -> Callable[[], bool]:
    """A should_stop that says yes from its `count`-th question on."""
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > count

    return should_stop


def events_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text("utf-8").splitlines()
    return [record for line in lines if (record := json.loads(line))["type"] == kind]


def checkpoint_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "checkpoints").iterdir())}


def curve(folder: Path) -> list[tuple[Any, ...]]:
    """Everything logged of each step but times."""
    return [
        (row["step"], row["epoch"], row["loss"], row["lr"], row["grad_norm"], row.get("d"))
        for row in events_of(folder, "step")
    ]


class GuidanceRecorder(OneLayerModel):
    """Remembers the guidance, timesteps and text it was given."""

    def __init__(self) -> None:
        self.guidance: list[float] = []
        self.timesteps: list[float] = []
        self.text_sums: list[float] = []

    def velocity(self, *values: Any, **named: Any) -> torch.Tensor:
        self.timesteps += values[1].tolist()
        self.text_sums.append(float(values[2].sum()))
        self.guidance += values[5].tolist()
        return super().velocity(*values, **named)
