"""HunyuanVideo the ordinary way: plain autograd, torch's own functions, LoRA as a side branch.

What the trainer's forward is compared with, in speed, memory and numbers. Nothing is shared with it
but the names of the weights. Letters: L tokens, D hidden width, K heads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from trainer.model.architecture import HunyuanVideoConfig
from trainer.model.lora import LoraNetwork

HEAD = 128
EPS = 1e-6
# Channels of a head that turn with frame, row and column. Source: ComfyUI model_detection.py.
AXES, THETA = (16, 56, 56), 256.0


@dataclass(frozen=True)
class PlainModel:
    """The model; `checkpointed` runs every block through torch.utils.checkpoint."""

    config: HunyuanVideoConfig
    weights: Mapping[str, Tensor]
    network: LoraNetwork
    checkpointed: bool

    def velocity(
        self, latents: Tensor, timestep: Tensor, text: Tensor, pooled: Tensor, guidance: Tensor
    ) -> Tensor:
        """Velocity [1, C, F, h, w] in float32; arguments as of `HunyuanVideo.velocity`."""
        dtype = self.weights["img_in.proj.weight"].dtype
        vector = self._embed("time_in", _sinusoid(timestep).to(dtype))
        vector = vector + self._embed("vector_in", pooled.to(dtype))
        vector = vector + self._embed("guidance_in", _sinusoid(guidance * 1000).to(dtype))
        tokens = self._refine(text.to(dtype), timestep)
        weight, bias = self.weights["img_in.proj.weight"], self.weights["img_in.proj.bias"]
        patches = F.conv3d(latents.to(dtype), weight, bias, stride=self.config.patch_size)
        grid = patches.shape[2:]
        image = patches.flatten(2).transpose(1, 2)
        turns = _turns(grid[0], grid[1], grid[2], tokens.shape[1])
        for index in range(self.config.double_blocks):
            block = self._double(f"double_blocks.{index}", vector, turns)
            image, tokens = self._run(block, image, tokens)
        joint = torch.cat((image, tokens), dim=1)
        for index in range(self.config.single_blocks):
            joint = self._run(self._single(f"single_blocks.{index}", vector, turns), joint)
        image = joint[:, : image.shape[1]]
        modulation = self._linear("final_layer.adaLN_modulation.1", F.silu(vector))
        shift, scale = modulation[:, None].chunk(2, dim=-1)
        rows = self._linear("final_layer.linear", _modulated(image, shift, scale))
        rows = rows.view(1, *grid, -1, *self.config.patch_size)
        return torch.einsum("bfhwcopq->bcfohpwq", rows).reshape(latents.shape).float()

    def _run(self, block: Callable[..., Any], *streams: Tensor) -> Any:
        if self.checkpointed:
            return checkpoint(block, *streams, use_reentrant=False)
        return block(*streams)

    def _linear(self, name: str, x: Tensor) -> Tensor:
        y = F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])
        pair = self.network.pair(name)
        if pair is None:
            return y
        low = F.linear(x, pair.down.to(x.dtype))
        return y + F.linear(low, pair.up.to(x.dtype)) * pair.scale

    def _embed(self, name: str, x: Tensor) -> Tensor:
        return self._linear(f"{name}.out_layer", F.silu(self._linear(f"{name}.in_layer", x)))

    def _refine(self, text: Tensor, timestep: Tensor) -> Tensor:
        context = self._embed("txt_in.t_embedder", _sinusoid(timestep).to(text.dtype))
        context = context + self._embed("txt_in.c_embedder", text.mean(dim=1))
        x = self._linear("txt_in.input_embedder", text)
        for index in range(2):
            name = f"txt_in.individual_token_refiner.blocks.{index}"
            modulation = self._linear(f"{name}.adaLN_modulation.1", F.silu(context))
            attention_gate, mlp_gate = modulation[:, None].chunk(2, dim=-1)
            fused = self._linear(f"{name}.self_attn.qkv", self._affine(f"{name}.norm1", x))
            mixed = _attention(*(_heads(part) for part in fused.chunk(3, dim=-1)))
            x = x + attention_gate * self._linear(f"{name}.self_attn.proj", mixed)
            hidden = self._linear(f"{name}.mlp.0", self._affine(f"{name}.norm2", x))
            x = x + mlp_gate * self._linear(f"{name}.mlp.2", F.silu(hidden))
        return x

    def _affine(self, name: str, x: Tensor) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, EPS)

    def _parts(self, name: str, fused: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys after their norms, and values, [1, K, L, 128]."""
        query, key, value = (_heads(part) for part in fused.chunk(3, dim=-1))
        return self._rms(f"{name}.query_norm", query), self._rms(f"{name}.key_norm", key), value

    def _rms(self, name: str, x: Tensor) -> Tensor:
        weight = self.weights[f"{name}.scale"].float()
        return F.rms_norm(x.float(), (HEAD,), weight, EPS)

    def _double(self, name: str, vector: Tensor, turns: Tensor) -> Callable[..., Any]:
        active = F.silu(vector)
        mods = {
            kind: self._linear(f"{name}.{kind}_mod.lin", active)[:, None].chunk(6, dim=-1)
            for kind in ("img", "txt")
        }

        def block(image: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
            streams, parts = {"img": image, "txt": text}, []
            for kind, x in streams.items():
                normed = _modulated(x, *mods[kind][:2])
                fused = self._linear(f"{name}.{kind}_attn.qkv", normed)
                parts.append(self._parts(f"{name}.{kind}_attn.norm", fused))
            query, key, value = (torch.cat(pair, dim=2) for pair in zip(*parts, strict=True))
            turned = (_turned(x, turns, value.dtype) for x in (query, key))
            mixed = _attention(*turned, value)
            pieces = mixed.split([image.shape[1], text.shape[1]], dim=1)
            for (kind, x), piece in zip(streams.items(), pieces, strict=True):
                _, _, gate, shift, scale, mlp_gate = mods[kind]
                x = x + gate * self._linear(f"{name}.{kind}_attn.proj", piece)
                hidden = self._linear(f"{name}.{kind}_mlp.0", _modulated(x, shift, scale))
                narrow = self._linear(f"{name}.{kind}_mlp.2", F.gelu(hidden, approximate="tanh"))
                streams[kind] = x + mlp_gate * narrow
            return streams["img"], streams["txt"]

        return block

    def _single(self, name: str, vector: Tensor, turns: Tensor) -> Callable[[Tensor], Tensor]:
        modulation = self._linear(f"{name}.modulation.lin", F.silu(vector))
        shift, scale, gate = modulation[:, None].chunk(3, dim=-1)

        def block(x: Tensor) -> Tensor:
            wide = self._linear(f"{name}.linear1", _modulated(x, shift, scale))
            fused, hidden = wide.split([3 * x.shape[-1], self.config.mlp_size], dim=-1)
            query, key, value = self._parts(f"{name}.norm", fused)
            turned = (_turned(part, turns, value.dtype) for part in (query, key))
            mixed = _attention(*turned, value)
            both = torch.cat((mixed, F.gelu(hidden, approximate="tanh")), dim=-1)
            return x + gate * self._linear(f"{name}.linear2", both)

        return block


def _sinusoid(values: Tensor) -> Tensor:
    frequencies = torch.exp(-math.log(10000.0) * torch.arange(128) / 128)
    angles = values[:, None] * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


def _heads(x: Tensor) -> Tensor:
    return x.view(*x.shape[:2], -1, HEAD).transpose(1, 2)


def _attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def _modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=EPS) * (1 + scale) + shift


def _turns(frames: int, rows: int, columns: int, text_tokens: int) -> Tensor:
    """Cosine and sine for each token and pair of channels [2, L, 64]; text is not turned."""
    places = torch.cartesian_prod(*(torch.arange(n) for n in (frames, rows, columns))).double()
    parts = []
    for axis, width in enumerate(AXES):
        exponents = torch.arange(0, width, 2, dtype=torch.float64) / width
        parts.append(places[:, axis, None] * THETA**-exponents)
    angles = F.pad(torch.cat(parts, dim=1), (0, 0, 0, text_tokens))
    return torch.stack((angles.cos(), angles.sin())).float()


def _turned(x: Tensor, turns: Tensor, dtype: torch.dtype) -> Tensor:
    cosine, sine = turns
    first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
    pairs = (first * cosine - second * sine, first * sine + second * cosine)
    return torch.stack(pairs, dim=-1).flatten(-2).to(dtype)
