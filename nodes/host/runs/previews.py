"""Previews while training: the LoRA as saved, through ComfyUI's own loader and sampler.

They leave no trace in training: the MODEL is given back to ComfyUI meanwhile and then loaded as
training had it, and the global random state is put back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import comfy.model_management
import torch
from PIL import Image, PngImagePlugin

from ....trainer.config import TrainSettings
from ....trainer.errors import ConfigError, SampleError, TrainerError
from ....trainer.files import write_bytes
from ....trainer.training.reports import SampleOccasion
from ....trainer.training.runs.run_folder import Run
from ..progress import raise_if_cancelled, running_node, show_text
from ..randomness import kept_random_state
from ..sampling import (
    SampleSettings,
    apply_lora,
    decode_frames,
    has_fast_view,
    read_lora,
    sample_latents,
    view_latents,
)

UNITS = ("checkpoints", "epochs", "steps")
_FRAMES_PER_SECOND = 24
_DESCRIPTION = 0x010E  # EXIF's ImageDescription
_WEBP_QUALITY = 85

Sampler = Callable[[SampleOccasion], list[dict[str, Any]]]


@dataclass(frozen=True)
class PreviewPrompt:
    """A prompt and its CONDITIONING, in main memory."""

    text: str
    conditioning: list[object]


@dataclass(frozen=True)
class PreviewPlan:
    """What previews show and when.

    settings: its seed is not used. is_latent: show latents without the VAE. every, unit: an
    occasion each time so many checkpoints, epochs or steps are done. has_baseline: also without
    the LoRA, before the first step.
    """

    prompts: tuple[PreviewPrompt, ...]
    seeds: tuple[int, ...]
    settings: SampleSettings
    strength: float
    vae: object
    is_latent: bool = False
    every: int = 1
    unit: str = "checkpoints"
    has_baseline: bool = True

    def with_occasions(self, train: TrainSettings) -> TrainSettings:
        """The settings of a run with this plan's occasions in it."""
        return replace(
            train,
            sample_every_epochs=self._every(train.save_every_epochs, "epochs"),
            sample_every_steps=self._every(train.save_every_steps, "steps"),
            sample_at_checkpoints=self.unit == "checkpoints" and self.every == 1,
            sample_at_start=self.has_baseline,
        )

    def _every(self, save_every: int, unit: str) -> int:
        if self.unit == unit:
            return self.every
        # Every second checkpoint is every so many steps or epochs.
        return save_every * self.every if self.unit == "checkpoints" and self.every > 1 else 0


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Training:
    """The training around the previews.

    given_back: a context in which ComfyUI may do with the MODEL as it likes; at its end training
    has it as before. must_leave: whether something waits for which previews are given up.
    """

    given_back: Callable[[], AbstractContextManager[object]] = nullcontext
    must_leave: Callable[[], bool] = _never


@dataclass(frozen=True)
class _Sample:
    """One preview to be made."""

    number: int
    prompt: int
    seed: int


def make_sampler(
    settings: PreviewPlan, model: object, run: Run, training: Training | None = None
) -> Sampler:
    """What makes the previews of a run: called with an occasion, it gives their event fields.

    ComfyUI patches weights in place, whatever clone it samples with, and takes the patches back
    only when the next clone is loaded: training has to load `model` again afterwards.

    Args:
        settings: What to show.
        model: ComfyUI's MODEL.
        run: Where the files go.
        training: What goes on around them; None when nothing does.

    Raises:
        ConfigError: Latents of this model cannot be shown without a VAE.
    """
    if settings.is_latent and not has_fast_view(model):
        raise ConfigError(
            "'mode' is latent, but this ComfyUI cannot show latents of this model without the "
            "VAE. Choose decoded on Preview Settings."
        )
    return _Previews(settings, model, run, training or Training())


