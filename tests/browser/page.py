"""Runs shot.mjs against a server and gives back what it saw."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.host.server import HostServer

SCRIPT = Path(__file__).with_name("shot.mjs")

# Noise of ComfyUI's own page (seen in 0.3.75 and 0.33.0), none of it ours:
TOLERATED = (
    # Files that a user may have and a new installation has not.
    r"request: 404 (/api)?/user\.css",
    r"request: 404 /api/userdata(/user\.css|/comfy\.templates\.json)?",
    # The page asks comfy.org about every node type; the server's own policy forbids it.
    r"console: Connecting to 'https://api\.comfy\.org/",
    # 0.33.0 asks for the models of its own first graph, which the same policy forbids.
    r"console: (Connecting to '|Fetch API cannot load )https://huggingface\.co/Comfy-Org/z_image",
    r"console: ComfyApp graph accessed before initialization$",
    # Opening a workflow in a new tab right after the page was loaded.
    r"console: Attempted to cleanup event listeners for graph that was never set up$",
    # Reloading the page while something runs: progress comes before the canvas is there.
    r"pageerror: getCanvas: canvas is null$",
    # It sets a setting before it has registered it.
    r"console: TypeError: Cannot read properties of undefined \(reading 'id'\)\n    at onChange",
)


def is_tolerated(error: str) -> bool:
    """Is this complaint ComfyUI's own? Never, when it comes from an extension's file."""
    return "/extensions/" not in error and any(re.match(line, error) for line in TOLERATED)


def open_workflow(
    server: HostServer,
    workflow: str | Path,
    picture: Path,
    *,
    run: bool,
    widgets: dict[str, object] | None = None,
    nodes2: bool = False,
) -> dict[str, Any]:
    """Open a workflow in a real browser; `run` also presses Run and waits for the end.

    Args:
        server: The server to open.
        workflow: Name of an example workflow (without ".json"), or a workflow file.
        picture: Where to put a picture of the page (PNG).
        run: Run the workflow too.
        widgets: Values to set first, by "NodeType.widget".
        nodes2: Draw the nodes the newer way ("Nodes 2.0").
    """
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed; 'python tasks.py test' says how"
    source = "--file" if isinstance(workflow, Path) else "--workflow"
    command = [node, str(SCRIPT), "--port", str(server.client.port), source, str(workflow)]
    command += ["--out", str(picture)]
    command += [] if run else ["--no-run"]
    command += ["--nodes2"] if nodes2 else []
    for name, value in (widgets or {}).items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    outcome["errors"] = [text for text in outcome["errors"] if not is_tolerated(text)]
    return outcome
