"""Makes a ComfyUI folder importable on the CPU for the scripts of this folder."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import torch


def use_comfyui(folder: Path, threads: int = 1) -> None:
    """Put ComfyUI on the import path and bind it to the CPU.

    Args:
        folder: The folder with ComfyUI's `main.py`.
        threads: Number of threads that torch may use.
    """
    sys.path.insert(0, str(folder.resolve()))
    torch.set_num_threads(threads)
    import comfy.cli_args

    comfy.cli_args.args.cpu = True


def import_demo_models() -> ModuleType:
    """Import the pack's `nodes/host/demo_models.py` without the rest of the pack."""
    root = Path(__file__).resolve().parents[3]
    for name in ("pack", "pack.nodes", "pack.nodes.host"):
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    return importlib.import_module("pack.nodes.host.demo_models")


def note_figures(key: str, value: object) -> None:
    """Put one entry into this folder's `figures.json`."""
    path = Path(__file__).resolve().parents[1] / "figures.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    figures[key] = value
    path.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