class _Previews:
    def __init__(self, plan: PreviewPlan, model: object, run: Run, training: Training) -> None:
        self._plan = plan
        self._training = training
        self._model = model
        self._run = run
        pairs = [(prompt, seed) for prompt in range(len(plan.prompts)) for seed in plan.seeds]
        self._samples = [_Sample(number, *pair) for number, pair in enumerate(pairs, start=1)]

    def __call__(self, occasion: SampleOccasion) -> list[dict[str, Any]]:
        """Make the previews of an occasion.

        Raises:
            SampleError: They could not be made; training may go on.
        """
        started = time.monotonic()
        try:
            # Training is outside of inference mode, but the weights are ComfyUI's.
            with kept_random_state(), self._training.given_back(), torch.inference_mode():
                events = list(self._make(occasion))
        except comfy.model_management.InterruptProcessingException:
            raise
        except SampleError:
            raise
        except Exception as error:
            raise SampleError(_failure_text(error)) from error
        # Patching the LoRA and loading the MODEL again is part of what previews cost.
        overhead = time.monotonic() - started - sum(event["seconds"] for event in events)
        for event in events:
            event["seconds"] = round(event["seconds"] + max(0.0, overhead) / len(events), 3)
        return events

    def _make(self, occasion: SampleOccasion) -> Iterator[dict[str, Any]]:
        model, strength = self._model, 0.0
        if occasion.lora_path is not None:
            strength = self._plan.strength
            model = apply_lora(model, read_lora(occasion.lora_path), strength)
        # All samples come before the first decoding, for which the model may have to make room.
        made = []
        for sample in self._samples:
            started = time.monotonic()
            latents = self._sample_latents(model, occasion, sample)
            made.append((sample, latents, time.monotonic() - started))
        del model
        for sample, latents, seconds in made:
            raise_if_cancelled()
            self._leave_if_asked()
            started = time.monotonic()
            frames = self._frames(latents)
            facts = self._facts(sample, frames, strength)
            path = self._save(occasion.step, sample, frames, facts)
            spent = seconds + time.monotonic() - started
            yield {"step": occasion.step, "path": path, **facts, "seconds": spent}

    def _sample_latents(
        self, model: object, occasion: SampleOccasion, sample: _Sample
    ) -> torch.Tensor:
        title = "preview without the LoRA" if occasion.lora_path is None else (
            f"preview of step {occasion.step}"
        )  # fmt: skip
        node, count = running_node(), len(self._samples)

        def show(step: int, total: int) -> None:
            self._leave_if_asked()
            show_text(node, f"{title}: {sample.number} of {count}, {step}/{total}")

        show(0, self._plan.settings.steps)
        return sample_latents(
            model,
            self._plan.prompts[sample.prompt].conditioning,
            replace(self._plan.settings, seed=sample.seed),
            on_step=show,
        )

    def _leave_if_asked(self) -> None:
        if self._training.must_leave():
            raise SampleError("They were given up for what was asked of the run.")

    def _frames(self, latents: torch.Tensor) -> torch.Tensor:
        if self._plan.is_latent:
            return view_latents(self._model, latents, self._plan.settings)
        return decode_frames(self._plan.vae, latents)

    def _facts(self, sample: _Sample, frames: torch.Tensor, strength: float) -> dict[str, Any]:
        return {
            "prompt": sample.prompt,
            "text": self._plan.prompts[sample.prompt].text,
            "seed": sample.seed,
            "strength": strength,
            "kind": "latent" if self._plan.is_latent else "decoded",
            "width": int(frames.shape[2]),
            "height": int(frames.shape[1]),
            "frames": int(frames.shape[0]),
        }

    def _save(self, step: int, sample: _Sample, frames: torch.Tensor, facts: dict[str, Any]) -> str:
        """Write the file; its path from the run folder."""
        pictures = [Image.fromarray(frame) for frame in (frames * 255.0).round().byte().numpy()]
        note = json.dumps({"step": step, **facts}, ensure_ascii=True)
        is_clip = self._plan.settings.frames > 1
        name = f"step{step:06d}_p{sample.prompt}_s{sample.seed}.{'webp' if is_clip else 'png'}"
        # A view of latents has one frame where the clip has four.
        shown = 4 if self._plan.is_latent else 1
        milliseconds = round(1000 * shown / _FRAMES_PER_SECOND)
        data = _webp(pictures, note, milliseconds) if is_clip else _png(pictures[0], note)
        write_bytes(self._run.samples / name, data)
        return self._run.relative(self._run.samples / name)


def _failure_text(error: Exception) -> str:
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return (
            "Memory ran out. Lower 'width', 'height' or 'frames' on Preview Settings, or choose "
            "mode latent."
        )
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, TrainerError):
        return words
    return f"{words[:300].rstrip('.')}. Check Preview Settings."


def _png(picture: Image.Image, note: str) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("hunyuan_lora", note)
    stream = BytesIO()
    picture.save(stream, format="PNG", pnginfo=text, compress_level=4)
    return stream.getvalue()


def _webp(pictures: list[Image.Image], note: str, milliseconds: int) -> bytes:
    exif = Image.Exif()
    exif[_DESCRIPTION] = note
    stream = BytesIO()
    pictures[0].save(stream, format="WEBP", save_all=True, append_images=pictures[1:],
                     duration=milliseconds, loop=0, quality=_WEBP_QUALITY, method=4,
                     exif=exif.tobytes())  # fmt: skip
    return stream.getvalue()
