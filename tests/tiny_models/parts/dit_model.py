"""The demo diffusion model: ComfyUI's HunyuanVideo class and a forward pass to train it with.

ComfyUI's own forward adds in place and takes one text length a batch. The one below computes
the same from the same modules, is safe for autograd and masks padded text.
"""

from __future__ import annotations

import dataclasses
import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

DIT_CONFIG = {
    "in_channels": 16,
    "out_channels": 16,
    "patch_size": [1, 2, 2],
    "vec_in_dim": 768,
    "context_in_dim": 128,
    "hidden_size": 128,
    "mlp_ratio": 4.0,
    "num_heads": 1,
    "depth": 2,
    "depth_single_blocks": 6,
    "axes_dim": [16, 56, 56],
    "theta": 256,
    "qkv_bias": True,
    "guidance_embed": True,
    "byt5": False,
    "meanflow": False,
    "meanflow_sum": False,
    "use_cond_type_embedding": False,
    "vision_in_dim": None,
}


def build_dit(seed: int = 0) -> nn.Module:
    """Build the model with freshly drawn weights; every block starts as the identity."""
    import comfy.ops
    from comfy.ldm.hunyuan_video.model import HunyuanVideo, HunyuanVideoParams

    known = {field.name for field in dataclasses.fields(HunyuanVideoParams)}
    config = {key: value for key, value in DIT_CONFIG.items() if key in known}
    model = HunyuanVideo(
        dtype=torch.float32, device="cpu", operations=comfy.ops.disable_weight_init, **config
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim == 1:
                value.fill_(1.0 if "norm" in name and not name.endswith("bias") else 0.0)
            elif ("mod" in name and "lin" in name) or name.startswith("final_layer"):
                value.zero_()
            else:
                spread = 1 / value[0].numel() ** 0.5
                value.copy_(torch.randn(value.shape, generator=generator) * spread)
    return model


def comfy_state(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the query and key norms to `.scale`, which every ComfyUI version reads."""
    renamed = {}
    for name, value in weights.items():
        if ("query_norm" in name or "key_norm" in name) and name.endswith(".weight"):
            name = name[: -len("weight")] + "scale"
        renamed[name] = value
    return renamed


def load_shipped(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load what `comfy_state` named, whatever the installed class calls its norms."""
    shipped = {
        comfy_name: name for name in model.state_dict() for comfy_name in comfy_state({name: 0})
    }
    model.load_state_dict({shipped[name]: value.float() for name, value in weights.items()})


def _wave(t: Tensor, factor: float) -> Tensor:
    rates = torch.exp(-math.log(10000.0) * torch.arange(128, device=t.device) / 128)
    angles = factor * t[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def _rotation(model: nn.Module, sizes: tuple[int, int, int], text: int, like: Tensor) -> Tensor:
    axes = torch.meshgrid(*(torch.arange(n, device=like.device) for n in sizes), indexing="ij")
    places = torch.stack(axes, dim=-1).reshape(1, -1, 3).float()
    places = torch.cat([places, places.new_zeros(1, text, 3)], dim=1)
    return model.pe_embedder(places)[..., 0]  # (1, 1, tokens, dim / 2, 2): cosine and sine


def _heads(qkv: Tensor, norm: nn.Module, count: int) -> tuple[Tensor, Tensor, Tensor]:
    q, k, v = qkv.unflatten(-1, (3, count, -1)).permute(2, 0, 3, 1, 4)
    scales = [next(part.parameters()) for part in (norm.query_norm, norm.key_norm)]
    q, k = (
        F.rms_norm(x.float(), x.shape[-1:], scale, 1e-6)
        for x, scale in zip((q, k), scales, strict=True)
    )
    return q, k, v


def _turn(x: Tensor, rotation: Tensor) -> Tensor:
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = rotation.unbind(-1)
    return torch.stack([cos * even - sin * odd, sin * even + cos * odd], dim=-1).flatten(-2)


def _attend(q: Tensor, k: Tensor, v: Tensor, rotation: Tensor, mask: Tensor) -> Tensor:
    q, k = _turn(q, rotation).to(v.dtype), _turn(k, rotation).to(v.dtype)
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
    return out.transpose(1, 2).flatten(2)


def _shifted(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


def _modulation(module: nn.Module, vec: Tensor) -> tuple[Tensor, ...]:
    return module.lin(F.silu(vec))[:, None].chunk(module.multiplier, dim=-1)


def _refine_text(part: nn.Module, text: Tensor, t: Tensor, keep: Tensor) -> Tensor:
    weight = keep[..., None].float()
    mean = (text * weight).sum(1) / weight.sum(1)
    vec = part.t_embedder(_wave(t, 1.0)) + part.c_embedder(mean)
    x = part.input_embedder(text)
    for block in part.individual_token_refiner.blocks:
        gate1, gate2 = block.adaLN_modulation(vec)[:, None].chunk(2, dim=-1)
        qkv = block.self_attn.qkv(block.norm1(x)).unflatten(-1, (3, block.heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, None, :])
        x = x + block.self_attn.proj(out.transpose(1, 2).flatten(2)) * gate1
        x = x + block.mlp(block.norm2(x)) * gate2
    return x


def _double(
    block: nn.Module, img: Tensor, txt: Tensor, vec: Tensor, rotation: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    mods = _modulation(block.img_mod, vec), _modulation(block.txt_mod, vec)
    parts = []
    for x, attn, mod in zip((img, txt), (block.img_attn, block.txt_attn), mods, strict=True):
        parts.append(_heads(attn.qkv(_shifted(x, mod[0], mod[1])), attn.norm, block.num_heads))
    q, k, v = (torch.cat(pair, dim=2) for pair in zip(*parts, strict=True))
    out = _attend(q, k, v, rotation, mask).split([img.shape[1], txt.shape[1]], dim=1)
    results = []
    for x, attn, mlp, mod, o in zip(
        (img, txt),
        (block.img_attn, block.txt_attn),
        (block.img_mlp, block.txt_mlp),
        mods,
        out,
        strict=True,
    ):
        x = x + attn.proj(o) * mod[2]
        results.append(x + mlp(_shifted(x, mod[3], mod[4])) * mod[5])
    return results[0], results[1]


def _single(block: nn.Module, x: Tensor, vec: Tensor, rotation: Tensor, mask: Tensor) -> Tensor:
    shift, scale, gate = _modulation(block.modulation, vec)
    width = block.hidden_size
    qkv, mlp = block.linear1(_shifted(x, shift, scale)).split(
        [3 * width, block.mlp_hidden_dim], dim=-1
    )
    q, k, v = _heads(qkv, block.norm, block.num_heads)
    both = torch.cat([_attend(q, k, v, rotation, mask), F.gelu(mlp, approximate="tanh")], dim=-1)
    return x + block.linear2(both) * gate


def velocity(
    model: nn.Module,
    x: Tensor,
    sigma: Tensor,
    text: Tensor,
    keep: Tensor,
    pooled: Tensor,
    guidance: Tensor,
) -> Tensor:
    """Predict noise - x0.

    Args:
        model: ComfyUI's HunyuanVideo module.
        x: (batch, 16, frames, height, width) noisy latents in model scale.
        sigma: (batch,) noise level from 0 to 1.
        text: (batch, tokens, 128) text features, padded.
        keep: (batch, tokens) True where a token is not padding.
        pooled: (batch, 768) pooled text features.
        guidance: (batch,) guidance in sampling units.

    Returns:
        The velocity, shaped like `x`.
    """
    t = sigma * 1000.0
    vec = model.time_in(_wave(t, 1.0)) + model.vector_in(pooled)
    vec = vec + model.guidance_in(_wave(guidance, 1000.0))
    frames, height, width = x.shape[2], x.shape[3] // 2, x.shape[4] // 2
    img = model.img_in.proj(x).flatten(2).transpose(1, 2)
    txt = _refine_text(model.txt_in, text, t, keep)
    rotation = _rotation(model, (frames, height, width), txt.shape[1], x)
    mask = torch.cat([keep.new_ones(x.shape[0], img.shape[1]), keep], dim=1)
    for block in model.double_blocks:
        img, txt = _double(block, img, txt, vec, rotation, mask)
    both = torch.cat([img, txt], dim=1)
    for block in model.single_blocks:
        both = _single(block, both, vec, rotation, mask)
    shift, scale = model.final_layer.adaLN_modulation(vec)[:, None].chunk(2, dim=-1)
    out = model.final_layer.linear(_shifted(both[:, : img.shape[1]], shift, scale))
    out = out.reshape(x.shape[0], frames, height, width, 16, 1, 2, 2)
    return out.permute(0, 4, 1, 5, 2, 6, 3, 7).reshape(x.shape)
