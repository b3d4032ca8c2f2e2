"""TensorBoard event files in the run folder."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from PIL import Image

from .backend import TrackedRun, import_library
from .points import Picture, Point


class TensorboardFiles:
    """Writes event files; TensorBoard itself need not run, and nothing leaves the machine."""

    name = "tensorboard"

    def __init__(self) -> None:
        """Nothing is imported or written yet."""
        self._run: TrackedRun | None = None
        self._writer: Any = None
        self._last_step = 0

    def open(self, run: TrackedRun) -> str:
        """Begin a file; a resumed run takes back what an older file says of later steps."""
        import_library("tensorboard", "tensorboard", "TensorBoard")
        self._run = run
        self._begin(run.steps_done)
        if run.steps_done == 0:
            words = json.dumps(run.config, indent=1, ensure_ascii=False)
            # Four spaces make a block of code in the page's Markdown.
            self._writer.add_text("settings", "    " + words.replace("\n", "\n    "), 0)
            tags = ", ".join(run.tags) or "no tags"
            self._writer.add_text("run", f"{run.name} ({run.project}; {tags})", 0)
            self._writer.flush()
        return ""

    def write(self, point: Point) -> None:
        """Log a point; a step that comes again replaces the one before."""
        if point.is_step:
            if point.step <= self._last_step:
                self._writer.close()
                self._begin(point.step - 1)
            self._last_step = point.step
        for name, value in point.scalars.items():
            self._writer.add_scalar(name, value, point.step)
        for name, text in point.texts.items():
            self._writer.add_text(name, text, point.step)
        for name, picture in point.pictures.items():
            self._writer.add_image(name, pixels_of(picture), point.step, dataformats="HWC")
        if not point.is_step:
            self._writer.flush()

    def close(self) -> None:
        """Write what is still in memory."""
        if self._writer is not None:
            self._writer.close()

    def _begin(self, steps_done: int) -> None:
        assert self._run is not None
        library = import_library("torch.utils.tensorboard", "tensorboard", "TensorBoard")
        self._last_step = steps_done
        purge = steps_done + 1 if any(self._run.folder.glob("events.out.*")) else None
        self._writer = library.SummaryWriter(
            str(self._run.folder), purge_step=purge, max_queue=100, flush_secs=10
        )


def pixels_of(picture: Picture) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The picture as uint8 [H, W, 3]; of a clip the first frame."""
    with Image.open(picture.path) as image:
        return np.asarray(image.convert("RGB"))
