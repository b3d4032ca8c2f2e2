"""ComfyUI's VAE and CLIP as the encoders that the trainer's caches ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache, partial

import comfy.ldm.modules.diffusionmodules.model as vae_modules
import comfyui_version
import numpy as np
import torch

from ...trainer.data.cache.caching import Conditioning
from ...trainer.errors import ModelMismatchError

_SAMPLES_PER_TENSOR = 64
_MOST_SPLIT = 20_000
_TOKENIZER_PROBE = "The 9:16 front view image shows her, a señora; with teal-blue hair."


class VaeLatentEncoder:
    """Pictures and clips to raw latents with the VAE that ComfyUI has loaded.

    `identity` names the weights, not the file, so a renamed VAE keeps its cache.
    """

    def __init__(self, vae: object) -> None:
        if getattr(vae, "latent_dim", 2) != 3 or getattr(vae, "latent_channels", 0) != 16:
            raise ModelMismatchError(
                f"This VAE makes latents of {getattr(vae, 'latent_channels', '?')} channels in "
                f"{getattr(vae, 'latent_dim', '?')} dimensions; HunyuanVideo needs 16 channels "
                "in 3 dimensions. Connect the HunyuanVideo VAE to 'vae'."
            )
        self._vae = vae
        self.identity = "vae-" + _fingerprint(vae.first_stage_model.state_dict().items())

    def identity_for(self, frames: int) -> str:
        """The identity under which latents of so many frames are cached.

        Stills come out the same in every ComfyUI version. Clips do not: versions that carry
        convolution state between chunks of frames normalise each chunk by itself.
        """
        if frames == 1:
            return self.identity
        kind = "carried" if hasattr(vae_modules, "CarriedConv3d") else "whole"
        return f"{self.identity}-clip-{kind}"

    def encode(self, pixels: np.ndarray) -> torch.Tensor:
        """Raw latents float32 [16, F', H/8, W/8] of `pixels` uint8 [F, H, W, 3]."""
        image = torch.from_numpy(np.ascontiguousarray(pixels)).float() / 255.0
        latents = self._vae.encode(image)
        return latents[0].detach().float().cpu().clone()


class ClipTextEncoder:
    """Captions to conditioning with the CLIP (Llama and CLIP-L) that ComfyUI has loaded."""

    def __init__(self, clip: object) -> None:
        names = {name.split(".", 1)[0] for name in clip.cond_stage_model.state_dict()}
        if not {"clip_l", "llama"} <= names:
            raise ModelMismatchError(
                f"This CLIP holds {', '.join(sorted(names))}; HunyuanVideo needs clip_l and "
                "llama. Load both with DualCLIPLoader, type 'hunyuan_video'."
            )
        self._clip = clip
        template = getattr(clip.tokenizer, "llama_template", "")
        # Versions of the tokenizer libraries split the same text differently.
        tokens = clip.tokenize(_TOKENIZER_PROBE)
        weights = _fingerprint(clip.cond_stage_model.state_dict().items())
        patches = _fingerprint_patches(getattr(clip.patcher, "patches", {}))
        text = f"{weights}-{patches}-{clip.layer_idx}-{template}-{tokens}"
        self.identity = "clip-" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def encode(self, caption: str) -> Conditioning:
        """Text features float32 [L, D] (no padding) and CLIP-L's pooled vector float32 [768]."""
        tokens = self._clip.tokenize(escape_weights(caption))
        entry = self._clip.encode_from_tokens_scheduled(tokens, show_pbar=False)[0]
        text, extra = entry[0][0], entry[1]
        mask = extra.get("attention_mask")
        if mask is not None:
            text = text[mask[0].to(torch.bool)]
        pooled = extra.get("pooled_output")
        return Conditioning(
            text=text.detach().float().cpu().clone(),
            pooled=None if pooled is None else pooled[0].detach().float().cpu().clone(),
        )


class ClipTokenCounter:
    """Splits captions with the tokenizers of the connected CLIP, each text once."""

    def __init__(self, clip: object) -> None:
        remembered = lru_cache(_MOST_SPLIT)
        self._clip_l = remembered(partial(_pieces, clip.tokenizer.clip_l))
        self._llama = remembered(partial(_pieces, clip.tokenizer.llama))

    def clip_tokens(self, text: str) -> list[str]:
        """CLIP-L's tokens as text pieces, without begin and end tokens."""
        return list(self._clip_l(text))

    def llama_tokens(self, text: str) -> list[str]:
        """Llama's tokens as text pieces, without the prompt template."""
        return list(self._llama(text))


def _pieces(tokenizer: object, text: str) -> tuple[str, ...]:
    ids = tokenizer.tokenizer(text)["input_ids"]
    last = len(ids) - 1 if tokenizer.tokenizer_adds_end_token else len(ids)
    names = [tokenizer.inv_vocab[token] for token in ids[tokenizer.tokens_start : last]]
    return tuple(_piece_text(name) for name in names)


@cache
def _bytes_of_characters() -> dict[str, int]:
    """Byte-level vocabularies write each byte as one printable character.

    Source: Radford et al. 2019, GPT-2's byte-level BPE; bytes that do not print are shifted up
    from 256 in order.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    shifted = {chr(256 + index): byte for index, byte in enumerate(others)}
    return {chr(byte): byte for byte in printable} | shifted


def _piece_text(name: str) -> str:
    table = _bytes_of_characters()
    word, ends_word = name.removesuffix("</w>"), name.endswith("</w>")
    data = b"".join(bytes([table[c]]) if c in table else c.encode() for c in word)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        # Part of a character, or a vocabulary that holds plain text.
        text = word
    return text + (" " if ends_word else "")


def escape_weights(caption: str) -> str:
    """Keep brackets in a caption as text: ComfyUI reads "(word:1.2)" as a weight otherwise."""
    return caption.replace("\\(", "(").replace("\\)", ")").replace("(", "\\(").replace(")", "\\)")


def _fingerprint(tensors: Iterable[tuple[str, torch.Tensor]]) -> str:
    # Sampling a few numbers of every tensor tells models apart without reading 16 GB.
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(tensors, key=lambda pair: pair[0]):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(_sample(tensor))
    return digest.hexdigest()


def _sample(tensor: torch.Tensor) -> bytes:
    if tensor.numel() == 0 or not hasattr(tensor, "untyped_storage"):
        return b""
    try:
        flat = tensor.detach().reshape(-1)
        step = max(1, flat.numel() // _SAMPLES_PER_TENSOR)
        return flat[::step][:_SAMPLES_PER_TENSOR].to("cpu", torch.float32).numpy().tobytes()
    except (RuntimeError, NotImplementedError):
        # Packed formats without indexing: their name, shape and type still count.
        return b""


def _fingerprint_patches(patches: object) -> str:
    found: list[tuple[str, torch.Tensor]] = []
    plain: list[str] = []

    def walk(path: str, value: object) -> None:
        if torch.is_tensor(value):
            found.append((path, value))
        elif isinstance(value, dict):
            for key in value:
                walk(f"{path}/{key}", value[key])
        elif isinstance(value, (list, tuple)):
            for index, part in enumerate(value):
                walk(f"{path}/{index}", part)
        elif hasattr(value, "weights"):
            walk(path, value.weights)
        elif isinstance(value, (int, float, str)):
            plain.append(f"{path}={value}")

    walk("", patches)
    return hashlib.blake2b(
        (_fingerprint(found) + "|".join(plain)).encode(), digest_size=16
    ).hexdigest()


def comfyui_version_text() -> str:
    """ComfyUI's version, for run metadata."""
    return str(comfyui_version.__version__)
