"""Runs a check script inside ComfyUI's Python and reads what it prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import Comfyui


def run_check(comfyui: Comfyui, script: Path) -> dict[str, Any]:
    """The JSON object that a script prints as its last line."""
    done = subprocess.run(
        [str(comfyui.python), str(script), "--comfyui", str(comfyui.path)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
