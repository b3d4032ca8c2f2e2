"""pip, npm and apt-get behind one function that turns a failure into one sentence."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import TaskError
from ..layout import SETUP_LOG
from ..terminal import Ticker

_WORTH_SHOWING = re.compile(r"^\s*(Collecting|Downloading|Processing|Installing|Building)\b.*")
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


def run_logged(
    command: Sequence[str | Path],
    what: str,
    advice: str,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a command, keep its output in the set-up log, show what it is doing.

    Raises:
        TaskError: It could not be started or failed; the last line that explains why is quoted.
    """
    SETUP_LOG.parent.mkdir(parents=True, exist_ok=True)
    ticker = Ticker()
    tail: list[str] = []
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(env or {}),
            cwd=folder,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise TaskError(
            f"{what} failed: {command[0]} cannot be started ({error}). {advice}"
        ) from error
    with process, SETUP_LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        for line in process.stdout or ():
            log.write(line)
            tail = [*tail[-40:], line.strip()]
            if _WORTH_SHOWING.match(line):
                ticker.show(f"    {line.strip()}")
    ticker.close()
    if process.returncode != 0:
        raise TaskError(f"{what} failed: {_reason(tail)}. {advice} The log is {SETUP_LOG}.")


def _reason(lines: list[str]) -> str:
    """The line that says why, out of the last ones a command wrote."""
    said = [line for line in lines if line]
    errors = [line for line in said if re.search(r"\berror\b|^E:|ERR!", line, re.IGNORECASE)]
    chosen = (errors or said or ["it gave no reason"])[-1]
    return re.sub(r"^(ERROR|error|E|npm error|npm ERR!):?\s*", "", chosen).rstrip(".")


def pip(python: Path, arguments: Sequence[str | Path], what: str) -> None:
    """Run pip in `python`'s environment.

    Raises:
        TaskError: pip failed.
    """
    run_logged(
        [python, *_PIP, *arguments, "--progress-bar", "off"],
        what,
        "Check the network and the free disk space, then run the same command again.",
    )


def ask_python(python: Path, code: str, *arguments: str) -> str:
    """What a few lines of Python print in another interpreter.

    Raises:
        TaskError: The interpreter cannot run them.
    """
    try:
        done = subprocess.run(
            [str(python), "-c", code, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise TaskError(f"{python} cannot be started ({error}). Check that path.") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise TaskError(f"{python} failed: {lines[-1]}.")
    return done.stdout.strip()
