"""Any other tracker that accelerate knows, or that was registered with it."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from .backend import TrackedRun, TrackerError, import_library
from .points import Point


class AccelerateTracker:
    """One of accelerate's trackers, used without accelerate's distributed state."""

    def __init__(self, name: str) -> None:
        """Nothing is imported yet.

        Args:
            name: As accelerate calls it, such as "trackio" or "mlflow".
        """
        self.name = name
        self._tracker: Any = None

    def open(self, run: TrackedRun) -> str:
        """Make the tracker, begin its run and store the settings."""
        tracking = import_library("accelerate.tracking", "accelerate", "accelerate")
        kind = self._find_class(tracking)
        _free_of_state(tracking)
        run.folder.mkdir(parents=True, exist_ok=True)
        values = _arguments(self.name, run)
        if kind.requires_logging_directory:
            values["logging_dir"] = str(run.folder)
        try:
            tracker = kind(run.project, **values)
            if hasattr(tracker, "start"):
                tracker.start()
        except ImportError as error:
            raise TrackerError(_missing_text(self.name, str(error))) from error
        self._tracker = tracker
        tracker.store_init_configuration(run.flat_config())
        return ""

    def write(self, point: Point) -> None:
        """Log the numbers; accelerate has no common way for words and pictures."""
        if point.scalars:
            self._tracker.log(dict(point.scalars), step=point.step)

    def close(self) -> None:
        """Let the tracker finish."""
        if self._tracker is not None:
            tracker, self._tracker = self._tracker, None
            tracker.finish()

    def _find_class(self, tracking: Any) -> Any:
        known = tracking.LOGGER_TYPE_TO_CLASS
        if self.name not in known:
            names = ", ".join(sorted(set(map(str, known)) - {"tensorboard", "wandb"}))
            raise TrackerError(
                f"accelerate knows no tracker '{self.name}'. Change 'trackers.other'; "
                f"it can be one of {names}."
            )
        kind = known[self.name]
        # There is one process here; asking which of many it is would set up torch's devices.
        return type(kind.__name__, (kind,), {"main_process_only": False})


class _PlainLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger that does not ask which of many processes this is."""

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        for name in ("main_process_only", "in_order"):
            kwargs.pop(name, None)
        return msg, kwargs

    def warning_once(self, *values: Any, **named: Any) -> None:
        self.warning(*values, **named)


def _free_of_state(tracking: Any) -> None:
    """Keep accelerate's trackers from needing its PartialState.

    Its logger refuses to work before that state exists, and the state would choose a device for
    every other user of accelerate in this process (accelerate 1.15, accelerate/state.py).
    """
    if not isinstance(tracking.logger, _PlainLogger):
        tracking.logger = _PlainLogger(logging.getLogger(tracking.__name__), {})


def _arguments(name: str, run: TrackedRun) -> dict[str, Any]:
    """What keeps a tracker's files in the run folder and gives it the run's name and tags."""
    folder, tags = str(run.folder), list(run.tags)
    known: dict[str, dict[str, Any]] = {
        "trackio": {"name": run.name},
        "swanlab": {"experiment_name": run.name, "logdir": folder, "tags": tags},
        "dvclive": {"dir": folder, "save_dvc_exp": False, "report": None},
        "mlflow": {
            "run_name": run.name,
            "logging_dir": folder,
            "tags": dict.fromkeys(tags, "true"),
        },
        "clearml": {"task_name": run.name, "tags": tags, "auto_connect_frameworks": False},
    }
    return known.get(name, {})


def _missing_text(name: str, error: str) -> str:
    return (
        f"The library of '{name}' cannot be loaded ({error}). Install it with "
        f"'-m pip install {name.replace('_', '-')}', run with the Python that runs ComfyUI, or "
        "take it out of 'trackers.other'."
    )
