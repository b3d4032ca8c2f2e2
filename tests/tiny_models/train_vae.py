"""Train the demo VAE: ComfyUI's causal 3D AutoencoderKL, small enough for a CPU.

    python train_vae.py --comfyui PATH --out DIR --phase decoder --minutes 45
    python train_vae.py --comfyui PATH --out DIR --phase clips   --minutes 10

The encoder is not trained: it starts, and for single pictures stays, as the linear code of 8x8
patches that keeps most of their energy, so that the diffusion model can be trained at the same
time. `decoder` trains the decoder on single pictures. `clips` opens the kernel taps of both
halves that look back in time, while the encoder keeps what it does with a still.
Each phase starts from DIR/vae.safetensors where that exists and leaves its averaged weights there.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F  # noqa: N812
from parts.host import use_comfyui
from parts.muon import ConvMuon
from parts.pictures_stream import clip, patch_basis, picture, still_batch, to_tensor
from parts.stored import restore, store
from torch import Tensor, nn

LATENT_NOISE = 0.15


def reconstruction_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """L1 on pixels, on their differences to the neighbours and on a half-size copy."""
    loss = (made - wanted).abs().mean()
    error = made - wanted
    loss = loss + 0.5 * error.diff(dim=-1).abs().mean() + 0.5 * error.diff(dim=-2).abs().mean()
    flat = error.flatten(0, 1) if error.ndim == 4 else error.transpose(1, 2).flatten(0, 2)
    return loss + 0.5 * F.avg_pool2d(flat[:, None], 4).abs().mean()


def learning_rate(done: float, peak: float, warm: float = 0.02, last: float = 0.05) -> float:
    """Warm up, then fall along a cosine; `done` is the finished share of the run."""
    if done < warm:
        return peak * max(done / warm, 0.02)
    return peak * (last + (1 - last) * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm))))


def still_loss(vae: nn.Module, rng: Random) -> Tensor:
    """Return the loss of the decoder on one batch of stills."""
    from parts.vae_stills import decode_stills, encode_stills

    pictures = still_batch(rng)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.no_grad():
            latents = encode_stills(vae, pictures).float()
        noisy = latents + LATENT_NOISE * rng.random() * torch.randn_like(latents)
        made = decode_stills(vae, noisy).float()
    return reconstruction_loss(made, pictures)


def clip_loss(vae: nn.Module, rng: Random) -> Tensor:
    """Return the loss on one moving clip."""
    frames = clip(rng, rng.choice((5, 9)), (48, 48))[None]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = vae.decode(vae.encode(frames)).float()
    return reconstruction_loss(made, frames)


class KeepStills:
    """Holds the time sum of every kernel, so that single pictures are coded as before."""

    def __init__(self, module: nn.Module) -> None:
        self.sums = [
            (p, p.detach().sum(2, keepdim=True))
            for p in module.parameters()
            if p.ndim == 5 and p.shape[2] == 3
        ]

    @torch.no_grad()
    def restore(self) -> None:
        """Move the kernels back to their sums by the smallest change."""
        for value, wanted in self.sums:
            value.sub_((value.sum(2, keepdim=True) - wanted) / 3)


def open_phase(vae: nn.Module, phase: str) -> None:
    """Choose what a phase may change."""
    from parts.vae_stills import flatten_time

    if phase == "decoder":
        flatten_time(vae)
    for name, value in vae.named_parameters():
        encoder = name.startswith(("encoder", "quant_conv"))
        look_back = value.ndim == 5 and value.shape[2] == 3
        value.requires_grad_(not encoder or (phase == "clips" and look_back))


def make_optimizers(vae: nn.Module, lr: float) -> list[torch.optim.Optimizer]:
    """Muon for kernels, AdamW for the rest; weights that are kept small get small steps."""
    from parts.vae_stills import stream_scale

    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, value in vae.named_parameters():
        if value.requires_grad:
            kernel = value.ndim >= 4 and min(value.shape[:2]) > 3
            groups.setdefault((kernel, stream_scale(name)), []).append(value)
    made = [
        [
            {"params": values, "scale": scale}
            for (kernel, scale), values in groups.items()
            if kernel is wanted
        ]
        for wanted in (True, False)
    ]
    return [
        ConvMuon(made[0], lr),
        torch.optim.AdamW(made[1], lr=lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]


@torch.no_grad()
def average_in(average: dict[str, Tensor], vae: nn.Module, decay: float) -> None:
    """Move the averaged weights towards the present ones."""
    for name, value in vae.state_dict().items():
        average[name].lerp_(value, 1 - decay)


def train(vae: nn.Module, args: argparse.Namespace) -> dict:
    """Run one phase and return its record; the averaged weights are saved as it goes."""
    from parts.vae_stills import with_time

    rng, started, steps, recent, saved = Random(args.seed), time.time(), 0, [], 0.0
    torch.manual_seed(args.seed)
    open_phase(vae, args.phase)
    keep = KeepStills(vae.encoder) if args.phase == "clips" else None
    optimizers = make_optimizers(vae, args.lr)
    average = {k: v.detach().clone() for k, v in vae.state_dict().items()}
    while (spent := time.time() - started) < args.minutes * 60:
        if args.phase == "clips" and steps % 2:
            loss = clip_loss(vae, rng)
        else:
            loss = still_loss(vae, rng)
        loss.backward()
        rate = learning_rate(spent / (args.minutes * 60), args.lr)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            optimizer.step()
            optimizer.zero_grad()
        if keep:
            keep.restore()
        steps += 1
        if steps % 5 == 0:
            average_in(average, vae, min(0.99, steps / (steps + 100)))
        recent = [*recent[-199:], loss.item()]
        if steps % 50 == 0:
            print(
                f"{args.phase} {spent:6.0f} s step {steps} loss {sum(recent) / len(recent):.4f}",
                flush=True,
            )
        if spent - saved > 120:
            store(args.out / "vae.safetensors", with_time(average))
            saved = spent
    store(args.out / "vae.safetensors", with_time(average))
    return {
        "phase": args.phase,
        "seed": args.seed,
        "steps": steps,
        "lr": args.lr,
        "seconds": round(time.time() - started),
        "loss": round(sum(recent) / len(recent), 4),
    }


def start(vae: nn.Module, args: argparse.Namespace) -> None:
    """Work out the weights to start from and save them."""
    from parts.vae_start import normalise_latents, start_decoder, start_encoder

    rng = Random(args.seed)
    start_encoder(vae, patch_basis(args.seed))
    examples = [to_tensor(picture(rng, (128, 128), 0.15)) for _ in range(100)]
    normalise_latents(vae, examples)
    start_decoder(vae, examples)
    store(args.out / "vae.safetensors", dict(vae.state_dict()))


def main() -> None:
    """Run the phase that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--phase", choices=("decoder", "clips"), default="decoder")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    use_comfyui(args.comfyui, args.threads)
    from parts.vae_stills import build_vae

    args.out.mkdir(parents=True, exist_ok=True)
    vae = build_vae(args.seed)
    if (args.out / "vae.safetensors").exists():
        vae.load_state_dict(restore(args.out / "vae.safetensors"))
    else:
        start(vae, args)
    record = train(vae, args)
    with (args.out / "vae_phases.jsonl").open("a") as log:
        log.write(json.dumps(record) + "\n")
    print(record)


if __name__ == "__main__":
    main()
