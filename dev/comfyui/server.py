"""Starts and stops a real ComfyUI server that keeps everything it writes in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
from pathlib import Path
from types import TracebackType

from ..errors import TaskError
from ..layout import PACK_NAME, ROOT, Host
from .api import Client

# Without these the first page is covered by the template gallery and by announcements.
_FIRST_RUN_SETTINGS = {
    "Comfy.TutorialCompleted": True,
    "Comfy.InstalledVersion": "1.32.9",
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.Workflow.ShowMissingModelsWarning": False,
}
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".comfyui", "node_modules", "demo_output", "__pycache__", ".*_cache"
)
_FOLDERS = ("custom_nodes", "models/loras", "models/diffusion_models", "input", "output", "temp")
_START_SECONDS = 180.0


def prepare_base(base: Path) -> None:
    """Make ComfyUI's base folder, put the pack into it and answer the first-run questions."""
    for name in _FOLDERS:
        (base / name).mkdir(parents=True, exist_ok=True)
    _place_pack(base / "custom_nodes" / PACK_NAME)
    settings = base / "user" / "default" / "comfy.settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    if not settings.is_file():
        settings.write_text(json.dumps(_FIRST_RUN_SETTINGS, indent=2), encoding="utf-8")


def _place_pack(target: Path) -> None:
    """Link the pack into custom_nodes; copy it where links are not allowed (Windows)."""
    if target.is_symlink():
        target.unlink()
    elif target.exists():
        shutil.rmtree(target)
    try:
        os.symlink(ROOT, target, target_is_directory=True)
    except OSError:
        shutil.copytree(ROOT, target, ignore=_NOT_COPIED)


def free_port(wanted: int = 0) -> int:
    """`wanted` if nothing listens there, else any free port of this machine."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise TaskError("No free port on 127.0.0.1. Close some programs and try again.")


class Server:
    """A running ComfyUI; used as a context manager, so that it always ends."""

    def __init__(self, host: Host, base: Path, *, port: int = 0, use_gpu: bool = False) -> None:
        self.host = host
        self.base = base
        self.log_path = base / "server.log"
        self.client = Client(free_port(port))
        self._use_gpu = use_gpu
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise TaskError("The ComfyUI server is not running.")
        return self._process.pid

    def __enter__(self) -> Server:
        prepare_base(self.base)
        options: dict[str, object] = {}
        if os.name == "nt":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
        else:
            # Ctrl-C reaches only us; we then stop the server in order.
            options["start_new_session"] = True
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.host.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                **options,  # type: ignore[call-overload]
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        """The server's command line."""
        database = (self.base / "user" / "comfyui.db").as_posix()
        command = [str(self.host.python), "main.py"]
        command += ["--listen", "127.0.0.1", "--port", str(self.client.port)]
        command += ["--base-directory", str(self.base)]
        command += ["--database-url", f"sqlite:///{database}"]
        command += ["--disable-api-nodes", "--dont-print-server", "--disable-auto-launch"]
        return command if self._use_gpu else [*command, "--cpu"]

    def _environment(self) -> dict[str, str]:
        """Our own variables and what the server needs."""
        env = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        if not self._use_gpu:
            # The demo's models are tiny. Threads that wait for each other on a busy machine made
            # a training step of theirs forty times slower than one thread alone.
            env.setdefault("OMP_NUM_THREADS", "1")
        return env

    def _wait_until_ready(self) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self._process is not None and self._process.poll() is not None:
                raise TaskError(f"The ComfyUI server ended while starting:\n{self.log_tail()}")
            with contextlib.suppress(urllib.error.URLError, OSError):
                self.client.get("/system_stats")
                return
            time.sleep(0.25)
        raise TaskError(
            f"The ComfyUI server did not answer within {_START_SECONDS:.0f} s. "
            f"See {self.log_path}:\n{self.log_tail()}"
        )

    def log_tail(self, lines: int = 25) -> str:
        """The last lines the server wrote."""
        text = self.log_path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def wait(self) -> int:
        """Wait until the server ends by itself."""
        return 0 if self._process is None else self._process.wait()

    def stop(self) -> None:
        """End the server and wait for it."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        if os.name == "nt":
            process.terminate()
        else:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=15)
