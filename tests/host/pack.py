"""Loads the pack inside a ComfyUI that runs in this process, for checks without a server.

    python some_check.py --comfyui PATH

Scripts that use it run as a subprocess with ComfyUI's Python.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "hunyuan_lora_pack"


def load() -> Path:
    """Start ComfyUI's modules on the CPU and register the pack; returns ComfyUI's folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    sys.argv = [sys.argv[0]]
    os.chdir(options.comfyui)
    sys.path.insert(0, str(options.comfyui))
    logging.disable(logging.WARNING)
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    import torch

    torch.set_num_threads(1)
    _register(ROOT, NAME)
    # The nodes' own __init__ wants a whole server; the host layer does not.
    nodes = types.ModuleType(f"{NAME}.nodes")
    nodes.__path__ = [str(ROOT / "nodes")]
    sys.modules[f"{NAME}.nodes"] = nodes
    return Path(options.comfyui)


def _register(folder: Path, name: str) -> None:
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{folder} is not a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
