"""HunyuanVideo's causal 3D VAE applied to single pictures at the cost of a 2D network.

The causal convolutions repeat the first frame backwards in time, so for one frame every
tap of a kernel sees the same picture: a 3D convolution equals a 2D convolution whose kernel
is the sum of the 3D kernel over time. Gradients flow through the sum, so the same
parameters are trained, about three times faster.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .host import import_demo_models

STREAM_SCALE = 5e-4
STREAM_WRITERS = ("conv_in.conv", "conv1.conv", "conv2.conv", "proj_out")
STREAM_CHANGERS = ("sample.conv.conv", "nin_shortcut.conv")


def stream_scale(name: str) -> float:
    """Tell how small a weight is kept, so that a group norm cannot erase a flat colour.

    With 64 channels a group norm covers two, and a flat picture would leave it as +1 and -1
    whatever its colour. Everything that is normalised is therefore kept about 2000 times
    smaller than usual, where the norm's epsilon of 1e-6 turns it into a mild scaling.

    Args:
        name: Name of the weight in the VAE.
    """
    owner, kind = name.rsplit(".", 1)
    if owner.endswith(STREAM_WRITERS) or (kind == "bias" and owner.endswith(STREAM_CHANGERS)):
        return STREAM_SCALE
    return 1.0


def build_vae(seed: int = 0) -> nn.Module:
    """Build ComfyUI's AutoencoderKL with freshly drawn weights.

    Args:
        seed: Seed of the weights.
    """
    from comfy.ldm.models.autoencoder import AutoencoderKL

    vae = AutoencoderKL(**import_demo_models().VAE_PARAMS).float()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in vae.named_parameters():
            if value.ndim == 1:
                value.fill_(1.5 if "norm" in name and name.endswith("weight") else 0.0)
                continue
            fan_in = value[0, :, -1].numel()
            gain = 0.4 if "conv2" in name or "proj_out" in name else 1.2
            value.zero_()
            value[:, :, -1] = torch.randn(value[:, :, -1].shape, generator=generator)
            value.mul_(gain / fan_in**0.5 * stream_scale(name))
    return vae


def flatten_time(vae: nn.Module) -> None:
    """Replace every 3D kernel by the 2D kernel that does the same to stills."""
    for module in vae.modules():
        weight = getattr(module, "weight", None)
        if weight is not None and weight.ndim == 5:
            module.weight = nn.Parameter(weight.detach().sum(2))


def with_time(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Turn 2D kernels into 3D kernels that look at the newest frame only."""
    made = {}
    for name, value in weights.items():
        if value.ndim == 4:
            taps = value.new_zeros(*value.shape[:2], value.shape[-1], *value.shape[2:])
            taps[:, :, -1] = value
            value = taps
        made[name] = value
    return made


def _conv(module: nn.Module, x: Tensor) -> Tensor:
    conv = getattr(module, "conv", module)
    if conv.kernel_size[-1] == 3:  # repeat the border; F.pad would leave bfloat16
        x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], dim=2)
        x = torch.cat([x[..., :1], x, x[..., -1:]], dim=3)
    weight = conv.weight if conv.weight.ndim == 4 else conv.weight.sum(2)
    return F.conv2d(x, weight, conv.bias, stride=conv.stride[1:])


def _norm(module: nn.Module, x: Tensor) -> Tensor:
    return F.group_norm(x, module.num_groups, module.weight, module.bias, module.eps)


def _block(block: nn.Module, x: Tensor) -> Tensor:
    h = _conv(block.conv1, F.silu(_norm(block.norm1, x)))
    h = _conv(block.conv2, F.silu(_norm(block.norm2, h)))
    if block.in_channels != block.out_channels:
        x = _conv(block.nin_shortcut, x)
    return x + h


def _attention(block: nn.Module, x: Tensor) -> Tensor:
    h = _norm(block.norm, x)
    q, k, v = (_conv(m, h).flatten(2).transpose(1, 2) for m in (block.q, block.k, block.v))
    h = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
    return x + _conv(block.proj_out, h.transpose(1, 2).reshape(x.shape))


def _middle(part: nn.Module, h: Tensor) -> Tensor:
    h = _attention(part.mid.attn_1, _block(part.mid.block_1, h))
    return _block(part.mid.block_2, h)


def encode_stills(vae: nn.Module, pictures: Tensor) -> Tensor:
    """Encode pictures to the means of their latents.

    Args:
        vae: The causal 3D VAE.
        pictures: (batch, 3, height, width) in -1 to 1.

    Returns:
        (batch, 16, height / 8, width / 8).
    """
    encoder = vae.encoder
    h = _conv(encoder.conv_in, pictures)
    for level in encoder.down:
        for block in level.block:
            h = _block(block, h)
        if hasattr(level, "downsample"):
            h = _conv(level.downsample.conv, h)
    h = _conv(encoder.conv_out, F.silu(_norm(encoder.norm_out, _middle(encoder, h))))
    return _conv(vae.quant_conv, h).chunk(2, dim=1)[0]


def decode_stills(vae: nn.Module, latents: Tensor) -> Tensor:
    """Decode latents of single frames, the counterpart of `encode_stills`."""
    decoder = vae.decoder
    h = _middle(decoder, _conv(decoder.conv_in, _conv(vae.post_quant_conv, latents)))
    for level in reversed(decoder.up):
        for block in level.block:
            h = _block(block, h)
        if hasattr(level, "upsample"):
            h = _conv(level.upsample.conv, F.interpolate(h, scale_factor=2.0, mode="nearest"))
    return _conv(decoder.conv_out, F.silu(_norm(decoder.norm_out, h)))
