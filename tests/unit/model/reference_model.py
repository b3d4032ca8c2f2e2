"""Tiny HunyuanVideo weights, and a plain implementation to compare with (not a test file).

The plain implementation uses ordinary autograd, merges each LoRA into its weight before the matrix
product, turns channels with complex numbers and knows no padding: nothing is shared with the code
under test but the names of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from trainer.model.architecture import HunyuanVideoConfig, expected_shapes
from trainer.model.lora import LoraNetwork

TINY = HunyuanVideoConfig(
    hidden_size=128,
    double_blocks=2,
    single_blocks=2,
    in_channels=16,
    out_channels=16,
    patch_size=(1, 2, 2),
    text_width=24,
    pooled_width=10,
    has_guidance=True,
    mlp_size=512,
)


@dataclass(frozen=True)
class Sample:
    """Inputs of one forward pass without padding."""

    latents: Tensor
    timestep: Tensor
    text: Tensor
    pooled: Tensor
    guidance: Tensor

    def arguments(self) -> tuple[Tensor, Tensor, Tensor, None, Tensor, Tensor]:
        """Positional arguments of `HunyuanVideo.velocity`."""
        return self.latents, self.timestep, self.text, None, self.pooled, self.guidance


def make_weights(
    config: HunyuanVideoConfig = TINY, dtype: torch.dtype = torch.float32, seed: int = 0
) -> dict[str, Tensor]:
    """Random weights that keep signals near one."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in expected_shapes(config).items():
        values = torch.randn(shape, generator=generator, dtype=torch.float64)
        if "norm" in name and not name.endswith("bias"):
            values = 1 + 0.2 * values
        else:
            values = values * (0.2 if len(shape) == 1 else 1 / math.sqrt(math.prod(shape[1:])))
        weights[name] = values.to(dtype)
    return weights


def make_sample(
    batch: int = 1,
    text_tokens: int = 5,
    latent_shape: tuple[int, int, int] = (2, 4, 6),
    dtype: torch.dtype = torch.float32,
    seed: int = 1,
) -> Sample:
    """Random inputs for TINY."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    return Sample(
        latents=normal(batch, 16, *latent_shape),
        timestep=torch.linspace(310, 870, batch, dtype=dtype),
        text=normal(batch, text_tokens, TINY.text_width),
        pooled=normal(batch, 10),
        guidance=torch.full((batch,), 3.5, dtype=dtype),
    )


def fill_up_matrices(network: LoraNetwork, seed: int = 5) -> LoraNetwork:
    """Give the `up` matrices values, as if some steps had been trained."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("lora_up.weight"):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return network


def plain_velocity(
    weights: dict[str, Tensor], sample: Sample, network: LoraNetwork | None = None
) -> Tensor:
    """The model by ordinary functions; the text may not be padded."""
    return _Plain(weights, network).velocity(sample)


