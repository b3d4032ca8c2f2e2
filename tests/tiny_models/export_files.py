"""Write the trained demo models as the safetensors files that the pack carries.

python export_files.py --run DIR [--models DIR] [--part vae|dit|both]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from parts.host import note_figures
from parts.stored import restore
from parts.vae_stills import stream_scale
from safetensors.torch import save_file
from torch import Tensor

MODELS = Path(__file__).resolve().parents[2] / "demo" / "models"


def write(path: Path, weights: dict[str, Tensor], metadata: dict[str, object]) -> None:
    """Save a file whole or not at all."""
    part = path.with_suffix(".part")
    weights = {name: value.contiguous() for name, value in weights.items()}
    save_file(weights, part, {key: str(value) for key, value in metadata.items()})
    part.chmod(0o644)
    part.replace(path)
    print(path.name, f"{path.stat().st_size / 1e6:.2f} MB")


def export_vae(run: Path, models: Path) -> None:
    """Write the VAE; weights that are too small for float16 are kept as bfloat16."""
    weights = {}
    for name, value in restore(run / "vae.safetensors").items():
        weights[name] = value.half() if stream_scale(name) == 1.0 else value.bfloat16()
    log = run / "vae_phases.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    phases = [json.loads(line) for line in lines]
    note_figures("vae_training", phases)
    write(
        models / "hunyuan_demo_vae.safetensors",
        weights,
        {"script": "tests/tiny_models/train_vae.py", "phases": json.dumps(phases)},
    )


def export_dit(run: Path, models: Path) -> None:
    """Write the diffusion model under ComfyUI's own names."""
    from parts.dit_model import comfy_state

    state = restore(run / "dit.safetensors")
    weights = {name: value.half() for name, value in state["weights"].items()}
    note_figures("dit_training", state["record"])
    write(
        models / "hunyuan_demo_dit.safetensors",
        comfy_state(weights),
        {"script": "tests/tiny_models/train_dit.py", "runs": json.dumps(state["record"])},
    )


def main() -> None:
    """Write the parts that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--part", choices=("vae", "dit", "both"), default="both")
    args = parser.parse_args()
    args.models.mkdir(parents=True, exist_ok=True)
    if args.part != "dit":
        export_vae(args.run, args.models)
    if args.part != "vae":
        export_dit(args.run, args.models)


if __name__ == "__main__":
    main()
