"""All trackers of a run: fed with its events, never in its way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from ...config import TrackerSettings
from ...errors import StateError
from .accelerate_tracker import AccelerateTracker
from .backend import Backend, TrackedRun
from .points import PointMaker
from .privacy import shareable_config
from .tensorboard_files import TensorboardFiles
from .wandb_run import WandbRun
from .worker import TrackerWorker

FOLDER = "trackers"
CLOSING_SECONDS = 8.0


class Trackers:
    """Takes every event of a run and passes it to the trackers that are turned on.

    Nothing here raises or waits for a tracker: each works in a thread of its own. What goes wrong
    is told through `warn`, always in the thread that calls `on_event` or `close`.
    """

    def __init__(
        self,
        settings: TrackerSettings,
        run_folder: Path,
        config_values: Mapping[str, Mapping[str, Any]],
        warn: Callable[[str], object],
    ) -> None:
        """Make the trackers; each begins with the run's "start" event.

        Args:
            settings: Which trackers, and how they name the run.
            run_folder: The run; trackers write below its trackers/ only.
            config_values: The run's settings by section and name.
            warn: Takes one sentence for the user; its exceptions are swallowed.
        """
        config = shareable_config(config_values)
        self._warn = warn
        self._points = PointMaker(run_folder)
        self._workers = [
            TrackerWorker(
                backend,
                TrackedRun(
                    folder=run_folder / FOLDER / backend.name,
                    project=settings.project,
                    name=settings.name or run_folder.name,
                    tags=settings.tag_list,
                    config=config,
                ),
            )
            for backend in make_backends(settings)
        ]
        self._is_closed = False

    def on_event(self, record: Mapping[str, Any]) -> None:
        """Pass on one record of events.jsonl; fits `Hooks.on_event`."""
        if not self._workers or self._is_closed:
            return
        try:
            if record["type"] == "start":
                self._begin(int(record.get("steps_done", 0)))
            elif (point := self._points.point_of(record)) is not None:
                for worker in self._workers:
                    worker.put(point)
        except (KeyError, TypeError, ValueError) as error:
            self._say(f"An event cannot be shown in trackers: {type(error).__name__} {error}.")
        self._pass_words_on()

    def close(self, seconds: float = CLOSING_SECONDS) -> None:
        """Let all trackers finish together, for at most so many seconds; later calls do nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.begin_closing()
        for worker in self._workers:
            worker.finish(deadline)
        self._pass_words_on()

    def __enter__(self) -> Trackers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, steps_done: int) -> None:
        for worker in self._workers:
            worker.start(steps_done)
        if steps_done > 0:
            with contextlib.suppress(StateError):  # then the average begins here
                self._points.recall(steps_done)

    def _pass_words_on(self) -> None:
        for worker in self._workers:
            for words in worker.take_words():
                self._say(words)

    def _say(self, words: str) -> None:
        try:
            self._warn(words)
        except Exception:  # a warning that cannot be shown must not end a run
            return


def make_backends(settings: TrackerSettings) -> list[Backend]:
    """The trackers that the settings turn on."""
    backends: list[Backend] = []
    if settings.tensorboard:
        backends.append(TensorboardFiles())
    if settings.wandb != "off":
        backends.append(WandbRun(settings.wandb))
    backends += [cast(Backend, AccelerateTracker(name)) for name in settings.other_list]
    return backends
