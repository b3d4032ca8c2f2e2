"""Train the demo diffusion model by flow matching on the data of `dit_data.py`.

    python train_dit.py --comfyui PATH --out DIR --minutes 50

Convention of the released models: x = (1 - sigma) x0 + sigma noise, the target is noise - x0,
the model is told 1000 sigma. DIR/dit.safetensors holds the averaged weights,
DIR/dit_last.safetensors everything that is needed to go on (`--resume`).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from parts.dit_model import build_dit, velocity
from parts.host import use_comfyui
from parts.scene_batches import Batch, Scenes
from parts.stored import restore, store
from torch import Tensor, nn
from train_vae import learning_rate

SHIFT = 5.0  # pushes noise levels up, as sampling with ComfyUI's shift of 7 does
CAPTION_DROP = 0.05


def draw_sigma(count: int, generator: torch.Generator) -> Tensor:
    """Draw noise levels: the sigmoid of a normal draw, shifted to high noise."""
    normal = torch.randn(count, generator=generator, device=generator.device)
    sigma = torch.sigmoid(normal * 1.1)
    return SHIFT * sigma / (1 + (SHIFT - 1) * sigma)


def draw_guidance(count: int, generator: torch.Generator) -> Tensor:
    """Draw guidance values: mostly 1 and 6, else anything from 1 to 8."""
    free = 1 + 7 * torch.rand(count, generator=generator, device=generator.device)
    kind = torch.rand(count, generator=generator, device=generator.device)
    return torch.where(kind < 0.4, 1.0, torch.where(kind < 0.8, 6.0, free))


def flow_loss(
    predict: Callable[..., Tensor], model: nn.Module, batch: Batch, generator: torch.Generator
) -> Tensor:
    """Return the mean squared error of the velocity that `predict` makes of a noisy batch."""
    count = len(batch.x0)
    sigma = draw_sigma(count, generator)
    noise = torch.randn(batch.x0.shape, generator=generator, device=generator.device)
    level = sigma.view(-1, 1, 1, 1, 1)
    with torch.autocast(generator.device.type, dtype=torch.bfloat16):
        made = predict(
            model,
            (1 - level) * batch.x0 + level * noise,
            sigma,
            batch.text,
            batch.keep,
            batch.pooled,
            draw_guidance(count, generator),
        )
    return (made.float() - (noise - batch.x0)).square().mean()


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


def save(
    args: argparse.Namespace, model: nn.Module, average: dict[str, Tensor], record: dict
) -> None:
    """Write the averaged weights and the state to go on from."""
    store(args.out / "dit.safetensors", {"weights": average, "record": record})
    last = {"weights": dict(model.state_dict()), "average": average, "record": record}
    store(args.out / "dit_last.safetensors", last)


def train(model: nn.Module, args: argparse.Namespace) -> dict:
    """Train for the given minutes and return the record of the run."""
    device = torch.device(args.device)
    generator = torch.Generator(device).manual_seed(args.seed)
    torch.manual_seed(args.seed)
    scenes = Scenes(args.out, generator, device, args.tokens, fixed_length=args.compile)
    predict = torch.compile(velocity, dynamic=False) if args.compile else velocity
    model.to(device)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    optimizers, steps, earlier = make_optimizers(model, args.lr), 0, 0
    if args.resume:
        state = restore(args.out / "dit_last.safetensors")
        model.load_state_dict(state["weights"])
        average = {name: value.to(device) for name, value in state["average"].items()}
        steps = state["record"]["steps"]
        earlier = state["record"]["seconds"]
    kept, current = list(average.values()), list(model.state_dict().values())
    started, saved, losses = time.time(), 0.0, []
    while (spent := time.time() - started) < args.minutes * 60:
        rate = learning_rate(spent / (args.minutes * 60), args.lr, warm=0.01)
        loss = flow_loss(predict, model, scenes.batch(), generator)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
        steps += 1
        decay = min(0.998, (steps + 1) / (steps + 30))
        with torch.no_grad():
            torch._foreach_lerp_(kept, current, 1 - decay)
        losses = [*losses[-299:], loss.detach()]
        record = {
            "seed": args.seed,
            "steps": steps,
            "lr": args.lr,
            "seconds": round(earlier + spent),
            "tokens": args.tokens,
            "scenes": scenes.count,
        }
        if steps % 50 == 0:
            record["loss"] = round(float(torch.stack(losses).mean()), 4)
            print(json.dumps(record), flush=True)
        if spent - saved > 90:
            save(args, model, average, record)
            saved = spent
    record["loss"] = round(float(torch.stack(losses).mean()), 4)
    save(args, model, average, record)
    return record


def main() -> None:
    """Train with the settings of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--tokens", type=int, default=1280, help="picture tokens in a batch")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="1.5 times as fast on two cores")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    use_comfyui(args.comfyui, args.threads)
    print(json.dumps(train(build_dit(args.seed), args)))


if __name__ == "__main__":
    main()
