"""An existing ComfyUI as the host: its own Python, and only what the pack lacks added to it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from ..errors import TaskError
from ..layout import Host, pack_requirements, venv_python
from ..terminal import say
from .installer import ask_python, pip

_INSTALLED = (
    "import json, importlib.metadata as m; "
    "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()"
    " if d.metadata['Name']}))"
)
# What must be added for the given requirements to hold, asked in the host's own Python: those that
# are absent or too old, and what the ones already there need and lack.
_MISSING = """
import importlib.metadata as metadata, json, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
missing, seen, waiting = [], set(), [(text, True) for text in sys.argv[1:]]
while waiting:
    text, is_direct = waiting.pop()
    wanted = Requirement(text)
    if wanted.name.lower() in seen or wanted.marker and not wanted.marker.evaluate({'extra': ''}):
        continue
    seen.add(wanted.name.lower())
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        missing.append(text.split(';')[0].strip())
        continue
    if is_direct and not wanted.specifier.contains(version, prereleases=True):
        missing.append(text.split(';')[0].strip())
    waiting += [(needed, False) for needed in metadata.requires(wanted.name) or ()]
print(json.dumps(sorted(missing)))
"""
# ComfyUI's own; another version of these can break somebody's installation.
_NEVER_ADDED = ("torch", "torchvision", "torchaudio", "numpy")
_MOST_ROUNDS = 12


def prepare_existing_host(path: Path, python: Path | None, *, with_tools: bool) -> Host:
    """Use the ComfyUI at `path`; `with_tools` adds pytest and the other test tools.

    Raises:
        TaskError: No ComfyUI or no fitting Python there, or a requirement cannot be installed.
    """
    folder = _find_comfyui(path)
    host = Host(folder=folder, python=python or _find_python(folder), is_own=False)
    say(f"Using ComfyUI {host.version} in {folder} with {host.python}")
    _add_missing(
        host.python, pack_requirements() + (pack_requirements("dev") if with_tools else [])
    )
    return host


def _find_comfyui(path: Path) -> Path:
    """The folder with main.py: `path` itself, or ComfyUI inside it (the portable package)."""
    for folder in (path, path / "ComfyUI"):
        if (folder / "main.py").is_file() and (folder / "comfyui_version.py").is_file():
            return folder.resolve()
    raise TaskError(
        f"No ComfyUI in '{path}': main.py and comfyui_version.py are not there. Give the folder "
        "that holds ComfyUI's main.py to --comfyui, or leave the option out."
    )


def _find_python(folder: Path) -> Path:
    """The Python that this ComfyUI runs with."""
    around = (folder.parent, folder)
    candidates = [base / "python_embeded" / "python.exe" for base in around]
    candidates += [venv_python(base / n) for base in reversed(around) for n in ("venv", ".venv")]
    candidates.append(Path(sys.executable))
    for python in candidates:
        if not python.is_file():
            continue
        try:
            ask_python(python, "import importlib.util as u; assert u.find_spec('torch')")
        except TaskError:
            continue
        return python
    raise TaskError(
        f"No Python with PyTorch was found for {folder} (looked for python_embeded, venv and "
        ".venv in it and beside it, and at the Python that runs this). Name it with --python PATH."
    )


def _add_missing(python: Path, wanted: list[str]) -> None:
    """Add what is missing, one layer of requirements after the other, touching nothing else.

    pip's own resolver is not used: it would also "repair" other packages of an installation that
    works, or refuse to install into one whose packages disagree.
    """
    before: dict[str, str] = {}
    for _ in range(_MOST_ROUNDS):
        missing = json.loads(ask_python(python, _MISSING, *wanted, "torch", "numpy"))
        impossible = [text for text in missing if _name(text) in _NEVER_ADDED]
        if impossible:
            raise TaskError(
                f"{python} lacks {', '.join(impossible)}, which only ComfyUI's own set-up should "
                "install. Name the Python that runs ComfyUI with --python PATH."
            )
        if not missing:
            break
        before = before or json.loads(ask_python(python, _INSTALLED))
        say(f"Adding to {python}: {', '.join(missing)}")
        pip(python, ["install", "--no-deps", *missing], "Adding the pack's requirements")
    _check_unchanged(python, before)


def _name(requirement: str) -> str:
    """The package's name in a requirement such as "torch>=2.0"."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _check_unchanged(python: Path, before: dict[str, str]) -> None:
    """Torch and numpy must be as they were."""
    if not before:
        return
    after = json.loads(ask_python(python, _INSTALLED))
    changed = [name for name in _NEVER_ADDED if before.get(name) != after.get(name)]
    if changed:
        raise TaskError(
            f"pip changed {' and '.join(changed)} in {python} although it was told not to. "
            f"Put back: {', '.join(f'{name}=={before.get(name)}' for name in changed)}."
        )


def existing_path(option: str | None) -> Path | None:
    """The ComfyUI named by --comfyui or COMFYUI_PATH, or None for the default host."""
    named = option or os.environ.get("COMFYUI_PATH") or ""
    return Path(named).expanduser() if named else None
