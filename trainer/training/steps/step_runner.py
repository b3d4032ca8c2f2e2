"""Forward and backward of one step, batch after batch or all batches together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate

import torch

from ...data.batches import Batch, TrainingItem
from ..noise.flow import NoisyBatch, sample_noisy_batch
from ..noise.randomness import placed_generator
from ..reports import TrainRequest
from .forward import compute_joint_loss, compute_loss, load_on_device
from .step_order import Step

PIXELS = 8
"""Pixels to a latent, in width and height."""
FRAMES = 4
"""Frames to a latent frame after the first."""


@dataclass(frozen=True)
class StepLoss:
    """The loss of a step as a scalar on the device, and the seconds that loading items took."""

    loss: torch.Tensor
    load_seconds: float


class StepRunner:
    """Makes the gradients of a step; noise and dropped captions follow from its number."""

    def __init__(self, request: TrainRequest, should_leave: Callable[[], bool]) -> None:
        """Keep what steps need.

        Args:
            request: The run.
            should_leave: Asked before each pass; the step is then given up.
        """
        self._request = request
        self._should_leave = should_leave
        self._load_seconds = 0.0

    def backward(self, step: Step) -> StepLoss | None:
        """Add up the gradients of a step; None when it was given up."""
        self._load_seconds = 0.0
        together = self._request.config.train.accumulate_together
        loss = self._joint(step) if together else self._one_by_one(step)
        return None if loss is None else StepLoss(loss, self._load_seconds)

    def bucket_text(self, step: Step) -> str:
        """Sizes of a step's items in pixels, with the frames of clips: "544x960x33"."""
        items = self._request.items
        sizes = [_size_text(items[index]) for batch in step.batches for index in batch[:1]]
        return ", ".join(dict.fromkeys(sizes))

    def _one_by_one(self, step: Step) -> torch.Tensor | None:
        request, guidance = self._request, self._request.config.train.sampling_guidance
        total = torch.zeros((), device=request.device)
        first = 0
        for batch in step.batches:
            if self._should_leave():
                return None
            loaded, noisy = self._noisy_batch(step, batch, first)
            loss = compute_loss(request.model, loaded, noisy, guidance, request.network)
            loss = loss * (len(batch) / step.samples)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
            first += len(batch)
        return total

    def _joint(self, step: Step) -> torch.Tensor | None:
        if self._should_leave():
            return None
        firsts = accumulate(map(len, step.batches), initial=0)
        pairs = [
            self._noisy_batch(step, batch, first)
            for batch, first in zip(step.batches, firsts, strict=False)
        ]
        request, guidance = self._request, self._request.config.train.sampling_guidance
        loss = compute_joint_loss(request.model, pairs, guidance, request.network)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _noisy_batch(
        self, step: Step, batch: tuple[int, ...], first: int
    ) -> tuple[Batch, NoisyBatch]:
        request, train = self._request, self._request.config.train
        started = time.monotonic()
        places = [(step.number, first + place) for place in range(len(batch))]
        items = [
            self._with_caption_dropout(request.items[index], place)
            for index, place in zip(batch, places, strict=True)
        ]
        loaded = load_on_device(items, request.latent_scale, request.device)
        generators = [placed_generator(train.seed, "noise", *place) for place in places]
        noisy = sample_noisy_batch(loaded.latents, request.config.timestep, generators)
        self._load_seconds += time.monotonic() - started
        return loaded, noisy

    def _with_caption_dropout(self, item: TrainingItem, place: tuple[int, int]) -> TrainingItem:
        train, empty = self._request.config.train, self._request.empty_text_path
        if train.caption_dropout == 0 or empty is None:
            return item
        generator = placed_generator(train.seed, "caption", *place)
        draw = torch.rand(1, generator=generator, dtype=torch.float64).item()
        return replace(item, text_path=empty) if draw < train.caption_dropout else item


def _size_text(item: TrainingItem) -> str:
    _, frames, height, width = item.shape
    text = f"{PIXELS * width}x{PIXELS * height}"
    return text if frames == 1 else f"{text}x{FRAMES * (frames - 1) + 1}"
