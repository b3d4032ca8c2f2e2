"""The commands of `tasks.py`: their options, and what each one does."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from ..comfyui.server import Server
from ..errors import TaskError
from ..installing.existing import existing_path, prepare_existing_host
from ..installing.setup import prepare_own_host
from ..layout import BASE, Host
from ..terminal import say
from .benchmarks import RESULTS, run_benchmarks
from .checks import run_lint, run_tests
from .demo import describe, run_demo, write_pictures


def main(description: str, arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parse(description, arguments)
    # A plain kill ends the server too, the same way as Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _COMMANDS[options.command](options)
    except TaskError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error}. Check the disk and the permissions of that file.\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130


def _parse(description: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog="More words after 'test' go to pytest; those after 'bench' name benchmarks.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("--comfyui", metavar="PATH", help="folder of an existing ComfyUI")
    parser.add_argument("--python", metavar="PATH", help="the Python of that ComfyUI")
    parser.add_argument("--port", type=int, default=8188, help="serve: port (default 8188)")
    parser.add_argument("--gpu", action="store_true", help="serve: use the graphics card")
    options, options.rest = parser.parse_known_args(arguments)
    names_only = options.command == "bench" and not any(r.startswith("-") for r in options.rest)
    if options.rest and options.command != "test" and not names_only:
        parser.error("unrecognized arguments: " + " ".join(options.rest))
    return options


def _prepare(options: argparse.Namespace, *, with_tools: bool) -> Host:
    """The ComfyUI to use, made or found."""
    path = existing_path(options.comfyui)
    if path is None:
        return prepare_own_host()
    named = options.python or os.environ.get("COMFYUI_PYTHON")
    python = Path(named).expanduser() if named else None
    return prepare_existing_host(path, python, with_tools=with_tools)


def _demo(options: argparse.Namespace) -> int:
    started = time.monotonic()
    host = _prepare(options, with_tools=False)
    say(describe(run_demo(host, time.monotonic() - started)))
    return 0


def _test(options: argparse.Namespace) -> int:
    return run_tests(_prepare(options, with_tools=True), options.rest)


def _lint(options: argparse.Namespace) -> int:
    return run_lint(_prepare(options, with_tools=True))


def _bench(options: argparse.Namespace) -> int:
    results = run_benchmarks(_prepare(options, with_tools=True), options.rest)
    say(f"{len(results)} results in {RESULTS}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    host = _prepare(options, with_tools=False)
    BASE.mkdir(parents=True, exist_ok=True)
    write_pictures(host, BASE)
    with Server(host, BASE, port=options.port, use_gpu=options.gpu) as server:
        say(f"ComfyUI is at {server.client.address} - Ctrl-C ends it.")
        say("The example workflows are in Workflow > Browse Templates > hunyuan-lora-studio.")
        has_screen = sys.platform != "linux" or any(
            os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
        )
        if has_screen:
            webbrowser.open(server.client.address)
        return server.wait()


_COMMANDS = {"demo": _demo, "test": _test, "serve": _serve, "bench": _bench, "lint": _lint}
