"""Makes previews of MODELs in several forms, breaks them on purpose; prints what changed."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tests.host import pack

pack.load()
# Where comfy/ is searched first, the server finds comfy/utils.py instead of its own package.
import_module("utils.install_util")
import comfy.model_management  # noqa: E402
import comfy.sd  # noqa: E402
import numpy as np  # noqa: E402
import server  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

server.PromptServer.instance = None  # no page is listening to this process
CPU = torch.device("cpu")
DIT = "hunyuan_demo_dit.safetensors"
BASE = {"fp32": torch.float32, "fp8": torch.float8_e4m3fn}


def module(name: str) -> Any:
    return import_module(f"{pack.NAME}.{name}")


class BrokenVae:
    """Fails in the middle, as a full graphics card would."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        torch.randn(3)
        raise self.error


def in_bytes(value: torch.Tensor) -> bytes:
    stored = getattr(value, "_qdata", value).as_subclass(torch.Tensor).detach().cpu()
    return stored.reshape(-1).view(torch.uint8).numpy().tobytes()


def weights_of(model: Any) -> dict[str, bytes]:
    return {name: in_bytes(value) for name, value in model.model.named_parameters()}


def lent_by(source: Any) -> dict[str, bytes]:
    """Every weight as training would get it."""
    return {name: in_bytes(source.weight(name, torch.float32, CPU)) for name in source.shapes}


def randomness() -> tuple[Any, ...]:
    arrays = np.random.get_state()
    return (random.getstate(), arrays[1].tobytes(), arrays[2], in_bytes(torch.get_rng_state()))


def modes() -> tuple[bool, ...]:
    return (torch.is_grad_enabled(), torch.is_inference_mode_enabled())


def state_of(model: Any) -> dict[str, Any]:
    """What of a MODEL and of the process might be left changed, weights apart."""
    parts = model.model.named_modules()
    return {
        # Where the flag of a streamed layer is kept is ComfyUI's own affair.
        "attributes": {
            name: sorted(part.__dict__.keys() - {"comfy_cast_weights"}) for name, part in parts
        },
        "functions": {
            name: len(part.weight_function)
            for name, part in model.model.named_modules()
            if hasattr(part, "weight_function")
        },
        "patches": sorted(map(str, model.patches)),
        "uuid": str(model.model.current_weight_patches_uuid) == str(model.patches_uuid),
        "options": sorted(model.model_options),
        "hooks": [len(part._forward_hooks) for part in model.model.modules()],
        "randomness": randomness(),
        "modes": modes(),
    }


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if before[name] != after.get(name)]


def write_lora(model: Any, path: Path) -> None:
    """A LoRA on every linear layer that visibly changes the picture."""
    network = module("trainer.model.lora")
    source = module("nodes.host.weights.borrowing").ComfyWeightSource(model.model.diffusion_model)
    lora = network.LoraNetwork(network.select_targets(source.shapes), rank=2, alpha=2.0, seed=1)
    generator = torch.Generator().manual_seed(5)
    for parameter in lora.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    module("trainer.export.lora_file").save_lora(path, lora.state(), {})


class Bench:
    """A run folder, a LoRA, prompts; makes previews and says what they left changed."""

    def __init__(self, folder: Path, demo: Any, lora: Path) -> None:
        self.previews = module("nodes.host.runs.previews")
        self.sampling = module("nodes.host.sampling")
        self.borrowed = module("nodes.host.runs.borrowed")
        self.policy = module("trainer.model.activation_policy").ActivationPolicy
        self.run = module("trainer.training.runs.run_folder").Run(folder)
        self.occasion = module("trainer.training.reports").SampleOccasion
        self.demo, self.lora = demo, lora
        texts = ["alva, a woman in a purple dress", "a red circle"]
        encoded = self.sampling.encode_prompts(demo.clip, texts)
        pairs = zip(texts, encoded, strict=True)
        self.prompts = tuple(self.previews.PreviewPrompt(*pair) for pair in pairs)

    def plan(self, **changes: Any) -> Any:
        settings = self.sampling.SampleSettings(
            64, 96, changes.pop("frames", 1), 2, 6.0, 0, changes.pop("sampler", "euler"), "simple"
        )
        values = {"prompts": self.prompts[:1], "seeds": (3,), "settings": settings,
                  "strength": 1.0, "vae": self.demo.vae}  # fmt: skip
        return self.previews.PreviewPlan(**(values | changes))

    def make(self, model: Any, plan: Any, step: int = 7, training: Any = None) -> Any:
        occasion = self.occasion(step, 1, self.lora if step else None)
        return self.previews.make_sampler(plan, model, self.run, training)(occasion)

    def unchanged(self, model: Any, plan: Any, must_leave: Any = None) -> dict[str, Any]:
        """What a preview in the middle of training leaves changed."""
        error = ""
        base = weights_of(model)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            self.borrowed.BorrowedModel(model, None, CPU) as borrowed,
        ):
            source = borrowed.velocity_model(torch.float32, self.policy()).source
            loaded, lent, state = weights_of(model), lent_by(source), state_of(model)
            training = self.previews.Training(
                given_back=lambda: borrowed.given_back(unload=False),
                must_leave=must_leave or (lambda: False),
            )
            try:
                self.make(model, plan, training=training)
            except BaseException as raised:
                error = f"{type(raised).__name__}: {raised}"
            comfy.model_management.interrupt_current_processing(False)
            after = state_of(model)
            source = borrowed.velocity_model(torch.float32, self.policy()).source
            changed = differing(state, after)
            changed += [f"weight {name}" for name in differing(loaded, weights_of(model))]
            changed += [f"lent {name}" for name in differing(lent, lent_by(source))]
        comfy.model_management.unload_all_models()
        model.detach()
        changed += [f"base {name}" for name in differing(base, weights_of(model))]
        return {"changed": changed[:6], "error": error}


