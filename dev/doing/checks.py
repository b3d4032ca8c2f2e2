"""The tests and the static checks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..installing.browser_tools import find_node, prepare_browser, prepare_node_packages
from ..layout import ROOT, Host
from ..terminal import say


def run_tests(host: Host, arguments: Sequence[str]) -> int:
    """pytest over tests/, then the page's own tests; pytest's closing line comes last.

    Raises:
        TaskError: The browser or npm is missing and cannot be installed.
    """
    env = os.environ | {
        "COMFYUI_PATH": str(host.folder),
        "COMFYUI_PYTHON": str(host.python),
        "CHROMIUM": str(prepare_browser()),
        "PYTHONUNBUFFERED": "1",
    }
    prepare_node_packages()
    code, closing = _stream([str(host.python), "-m", "pytest", *arguments], env)
    scripts = sorted(
        str(path.relative_to(ROOT))
        for pattern in ("*.test.js", "*.test.mjs")
        for path in (ROOT / "tests" / "web").rglob(pattern)
    )
    if scripts and not arguments:
        node_code, _ = _stream([find_node(), "--test", *scripts], env)
        say("Tests of the page: " + ("passed" if node_code == 0 else "FAILED"))
        code = code or node_code
    say(closing)
    return code


def run_lint(host: Host) -> int:
    """ruff, mypy over trainer/, tsc over web/; all of them, whatever the first ones say."""
    prepare_node_packages()
    python = str(host.python)
    tsc = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    checks = {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "mypy trainer": [python, "-m", "mypy", "trainer"],
        "tsc --checkJs": [find_node(), str(tsc), "--project", str(ROOT / "tsconfig.json")],
    }
    failed = []
    for name, command in checks.items():
        say(f"== {name}")
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
    say(f"Lint: {', '.join(failed)} FAILED" if failed else "Lint: all passed")
    return 1 if failed else 0


def _stream(command: Sequence[str | Path], env: dict[str, str]) -> tuple[int, str]:
    """Run a command, pass its output on as it comes; its exit code and last full line."""
    last = ""
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
                last = line.strip() or last
        except BaseException:
            process.terminate()
            raise
    return process.returncode, last
