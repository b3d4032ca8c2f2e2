"""The samples of a comparison, each made once by ComfyUI's own sampler and LoRA loading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from ...trainer.training.results.comparison import ComparedSample, Comparison, LoraChoice
from .progress import Progress, raise_if_cancelled
from .sampling import (
    KeyReport,
    SampleSettings,
    apply_lora,
    check_keys,
    decode_frames,
    encode_prompts,
    read_lora,
    sample_latents,
)


@dataclass(frozen=True)
class ComparedModels:
    """ComfyUI's MODEL, CLIP and VAE."""

    model: object
    clip: object
    vae: object


@dataclass(frozen=True)
class ComparedFrames:
    """Frames float32 [F, H, W, 3] in 0..1 of each sample, and what the LoRA files fit."""

    frames: dict[ComparedSample, torch.Tensor]
    keys: dict[str, KeyReport]


def make_samples(
    models: ComparedModels, comparison: Comparison, settings: SampleSettings, node_id: object
) -> ComparedFrames:
    """Sample everything that a comparison shows.

    Prompts are encoded once, a file is read once, a strength is patched once. All is sampled
    before the first decoding, so that ComfyUI changes models as seldom as possible.

    Raises:
        ExportError: A LoRA file cannot be read.
    """
    samples = comparison.samples
    progress = Progress(node_id, _work(samples, settings))
    conditioning = encode_prompts(models.clip, comparison.prompts)
    keys: dict[str, KeyReport] = {}
    latents: dict[ComparedSample, torch.Tensor] = {}
    for model, group in _patched_models(models.model, samples, keys):
        for sample in group:
            done = len(latents)
            title = f"sample {done + 1} of {len(samples)}: {_title(sample)}"

            def show(step: int, total: int, done: int = done, title: str = title) -> None:
                work = _work(samples, settings)
                progress.show(done * total + step, work, f"{title}, {step}/{total}")

            latents[sample] = sample_latents(
                model, conditioning[sample.prompt], settings, on_step=show
            )
    frames = {}
    for number, (sample, raw) in enumerate(latents.items(), start=1):
        raise_if_cancelled()
        frames[sample] = decode_frames(models.vae, raw)
        done = len(samples) * settings.steps + number
        progress.show(done, _work(samples, settings), f"decoded {number} of {len(samples)}")
    return ComparedFrames(frames, keys)


def _work(samples: Sequence[ComparedSample], settings: SampleSettings) -> int:
    """Sampler steps, and one for each decoding."""
    return len(samples) * (settings.steps + 1)


def _title(sample: ComparedSample) -> str:
    if sample.lora is None:
        return "without LoRA"
    return f"{sample.lora.label}, strength {sample.strength:g}"


def _patched_models(
    model: object, samples: Sequence[ComparedSample], keys: dict[str, KeyReport]
) -> Iterator[tuple[object, list[ComparedSample]]]:
    """Each patched MODEL with its samples, which lie beside each other."""

    def file(sample: ComparedSample) -> LoraChoice | None:
        return sample.lora

    for lora, of_file in groupby(samples, key=file):
        read = None if lora is None else read_lora(lora.path)
        if lora is not None and read is not None:
            keys[lora.label] = check_keys(model, read)
        for strength, group in groupby(of_file, key=lambda sample: sample.strength):
            yield (model if read is None else apply_lora(model, read, strength)), list(group)
