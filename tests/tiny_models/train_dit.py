"""Train the demo diffusion model by flow matching on the data of `dit_data.py`.

    python train_dit.py --comfyui PATH --out DIR --steps 10000

Convention of the released models: x = (1 - sigma) x0 + sigma noise, the target is noise - x0,
the model is told 1000 sigma. DIR/dit.safetensors holds the averaged weights,
DIR/dit_last.safetensors everything that is needed to go on (`--resume`).
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from parts.dit_model import build_dit, load_shipped, velocity
from parts.host import use_comfyui
from parts.scene_batches import Batch, Scenes
from parts.stored import restore, store
from safetensors.torch import load_file
from torch import Tensor, nn

SHIFT = 5.0  # pushes noise levels up, as sampling with ComfyUI's shift of 7 does
GUIDANCE_STEP = 0.3  # one more of the embedded guidance is this much more guidance scale


@dataclass
class Noisy:
    """A batch with noise: the noisy latents and their (batch,) noise levels."""

    batch: Batch
    x: Tensor
    sigma: Tensor


def draw_sigma(count: int, generator: torch.Generator) -> Tensor:
    """Draw noise levels: the sigmoid of a normal draw, shifted to high noise."""
    normal = torch.randn(count, generator=generator, device=generator.device)
    sigma = torch.sigmoid(normal * 1.1)
    return SHIFT * sigma / (1 + (SHIFT - 1) * sigma)


def draw_guidance(count: int, generator: torch.Generator, ones: float) -> Tensor:
    """Draw guidance values: 1 in a share `ones`, often 6 as in sampling, else 1 to 8."""
    free = 1 + 7 * torch.rand(count, generator=generator, device=generator.device)
    kind = torch.rand(count, generator=generator, device=generator.device)
    return torch.where(kind < ones, 1.0, torch.where(kind < 0.8, 6.0, free))


@torch.no_grad()
def caption_push(teacher: nn.Module, noisy: Noisy, empty: Batch) -> Tensor:
    """Return how far the caption moves the teacher's velocity, both read at guidance 1."""
    plain = torch.ones_like(noisy.sigma)
    batch = noisy.batch
    with_caption = velocity(
        teacher, noisy.x, noisy.sigma, batch.text, batch.keep, batch.pooled, plain
    )
    without = velocity(teacher, noisy.x, noisy.sigma, empty.text, empty.keep, empty.pooled, plain)
    return (with_caption - without).float()