def load(kind: str) -> Any:
    """The demo MODEL in one of the forms that weights have."""
    path = module("nodes.host.demo_models").MODELS_FOLDER / DIT
    model = comfy.sd.load_diffusion_model(str(path), model_options={"dtype": BASE[kind]})
    model.detach()
    return model


def patched(model: Any, lora: Path) -> Any:
    sampling = module("nodes.host.sampling")
    return sampling.apply_lora(model, sampling.read_lora(lora), 0.3)


def partly_loaded(bench: Bench, model: Any) -> dict[str, Any]:
    """As on a small card: most weights are streamed, patches run with every cast."""
    base = weights_of(model)
    original = bench.sampling.sample_latents

    def streamed(patched_model: Any, *given: Any, **named: Any) -> Any:
        made = original(patched_model, *given, **named)
        patched_model.unpatch_model(CPU)
        patched_model.load(CPU, half_of(model))
        assert model.model.model_lowvram
        return made

    bench.previews.sample_latents = streamed
    try:
        found = bench.unchanged(model, bench.plan())
    finally:
        bench.previews.sample_latents = original
    return found | {"base": differing(base, weights_of(model))[:3]}


def half_of(model: Any) -> int:
    return int(model.model_size()) // 2


def pictures(bench: Bench, model: Any) -> dict[str, Any]:
    """Files and facts of every kind of preview."""
    still = bench.plan(prompts=bench.prompts, seeds=(3, 4))
    events = bench.make(model, still) + bench.make(model, still, step=0)
    fast = bench.plan(is_latent=True)
    clip = bench.make(model, bench.plan(frames=5), 8)[0]
    clip_fast = bench.make(model, bench.plan(frames=5, is_latent=True), 9)[0]
    latent = bench.make(model, fast, 10)[0]

    def opened(event: dict[str, Any]) -> Image.Image:
        return Image.open(bench.run.folder / event["path"])

    first = [np.asarray(opened(event).convert("RGB"), np.float32) for event in events]
    return {
        "events": events,
        "clip": clip | {"n_frames": opened(clip).n_frames, "size": opened(clip).size},
        "clip_fast": clip_fast | {"n_frames": opened(clip_fast).n_frames},
        "latent": latent | {"size": opened(latent).size},
        "note": json.loads(opened(events[0]).text["hunyuan_lora"]),
        "exif": json.loads(opened(clip).getexif()[0x010E]),
        "lora_changes": float(np.abs(first[0] - first[4]).mean()),
        "seed_changes": float(np.abs(first[0] - first[1]).mean()),
        "left_over": sorted(path.name for path in bench.run.samples.glob(".*")),
    }


def same_again(bench: Bench, model: Any) -> bool:
    """Same file bytes for the same occasion."""
    data = []
    for _ in range(2):
        event = bench.make(model, bench.plan(sampler="euler_ancestral"))[0]
        data.append((bench.run.folder / event["path"]).read_bytes())
    return data[0] == data[1]


def main() -> None:
    """Print one JSON object."""
    with torch.inference_mode(), tempfile.TemporaryDirectory() as name:
        demo = module("nodes.host.demo_models").load_demo_models()
        lora = Path(name) / "lora.safetensors"
        write_lora(demo.model, lora)
        bench = Bench(Path(name) / "run", demo, lora)
        full = torch.cuda.OutOfMemoryError("no room")
        cancelled = comfy.model_management.InterruptProcessingException()
        found: dict[str, Any] = {}
        cases: dict[str, Callable[[], Any]] = {
            "fp32": lambda: bench.unchanged(load("fp32"), bench.plan()),
            "noisy": lambda: bench.unchanged(load("fp32"), bench.plan(sampler="dpmpp_2m_sde")),
            "fp8": lambda: bench.unchanged(load("fp8"), bench.plan()),
            "patched": lambda: bench.unchanged(patched(load("fp32"), lora), bench.plan()),
            "patched_fp8": lambda: bench.unchanged(patched(load("fp8"), lora), bench.plan()),
            "partly_loaded": lambda: partly_loaded(bench, load("fp32")),
            "partly_loaded_patched": lambda: partly_loaded(bench, patched(load("fp8"), lora)),
            "out_of_memory": lambda: bench.unchanged(load("fp32"), bench.plan(vae=BrokenVae(full))),
            "broken": lambda: bench.unchanged(
                load("fp8"), bench.plan(vae=BrokenVae(ValueError("no such thing")))
            ),
            "asked_to_leave": lambda: bench.unchanged(load("fp32"), bench.plan(), lambda: True),
            "cancelled": lambda: bench.unchanged(
                load("fp32"), bench.plan(vae=BrokenVae(cancelled))
            ),
        }
        for case, make in cases.items():
            found[case] = make()
        found["pictures"] = pictures(bench, demo.model)
        found["same_again"] = same_again(bench, demo.model)
    print(json.dumps(found))


main()
