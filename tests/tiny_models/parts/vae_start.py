"""The weights that the demo VAE starts from, worked out instead of drawn."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .vae_stills import STREAM_SCALE, encode_stills

LATENT_SCALE = 0.476986


@torch.no_grad()
def start_encoder(vae: nn.Module, basis: Tensor) -> None:
    """Start the encoder as a linear code of 8x8 patches.

    Three strided convolutions gather a patch, the last one projects it. Each value is carried
    by a channel and its negative, because silu(x) - silu(-x) = x and their mean is zero.

    Args:
        vae: A VAE from `build_vae`.
        basis: (16, 3, 8, 8) patterns; latent k is the product of a patch and pattern k.
    """
    encoder = vae.encoder
    for name in ("conv_in", "conv_out"):
        getattr(encoder, name).conv.weight.zero_()
    encoder.conv_in.conv.weight[:3, :, -1, 1, 1] = torch.eye(3) * STREAM_SCALE
    for level, width in ((0, 3), (1, 12)):
        weight = encoder.down[level].downsample.conv.conv.weight
        weight[: 4 * width].zero_()
        for place in range(4):
            rows = slice(place * width, (place + 1) * width)
            weight[rows, :width, -1, 1 + place // 2, 1 + place % 2] = torch.eye(width)
    # y = 4 y2 + 2 y1 + y0, and the channels after two gatherings are ordered (y1 x1 y0 x0 c).
    parts = basis.reshape(16, 3, 2, 2, 2, 2, 2, 2).permute(0, 3, 6, 4, 7, 1, 2, 5)
    weight = encoder.down[2].downsample.conv.conv.weight
    for sign, first in ((1.0, 0), (-1.0, 1)):
        weight[first:32:2].zero_()
        weight[first:32:2, :48, -1, 1:, 1:] = sign * parts.reshape(16, 48, 2, 2)
        encoder.conv_out.conv.weight[range(16), range(first, 32, 2), -1, 1, 1] = sign
    encoder.norm_out.weight.fill_(2.0)
    for part in (
        encoder.mid.block_1.conv2.conv,
        encoder.mid.block_2.conv2.conv,
        encoder.mid.attn_1.proj_out,
    ):
        part.weight.mul_(0.2)
    vae.quant_conv.weight.zero_()
    vae.quant_conv.weight[:, :, 0, 0, 0] = torch.eye(32)


@torch.no_grad()
def normalise_latents(vae: nn.Module, pictures: list[Tensor]) -> None:
    """Shift and scale the latents so that ComfyUI's scale factor brings them to unit spread.

    Args:
        vae: A VAE whose encoder is final.
        pictures: (3, height, width) examples of what the latents will show.
    """
    flat = torch.cat([encode_stills(vae, x[None])[0].flatten(1) for x in pictures], dim=1)
    mean = flat.mean(dim=1)
    scale = 1 / (LATENT_SCALE * (flat - mean[:, None]).square().mean().sqrt())
    vae.quant_conv.weight[:16] *= scale
    vae.quant_conv.bias[:16] = (vae.quant_conv.bias[:16] - mean) * scale


@torch.no_grad()
def start_decoder(vae: nn.Module, pictures: list[Tensor]) -> None:
    """Start the decoder as a smooth enlargement of the mean colours of the 8x8 patches.

    Args:
        vae: A VAE whose encoder is final.
        pictures: (3, height, width) examples to find the colours of a latent from.
    """
    latents = torch.cat([encode_stills(vae, x[None])[0].flatten(1) for x in pictures], dim=1)
    colours = torch.cat([F.avg_pool2d(x, 8).flatten(1) for x in pictures], dim=1)
    known = torch.cat([latents, torch.ones_like(latents[:1])]).T
    answer = torch.linalg.lstsq(known, colours.T).solution.T
    decoder = vae.decoder
    vae.post_quant_conv.weight[:, :, 0, 0, 0] = torch.eye(16)
    for sign, first in ((1.0, 0), (-1.0, 1)):
        rows = slice(first, 6, 2)
        decoder.conv_in.conv.weight[rows].zero_()
        decoder.conv_in.conv.weight[rows, :, -1, 1, 1] = sign * answer[:, :16] * STREAM_SCALE
        decoder.conv_in.conv.bias[rows] = sign * answer[:, 16] * STREAM_SCALE
    blur = torch.tensor([0.25, 0.5, 0.25])
    for level in decoder.up:
        for block in level.block:
            if hasattr(block, "nin_shortcut"):
                block.nin_shortcut.conv.weight.mul_(0.3)
                block.nin_shortcut.conv.weight[:6].zero_()
                block.nin_shortcut.conv.weight[range(64), range(64), 0, 0, 0] += 1.0
        if hasattr(level, "upsample"):
            weight = level.upsample.conv.conv.weight
            weight.mul_(0.3)
            weight[:6].zero_()
            for channel in range(len(weight)):
                weight[channel, channel, -1] += blur[:, None] * blur
    out = decoder.conv_out.conv.weight
    out.mul_(0.1)
    out[range(3), range(0, 6, 2), -1, 1, 1] += 1.0
    out[range(3), range(1, 6, 2), -1, 1, 1] -= 1.0
    decoder.norm_out.weight.fill_(2.0)
