"""Compare the trainer's forward with ComfyUI's own, on the same random weights.

Runs inside a ComfyUI's Python: `python forward_check.py --comfyui PATH`. Builds tiny HunyuanVideo
models of ComfyUI's real class on the CPU in float32 and prints one JSON object: ComfyUI's version
and, for each variant, the largest absolute difference and the size of the output.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACK = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Variant:
    """One comparison: sizes of the model and of its inputs."""

    name: str
    hidden: int = 128
    single_blocks: int = 2
    has_guidance: bool = True
    latent_shape: tuple[int, int, int] = (1, 8, 8)
    text_lengths: tuple[int, ...] = (7,)
    guidance: float | None = 6.0


VARIANTS = (
    Variant("image_square"),
    Variant("image_wide", latent_shape=(1, 6, 14), text_lengths=(1,)),
    Variant("image_tall_two_heads", hidden=256, single_blocks=3, latent_shape=(1, 12, 4)),
    Variant("clip_wide", latent_shape=(3, 6, 10), text_lengths=(19,)),
    Variant("clip_two_heads", hidden=256, single_blocks=4, latent_shape=(5, 4, 6)),
    Variant("without_guidance_input", has_guidance=False, latent_shape=(1, 8, 12)),
    Variant("guidance_not_given", guidance=None),
    Variant("guidance_one", guidance=1.0, text_lengths=(12,)),
    Variant("batch_of_two_equal_texts", text_lengths=(9, 9), latent_shape=(1, 6, 8)),
    Variant("batch_of_two_padded_text", text_lengths=(5, 13), latent_shape=(1, 6, 8)),
    Variant("clip_batch_of_two_padded_text", 256, 3, True, (3, 8, 4), (14, 3), 3.5),
)
TEXT_WIDTH = 48


def main() -> None:
    """Run every variant and print the JSON report on the last line of standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--comfyui", required=True)
    root = Path(parser.parse_args().comfyui).resolve()
    sys.path.insert(0, str(root))
    sys.path.append(str(PACK))
    os.chdir(root)
    sys.argv = sys.argv[:1]
    import comfy.cli_args

    # Before anything imports comfy.model_management, which looks for a graphics card.
    comfy.cli_args.args.cpu = True
    import comfyui_version
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode(False):
        results = {variant.name: compare(variant, seed) for seed, variant in enumerate(VARIANTS)}
    print(json.dumps({"comfyui": comfyui_version.__version__, "variants": results}))


def compare(variant: Variant, seed: int) -> dict[str, float]:
    """Largest absolute difference between both forwards, and the largest output."""
    import torch

    from trainer.model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
    from trainer.model.weights import MappingSource

    generator = torch.Generator().manual_seed(seed)
    theirs = build_comfy_model(variant, generator)
    source = MappingSource(theirs.state_dict())
    config = HunyuanVideoConfig.from_shapes(source.shapes)
    ours = HunyuanVideo(config, source, torch.float32)
    batch = len(variant.text_lengths)
    latents = torch.randn(batch, 16, *variant.latent_shape, generator=generator)
    timestep = torch.rand(batch, generator=generator) * 1000
    pooled = torch.randn(batch, 768, generator=generator)
    guidance = None if variant.guidance is None else torch.full((batch,), variant.guidance)
    texts = [
        torch.randn(1, length, TEXT_WIDTH, generator=generator) for length in variant.text_lengths
    ]
    expected = []
    with torch.no_grad():
        for index, text in enumerate(texts):
            one = slice(index, index + 1)
            # A clone, because ComfyUI's blocks add in place.
            expected.append(
                theirs(
                    latents[one].clone(),
                    timestep[one],
                    text,
                    pooled[one],
                    guidance=None if guidance is None else guidance[one],
                    attention_mask=None,
                    transformer_options={},
                )
            )
        longest = max(variant.text_lengths)
        # Padding of large noise: it must not reach the result.
        padded = torch.randn(batch, longest, TEXT_WIDTH, generator=generator) * 100
        mask = torch.zeros(batch, longest, dtype=torch.bool)
        for index, text in enumerate(texts):
            padded[index, : text.shape[1]] = text[0]
            mask[index, : text.shape[1]] = True
        is_padded = len(set(variant.text_lengths)) > 1
        found = ours.velocity(
            latents, timestep, padded, mask if is_padded else None, pooled, guidance
        )
    wanted = torch.cat(expected)
    return {
        "max_abs_difference": float((found - wanted).abs().max()),
        "max_abs_output": float(wanted.abs().max()),
    }


def build_comfy_model(variant: Variant, generator: Any) -> Any:
    """ComfyUI's own HunyuanVideo with random weights that keep signals near one."""
    import comfy.ops
    import torch
    from comfy.ldm.hunyuan_video.model import HunyuanVideo, HunyuanVideoParams

    settings = {
        "in_channels": 16,
        "out_channels": 16,
        "patch_size": [1, 2, 2],
        "vec_in_dim": 768,
        "context_in_dim": TEXT_WIDTH,
        "hidden_size": variant.hidden,
        "mlp_ratio": 4.0,
        "num_heads": variant.hidden // 128,
        "depth": 2,
        "depth_single_blocks": variant.single_blocks,
        "axes_dim": [16, 56, 56],
        "theta": 256,
        "qkv_bias": True,
        "guidance_embed": variant.has_guidance,
        "byt5": False,
        "meanflow": False,
        "meanflow_sum": False,
        "use_cond_type_embedding": False,
        "vision_in_dim": None,
    }
    # Versions differ in the fields they know (meanflow_sum came after 0.3.75).
    known = {field.name for field in dataclasses.fields(HunyuanVideoParams)}
    settings = {name: value for name, value in settings.items() if name in known}
    operations = comfy.ops.disable_weight_init
    model = HunyuanVideo(dtype=torch.float32, device="cpu", operations=operations, **settings)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            if "norm" in name and name.endswith(("weight", "scale")):
                parameter.copy_(1 + 0.2 * values)
            elif parameter.ndim == 1:
                parameter.copy_(0.2 * values)
            else:
                parameter.copy_(values / math.sqrt(parameter[0].numel()))
    return model


if __name__ == "__main__":
    main()
