"""Small demo models made of ComfyUI's own HunyuanVideo classes.

The diffusion model and the VAE are trained files of this pack (`tests/tiny_models` makes them).
The text encoders are ComfyUI's own classes and tokenizers at a tiny size with weights drawn
from a seed: nothing is learnt in them, the diffusion model learnt to read them instead.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.sd
import comfy.text_encoders.hunyuan_video as hunyuan_text
import comfy.utils
import torch
from safetensors import SafetensorError, safe_open
from transformers import PreTrainedTokenizerFast

from ...trainer.errors import ModelMismatchError

MODELS_FOLDER = Path(__file__).resolve().parents[2] / "demo" / "models"
DIT_FILE = "hunyuan_demo_dit.safetensors"
VAE_FILE = "hunyuan_demo_vae.safetensors"

VAE_PARAMS = {
    "ddconfig": {
        "double_z": True,
        "z_channels": 16,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 64,
        "ch_mult": [1, 1, 1, 2],
        "num_res_blocks": 0,
        "attn_resolutions": [],
        "dropout": 0.0,
        "conv3d": True,
        "time_compress": 4,
    },
    "embed_dim": 16,
}
LLAMA_WIDTH = 128
HEAD_WIDTH = 128  # fixed by ComfyUI's Llama classes, as is the base of the rotary angles
ROPE_BASE = 500000.0
A_CAT = [128000, 64, 8415]  # what Llama 3 makes of "a cat"
SHARED_PART = 8.0  # value of the first feature of every token, which drives the attention


@dataclass(frozen=True)
class DemoModels:
    """The three demo models as a ComfyUI loader would hand them out."""

    model: Any
    clip: Any
    vae: Any


def load_demo_models(folder: Path = MODELS_FOLDER) -> DemoModels:
    """Load the demo diffusion model, text encoders and VAE.

    Args:
        folder: Where the two weight files lie.

    Raises:
        ModelMismatchError: A weight file is missing, damaged or not a HunyuanVideo file.
    """
    dit, vae = _checked(folder / DIT_FILE), _checked(folder / VAE_FILE)
    model = comfy.sd.load_diffusion_model(str(dit), model_options={"dtype": torch.float32})
    return DemoModels(model=model, clip=build_demo_clip(), vae=load_demo_vae(vae))


def _checked(path: Path) -> Path:
    """Return `path` if it is a whole safetensors file."""
    advice = "Install the pack again, or make the files with tests/tiny_models."
    if not path.is_file():
        raise ModelMismatchError(f"The demo model file {path} is missing. {advice}")
    try:
        with safe_open(str(path), framework="pt") as weights:
            weights.keys()
    except (SafetensorError, OSError) as error:
        raise ModelMismatchError(
            f"The demo model file {path} is damaged ({error}). {advice}"
        ) from error
    return path


def load_demo_vae(path: Path) -> Any:
    """Load the VAE and give it the attributes that ComfyUI's own detection would.

    ComfyUI recognises only the released width of HunyuanVideo's VAE, so the width is passed
    as a configuration, which skips the part that describes a video VAE.

    Args:
        path: A file with the weights of ComfyUI's AutoencoderKL under its own names.
    """
    weights = comfy.utils.load_torch_file(str(path))
    vae = comfy.sd.VAE(sd=weights, config={"params": VAE_PARAMS}, dtype=torch.float32)
    vae.latent_dim, vae.latent_channels = 3, 16
    vae.upscale_ratio = (lambda frames: max(0, frames * 4 - 3), 8, 8)
    vae.upscale_index_formula = (4, 8, 8)
    vae.downscale_ratio = (lambda frames: max(0, math.floor((frames + 3) / 4)), 8, 8)
    vae.downscale_index_formula = (4, 8, 8)
    vae.memory_used_encode = lambda shape, dtype: (
        300 * max(shape[2], 2) * shape[3] * shape[4] * comfy.model_management.dtype_size(dtype)
    )
    vae.memory_used_decode = lambda shape, dtype: (
        400 * shape[2] * shape[3] * shape[4] * 256 * comfy.model_management.dtype_size(dtype)
    )
    return vae


class DemoTokenizer(hunyuan_text.HunyuanVideoTokenizer):
    """HunyuanVideo's tokenizer, also where ComfyUI's own loses the spaces.

    ComfyUI 0.3.75 asks transformers for a `LlamaTokenizerFast`. From transformers 5 on that
    class no longer splits text as the tokenizer file says: "a cat" becomes "acat". The file is
    then read by the general class, which gives the same tokens in every version.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.llama.tokenizer("a cat")["input_ids"] != A_CAT:
            folder = Path(hunyuan_text.__file__).parent / "llama_tokenizer"
            self.llama.tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder))


@dataclass(frozen=True)
class _ClipTarget:
    """What `comfy.sd.CLIP` asks of a text encoder: its class, its tokenizer, its arguments."""

    clip: Any
    tokenizer: Any
    params: dict[str, Any]


def build_demo_clip() -> Any:
    """Build HunyuanVideo's pair of text encoders at a tiny size with seeded weights."""
    options = {
        "llama_model_config": {
            "hidden_size": LLAMA_WIDTH,
            "intermediate_size": LLAMA_WIDTH,
            "num_hidden_layers": 4,
            "num_attention_heads": 1,
            "num_key_value_heads": 1,
        },
        "clip_l_model_config": {"num_hidden_layers": 1, "intermediate_size": 768},
        "dtype": torch.float32,
    }
    target = _ClipTarget(hunyuan_text.hunyuan_video_clip(), DemoTokenizer, {})
    clip = comfy.sd.CLIP(target, model_options=options, parameters=1)
    with torch.no_grad():
        for name, weight in clip.cond_stage_model.named_parameters():
            fill_text_weight(name, weight)
    return clip


def fill_text_weight(name: str, weight: torch.Tensor) -> None:
    """Fill one weight of the text encoders from a seed made of its name.

    Token vectors are random, so different words are far apart. Layer 0 of the Llama looks one
    token back and layer 1 two tokens back, so that "red" reaches the "circle" after it.

    Args:
        name: Name of the weight inside the text encoders.
        weight: Filled in place.
    """
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    if weight.ndim < 2:
        weight.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    elif "embed" in name:
        size = 0.1 if "position" in name else 1.0
        weight.uniform_(-size * 3**0.5, size * 3**0.5, generator=generator)
        if name.startswith("llama"):
            weight[:, 0] = SHARED_PART
    elif name.startswith("llama") and ("q_proj" in name or "k_proj" in name):
        steps_back = 1 if ".layers.0." in name else 2
        weight.copy_(_look_back(steps_back if "q_proj" in name else 0))
    else:
        gain = 4.0 if name.startswith("clip_l") and "out_proj" in name else 1.0
        weight.normal_(0.0, gain / weight.shape[1] ** 0.5, generator=generator)


def _look_back(steps: int, frequencies: int = 12, strength: float = 0.8) -> torch.Tensor:
    """Make a projection whose rotary attention prefers the token `steps` before.

    Only the feature shared by all tokens is read, so the score depends on the distance alone:
    a sum of cosines of the fastest rotary angles, highest where the distance is `steps`.
    """
    half = HEAD_WIDTH // 2
    angles = ROPE_BASE ** (-torch.arange(frequencies) / half) * steps
    projection = torch.zeros(HEAD_WIDTH, LLAMA_WIDTH)
    projection[:frequencies, 0] = strength * torch.cos(angles)
    projection[half : half + frequencies, 0] = -strength * torch.sin(angles)
    return projection
