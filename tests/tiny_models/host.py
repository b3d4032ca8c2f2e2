"""Makes a ComfyUI folder importable on the CPU for the scripts of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

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
