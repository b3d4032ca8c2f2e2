"""A MODEL lent to a training, which may give it back for a while and take it again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import TracebackType

import comfy.model_management
import torch

from ....trainer.model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
from ....trainer.model.weights import WeightSource
from ....trainer.planning.memory_plan import MemoryPlan
from ..weights.borrowing import borrow_model
from .planning import ahead_of_use, room_for_training


class BorrowedModel:
    """ComfyUI's MODEL while it is trained on: `velocity_model` reads its weights.

    A context manager; what was borrowed is given back at its end.
    """

    def __init__(self, model: object, plan: MemoryPlan | None, device: torch.device) -> None:
        self.model = model
        self._plan = plan
        self._device = device
        self._stack = contextlib.ExitStack()
        self._velocity_model: HunyuanVideo | None = None
        self.shapes: Mapping[str, tuple[int, ...]] = {}

    def __enter__(self) -> BorrowedModel:
        self._source = self._open()
        self.shapes = self._source.shapes
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def velocity_model(self, dtype: torch.dtype, policy: object) -> HunyuanVideo:
        """The trainer's forward pass over the borrowed weights."""
        sizes = HunyuanVideoConfig.from_shapes(self.shapes)
        made = HunyuanVideo(sizes, self._source, dtype, self._device, policy)
        self._velocity_model = made
        return made

    @contextlib.contextmanager
    def given_back(self, *, unload: bool) -> Iterator[None]:
        """Give the MODEL back while the block runs, so that ComfyUI may do with it as it likes.

        Args:
            unload: Also have ComfyUI free the device of all its models.
        """
        self._stack.close()
        if unload:
            # As ComfyUI itself unloads: outside of it, quantized weights cannot be moved.
            with torch.inference_mode():
                comfy.model_management.unload_all_models()
            comfy.model_management.soft_empty_cache()
        try:
            yield
        finally:
            self._source = self._open()
            if self._velocity_model is not None:
                self._velocity_model.source = self._source

    def _open(self) -> WeightSource:
        self._stack = contextlib.ExitStack()
        room = room_for_training(self._plan, self._device)
        source = self._stack.enter_context(borrow_model(self.model, room))
        return self._stack.enter_context(ahead_of_use(source, self._plan, self._device))