class _Plain:
    def __init__(self, weights: dict[str, Tensor], network: LoraNetwork | None) -> None:
        self.weights = weights
        self.network = network

    def linear(self, name: str, x: Tensor) -> Tensor:
        weight = self.weights[f"{name}.weight"]
        pair = None if self.network is None else self.network.pair(name)
        if pair is not None:
            weight = weight + (pair.up @ pair.down) * pair.scale
        return x @ weight.T + self.weights[f"{name}.bias"]

    def mlp(self, names: tuple[str, str], x: Tensor, activation: Callable[..., Tensor]) -> Tensor:
        return self.linear(names[1], activation(self.linear(names[0], x)))

    def embedder(self, name: str, x: Tensor) -> Tensor:
        return self.mlp((f"{name}.in_layer", f"{name}.out_layer"), x, F.silu)

    def sinusoid(self, values: Tensor) -> Tensor:
        steps = torch.arange(128, dtype=torch.float32)
        frequencies = torch.exp(-math.log(10000.0) * steps / 128).to(values.dtype)
        angles = values[:, None] * frequencies
        return torch.cat((angles.cos(), angles.sin()), dim=1)

    def velocity(self, sample: Sample) -> Tensor:
        vector = self.embedder("time_in", self.sinusoid(sample.timestep))
        vector = vector + self.embedder("vector_in", sample.pooled)
        vector = vector + self.embedder("guidance_in", self.sinusoid(sample.guidance * 1000))
        text = self.refined(sample)
        image = F.conv3d(
            sample.latents,
            self.weights["img_in.proj.weight"],
            self.weights["img_in.proj.bias"],
            stride=(1, 2, 2),
        )
        grid = image.shape[2:]
        image = image.flatten(2).transpose(1, 2)
        count = image.shape[1]
        turns = self.turns(*grid, text.shape[1])
        for index in range(2):
            image, text = self.double(f"double_blocks.{index}", image, text, vector, turns)
        tokens = torch.cat((image, text), dim=1)
        for index in range(2):
            tokens = self.single(f"single_blocks.{index}", tokens, vector, turns)
        shift, scale = self.linear("final_layer.adaLN_modulation.1", F.silu(vector)).chunk(2, 1)
        rows = self.linear("final_layer.linear", self.modulated(tokens[:, :count], shift, scale))
        patches = rows.view(rows.shape[0], *grid, 16, 2, 2)
        return torch.einsum("bfhwcpq->bcfhpwq", patches).reshape(sample.latents.shape)

    def refined(self, sample: Sample) -> Tensor:
        context = self.embedder("txt_in.t_embedder", self.sinusoid(sample.timestep))
        context = context + self.embedder("txt_in.c_embedder", sample.text.mean(dim=1))
        x = self.linear("txt_in.input_embedder", sample.text)
        for index in range(2):
            name = f"txt_in.individual_token_refiner.blocks.{index}"
            gates = self.linear(f"{name}.adaLN_modulation.1", F.silu(context))[:, None]
            first, second = gates.chunk(2, dim=-1)
            parts = self.linear(f"{name}.self_attn.qkv", self.affine(f"{name}.norm1", x))
            mixed = self.attention(*(self.heads(part) for part in parts.chunk(3, dim=-1)))
            x = x + first * self.linear(f"{name}.self_attn.proj", mixed)
            normed = self.affine(f"{name}.norm2", x)
            x = x + second * self.mlp((f"{name}.mlp.0", f"{name}.mlp.2"), normed, F.silu)
        return x

    def double(
        self, name: str, image: Tensor, text: Tensor, vector: Tensor, turns: Tensor
    ) -> tuple[Tensor, Tensor]:
        streams = {"img": image, "txt": text}
        mods, parts = {}, {}
        for kind, x in streams.items():
            mods[kind] = self.linear(f"{name}.{kind}_mod.lin", F.silu(vector)).chunk(6, dim=1)
            fused = self.linear(f"{name}.{kind}_attn.qkv", self.modulated(x, *mods[kind][:2]))
            parts[kind] = self.normed_heads(f"{name}.{kind}_attn.norm", fused)
        query, key, value = (
            torch.cat(pair, dim=2) for pair in zip(parts["img"], parts["txt"], strict=True)
        )
        mixed = self.attention(self.turned(query, turns), self.turned(key, turns), value)
        gathered = dict(zip(streams, mixed.split([image.shape[1], text.shape[1]], 1), strict=True))
        for kind, x in streams.items():
            _, _, gate, shift, scale, mlp_gate = mods[kind]
            x = x + gate[:, None] * self.linear(f"{name}.{kind}_attn.proj", gathered[kind])
            normed = self.modulated(x, shift, scale)
            names = (f"{name}.{kind}_mlp.0", f"{name}.{kind}_mlp.2")
            streams[kind] = x + mlp_gate[:, None] * self.mlp(names, normed, self.gelu)
        return streams["img"], streams["txt"]

    def single(self, name: str, x: Tensor, vector: Tensor, turns: Tensor) -> Tensor:
        shift, scale, gate = self.linear(f"{name}.modulation.lin", F.silu(vector)).chunk(3, dim=1)
        wide = self.linear(f"{name}.linear1", self.modulated(x, shift, scale))
        query, key, value = self.normed_heads(f"{name}.norm", wide[..., : 3 * x.shape[-1]])
        mixed = self.attention(self.turned(query, turns), self.turned(key, turns), value)
        both = torch.cat((mixed, self.gelu(wide[..., 3 * x.shape[-1] :])), dim=-1)
        return x + gate[:, None] * self.linear(f"{name}.linear2", both)

    def heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], -1, 128).transpose(1, 2)

    def normed_heads(self, name: str, fused: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = (self.heads(part) for part in fused.chunk(3, dim=-1))
        return self.rms(query, f"{name}.query_norm"), self.rms(key, f"{name}.key_norm"), value

    def rms(self, x: Tensor, name: str) -> Tensor:
        size = (x.pow(2).mean(dim=-1, keepdim=True) + 1e-6).sqrt()
        return x / size * self.weights[f"{name}.scale"]

    def affine(self, name: str, x: Tensor) -> Tensor:
        normed = F.layer_norm(x, x.shape[-1:], eps=1e-6)
        return normed * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def modulated(self, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None]

    def gelu(self, x: Tensor) -> Tensor:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + torch.tanh(inner))

    def attention(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        weights = torch.softmax(query @ key.mT / math.sqrt(128), dim=-1)
        return (weights @ value).transpose(1, 2).flatten(2)

    def turns(self, frames: int, rows: int, columns: int, text_tokens: int) -> Tensor:
        tokens = []
        for frame in range(frames):
            for row in range(rows):
                for column in range(columns):
                    angles = [
                        position * 256.0 ** (-2 * pair / width)
                        for position, width in ((frame, 16), (row, 56), (column, 56))
                        for pair in range(width // 2)
                    ]
                    tokens.append(angles)
        tokens += [[0.0] * 64] * text_tokens
        angles = torch.tensor(tokens, dtype=torch.float64)
        return torch.polar(torch.ones_like(angles), angles)

    def turned(self, x: Tensor, turns: Tensor) -> Tensor:
        pairs = torch.view_as_complex(x.double().reshape(*x.shape[:-1], 64, 2))
        return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)