def flow_loss(
    model: nn.Module,
    batch: Batch,
    generator: torch.Generator,
    teacher: nn.Module | None = None,
    empty: Batch | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the mean squared error of the velocity of a noisy batch.

    With a teacher, the second half of the batch learns what the embedded guidance g means: its
    target is moved by (w - 1) times what the caption does to the teacher's velocity, where
    w = 1 + 0.3 (g - 1). So g = 1 stays the plain velocity and g = 6 is a guidance scale of 2.5.

    Source: Meng et al. 2023, "On Distillation of Guided Diffusion Models", for a model that is
    told its guidance; Tang et al. 2025, "Diffusion Models without Classifier-free Guidance",
    for a target made of data and a push of the averaged weights.

    Args:
        model: The model that learns.
        batch: Scenes and captions.
        generator: Source of noise, noise levels and guidance.
        teacher: The averaged weights, or None to learn the plain velocity at any guidance.
        empty: The empty caption for half a batch, rounded up; only with a teacher.

    Returns:
        The loss to train on, and the loss of the rows that are not guided.
    """
    count = len(batch.x0)
    sigma = draw_sigma(count, generator)
    noise = torch.randn(batch.x0.shape, generator=generator, device=generator.device)
    level = sigma.view(-1, 1, 1, 1, 1)
    x, target = (1 - level) * batch.x0 + level * noise, noise - batch.x0
    guidance, plain = draw_guidance(count, generator, 0.4 if teacher is None else 0.0), count
    with torch.autocast(generator.device.type, dtype=torch.bfloat16):
        if teacher is not None:
            plain = count // 2
            guidance[:plain] = 1.0
            strength = GUIDANCE_STEP * (guidance[plain:] - 1).view(-1, 1, 1, 1, 1)
            push = caption_push(teacher, Noisy(batch.rows(plain), x[plain:], sigma[plain:]), empty)
            target = torch.cat([target[:plain], target[plain:] + strength * push])
        made = velocity(model, x, sigma, batch.text, batch.keep, batch.pooled, guidance)
    errors = (made.float() - target).square().flatten(1).mean(1)
    return errors.mean(), errors[:plain].mean().detach()


def make_optimizers(model: nn.Module, lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for everything else."""
    matrices, rest = [], []
    for name, value in model.named_parameters():
        inside = "blocks" in name and value.ndim == 2 and "mod" not in name
        (matrices if inside else rest).append(value)
    muon = torch.optim.Muon(
        matrices, lr=lr, weight_decay=0.01, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    return [muon, adam]


def step_size(done: int, args: argparse.Namespace) -> float:
    """Warm up over 100 steps and stay; with `--cool`, fall in a straight line towards zero."""
    rate = args.lr * min(1.0, (done + 1) / 100)
    return rate * (1 - done / args.steps) if args.cool else rate


def save(out: Path, model: nn.Module, mean: nn.Module, runs: list[dict]) -> None:
    """Write the averaged weights and the state to go on from."""
    average = dict(mean.state_dict())
    store(out / "dit.safetensors", {"weights": average, "record": runs})
    last = {"weights": dict(model.state_dict()), "average": average, "record": runs}
    store(out / "dit_last.safetensors", last)


def start(args: argparse.Namespace) -> tuple[nn.Module, nn.Module, list[dict]]:
    """Return the model, a second one that holds the averaged weights, and the earlier runs."""
    model, runs = build_dit(args.seed), []
    if args.start:
        load_shipped(model, load_file(args.start))
    mean = copy.deepcopy(model).requires_grad_(False)
    if args.resume:
        state = restore(args.out / "dit_last.safetensors")
        model.load_state_dict(state["weights"])
        mean.load_state_dict(state["average"])
        runs = state["record"]
    return model.to(args.device), mean.to(args.device), runs


def train(args: argparse.Namespace) -> dict:
    """Train for the given steps and return the record of the run."""
    generator = torch.Generator(args.device).manual_seed(args.seed)
    torch.manual_seed(args.seed)
    scenes = Scenes(args.out, generator, torch.device(args.device), args.tokens, args.large)
    model, mean, runs = start(args)
    optimizers = make_optimizers(model, args.lr)
    kept, current = list(mean.state_dict().values()), list(model.state_dict().values())
    started, losses = time.time(), []
    for done in range(args.steps):
        batch = scenes.batch()
        guided = (mean, scenes.empty(-(-len(batch.x0) // 2))) if args.guide else ()
        loss, plain_loss = flow_loss(model, batch, generator, *guided)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = step_size(done, args)
            optimizer.step()
            optimizer.zero_grad()
        decay = 0.998 if args.resume else min(0.998, (done + 1) / (done + 30))
        with torch.no_grad():
            torch._foreach_lerp_(kept, current, 1 - decay)
        losses = [*losses[-299:], plain_loss]
        steps = done + 1
        if steps % 50 and steps < args.steps:
            continue
        record = {
            **{
                key: getattr(args, key)
                for key in ("seed", "lr", "cool", "guide", "large", "tokens")
            },
            "scenes": scenes.count,
            "steps": steps,
            "seconds": round(time.time() - started),
            "loss": round(float(torch.stack(losses).mean()), 4),
        }
        print(json.dumps(record), flush=True)
        if steps % 500 == 0 or steps == args.steps:
            save(args.out, model, mean, [*runs, record])
    return record


def main() -> None:
    """Train with the settings of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--cool", action="store_true", help="let the step size fall to zero")
    parser.add_argument("--guide", action="store_true", help="learn the embedded guidance")
    parser.add_argument("--large", action="store_true", help="draw large pictures more often")
    parser.add_argument("--tokens", type=int, default=1600, help="picture tokens in a batch")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="begin with the weights of a shipped file")
    parser.add_argument("--resume", action="store_true", help="go on from the last run in --out")
    args = parser.parse_args()
    use_comfyui(args.comfyui, args.threads)
    print(json.dumps(train(args)))


if __name__ == "__main__":
    main()
