"""wandb, online or offline, kept away from everything in the process that is not this run's."""

from __future__ import annotations

import json
import netrc
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse

from ...files import write_text
from .backend import TrackedRun, import_library
from .points import Point

_KEY_VARIABLES = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
INIT_SECONDS = 60
# wandb is a guest in the user's process: no console, git, code, packages or machine is looked at.
_GUEST = {
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "save_code": False,
    "silent": True,
    "quiet": True,
    "symlink": False,
    "host": "",
    "program": "",
    "x_disable_stats": True,
    "x_disable_meta": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
    "reinit": "create_new",
}


class WandbRun:
    """One wandb run, continued when training is resumed."""

    name = "wandb"

    def __init__(self, mode: Literal["online", "offline"]) -> None:
        """Nothing is imported or sent yet.

        Args:
            mode: offline writes files only; "wandb sync" can send them later.
        """
        self._mode = mode
        self._library: Any = None
        self._run: Any = None
        self._notes_path = Path()
        self._id = ""
        self._offset = 0
        self._last_step = 0
        self._owns_service = False

    def open(self, run: TrackedRun) -> str:
        """Begin the run, or go on with the one this run folder began."""
        run.folder.mkdir(parents=True, exist_ok=True)
        self._notes_path = run.folder / "run.json"
        self._read_notes()
        self._owns_service = "wandb" not in sys.modules or _Service.is_ours
        with _environment(run.folder):
            self._library = import_library("wandb", "wandb", "wandb")
            _Service.is_ours = self._owns_service
            remark = self._begin(run)
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")
        self._last_step = run.steps_done
        self._offset = max(self._offset, int(self._run.step or 0) - run.steps_done, 0)
        self._write_notes()
        return remark

    def write(self, point: Point) -> None:
        """Log a point; rows only go forward, also where steps are done again."""
        if point.is_step:
            if point.step <= self._last_step:
                self._offset += self._last_step - point.step + 1
                self._write_notes()
            self._last_step = point.step
        values: dict[str, Any] = dict(point.scalars)
        for name, picture in point.pictures.items():
            values[name] = self._library.Image(str(picture.path), caption=picture.caption)
        if values:
            self._run.log({"step": point.step, **values}, step=point.step + self._offset)
        for name, text in point.texts.items():
            self._run.summary[name] = text

    def close(self) -> None:
        """Send or write what is left."""
        if self._run is None:
            return
        run, self._run = self._run, None
        run.finish()
        # Its helper process keeps a log open in this run's folder.
        self._end_service()

    def _end_service(self) -> bool:
        """End wandb's helper process, unless somebody else in this process may be using it."""
        if not self._owns_service or self._library.run is not None:
            return False
        self._library.teardown()
        return True

    def _begin(self, run: TrackedRun) -> str:
        mode, remark = self._mode, ""
        if os.environ.get("WANDB_MODE") in ("offline", "dryrun", "disabled"):
            mode = "offline"
        later = f"The run is kept offline in '{run.folder}'; 'wandb sync' can send it later."
        if mode == "online" and not _has_login(self._base_url()):
            mode = "offline"
            remark = (
                "wandb is set to online, but nobody is logged in. Run 'wandb login' in a console "
                f"once, or set WANDB_API_KEY before ComfyUI starts. {later}"
            )
        try:
            self._run = self._init(run, mode)
        except Exception as error:  # wandb's own errors have no common public base
            if mode == "offline":
                raise
            first = next(iter(str(error).splitlines()), "")[:200]
            remark = f"wandb cannot be reached ({first}). {later}"
            # The helper process holds on to the id of a run that failed to begin.
            if not self._end_service():
                self._id = secrets.token_hex(4)
            self._run = self._init(run, "offline")
        return remark

    def _init(self, run: TrackedRun, mode: str) -> Any:
        settings = self._library.Settings(
            mode=mode,
            root_dir=str(run.folder),
            init_timeout=INIT_SECONDS,
            **self._known_settings(_GUEST),
        )
        return self._library.init(
            project=run.project,
            name=run.name,
            tags=list(run.tags),
            id=self._id,
            resume="allow",
            config={section: dict(values) for section, values in run.config.items()},
            settings=settings,
        )

    def _known_settings(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the settings that this version of wandb has."""
        known = getattr(self._library.Settings, "model_fields", wanted)
        return {name: value for name, value in wanted.items() if name in known}

    def _base_url(self) -> str:
        return str(self._library.setup().settings.base_url)

    def _read_notes(self) -> None:
        try:
            notes = json.loads(self._notes_path.read_text(encoding="utf-8"))
            self._id, self._offset = str(notes["id"]), int(notes["offset"])
        except (OSError, ValueError, KeyError, TypeError):
            self._id, self._offset = secrets.token_hex(4), 0

    def _write_notes(self) -> None:
        write_text(self._notes_path, json.dumps({"id": self._id, "offset": self._offset}) + "\n")


class _Service:
    """Whether wandb's helper process in this process serves only us."""

    is_ours = False


def _has_login(base_url: str) -> bool:
    """Whether wandb will find a key by itself; otherwise it would ask on the console and wait."""
    if any(os.environ.get(name) for name in _KEY_VARIABLES):
        return True
    places = [os.environ.get("NETRC"), "~/.netrc", "~/_netrc"]
    for place in places:
        try:
            path = Path(place or "").expanduser()
            if place and netrc.netrc(str(path)).authenticators(urlparse(base_url).hostname or ""):
                return True
        except (OSError, netrc.NetrcParseError, RuntimeError):
            continue
    return False


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Keep wandb's start from reporting about itself, writing elsewhere or taking over exits."""
    wanted = {
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_CACHE_DIR": str(folder / "cache"),
        "WANDB_DATA_DIR": str(folder / "data"),
    }
    added = [name for name in wanted if name not in os.environ]
    hooks = sys.exit, sys.excepthook
    is_first = "wandb" not in sys.modules
    streams = [(stream, stream.write) for stream in (sys.stdout, sys.stderr) if stream is not None]
    os.environ.update({name: wanted[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
        # wandb puts its own in their place to learn the exit code; here a run's end is told to it.
        sys.exit, sys.excepthook = hooks
        # Its import wraps what prints (wandb 0.31, sdk/lib/console_capture.py), capture or not.
        for stream, write in streams if is_first else ():
            with suppress(AttributeError):  # a stream that could not be wrapped either
                stream.write = write  # type: ignore[method-assign]
