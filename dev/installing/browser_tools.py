"""What the browser tests need: a Chromium, Node.js and the packages in package.json."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from ..errors import TaskError
from ..layout import ROOT
from ..terminal import say
from .installer import run_logged

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge",
    "msedge",
)
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)


def prepare_browser() -> Path:
    """A Chromium-like browser, installed first where that is possible.

    Raises:
        TaskError: None is there and none can be installed.
    """
    found = _find_browser()
    if found is None and sys.platform == "linux" and shutil.which("apt-get") and os.geteuid() == 0:
        say("Installing Chromium for the browser tests (apt-get)")
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        advice = "Check the network, or install Chromium by hand and set CHROMIUM to its path."
        run_logged(["apt-get", "update"], "Reading Debian's package lists", advice, env)
        packages = ["chromium", "fonts-dejavu-core"]
        run_logged(
            ["apt-get", "install", "-y", "--no-install-recommends", *packages],
            "Installing Chromium",
            advice,
            env,
        )
        found = _find_browser()
    if found is None:
        raise TaskError(
            "The browser tests need Chromium, Chrome or Edge, and none was found. Install one, "
            "or set the variable CHROMIUM to its path."
        )
    return found


def _find_browser() -> Path | None:
    """A browser that is already there."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).is_file():
            raise TaskError(f"CHROMIUM names '{named}', which is no file. Correct or unset it.")
        return Path(named)
    for name in _NAMES:
        path = shutil.which(name)
        if path:
            return Path(path)
    roots = [os.environ.get(n, "") for n in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
    guesses = [Path(path) for path in _MAC]
    guesses += [Path(root) / path for root in roots if root for path in _WINDOWS]
    return next((path for path in guesses if path.is_file()), None)


def find_node() -> str:
    """The `node` program.

    Raises:
        TaskError: Node.js is not installed.
    """
    node = shutil.which("node")
    if node is None:
        raise TaskError(
            "Node.js was not found; the tests and checks of the page need version 20 or newer. "
            "Install it from nodejs.org or your system's packages."
        )
    return node


def prepare_node_packages() -> None:
    """Install the development packages of package.json, unless these very ones are there.

    Raises:
        TaskError: npm is missing or failed.
    """
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = ROOT / "node_modules" / ".hunyuan-lora-studio"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise TaskError(
            "npm was not found; the browser tests need it to install playwright-core. Install "
            "Node.js 20 or newer, which brings it."
        )
    say("Installing the packages of the browser tests (npm)")
    run_logged(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        "Installing the npm packages",
        "Check the network, then run the same command again.",
        folder=ROOT,
    )
    stamp.write_text(digest, encoding="utf-8")
