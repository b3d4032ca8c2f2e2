"""What kind of HunyuanVideo a set of weights is, read from the shapes alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ModelMismatchError
from .layers.attention import HEAD_WIDTH
from .layers.refiner import REFINER_BLOCKS

Shapes = Mapping[str, tuple[int, ...]]

_WORKS_NOW = "Training works with HunyuanVideo text-to-video models (16 input channels) for now."
_MARKER = "txt_in.individual_token_refiner.blocks.0.norm1.weight"
_FIFTEEN = ("byt5_in", "cond_type_embedding", "vision_in")


@dataclass(frozen=True, slots=True)
class HunyuanVideoConfig:
    """Sizes of a HunyuanVideo text-to-video transformer."""

    hidden_size: int
    """Width D of a token, a multiple of 128."""
    double_blocks: int
    single_blocks: int
    in_channels: int
    out_channels: int
    patch_size: tuple[int, int, int]
    """Latent frames, rows and columns that make one token."""
    text_width: int
    """Width of the text encoder's states."""
    pooled_width: int | None
    """Width of the pooled text vector, None for a model that takes none."""
    has_guidance: bool
    """Whether the model takes an embedded guidance number."""
    mlp_size: int
    """Width of the hidden layer of the MLPs, 4 D."""

    @property
    def heads(self) -> int:
        """Attention heads; each has 128 channels."""
        return self.hidden_size // HEAD_WIDTH

    @property
    def blocks(self) -> int:
        """Double and single blocks together."""
        return self.double_blocks + self.single_blocks

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> HunyuanVideoConfig:
        """Read the sizes from canonical weight names and shapes.

        Raises:
            ModelMismatchError: It is another model, another kind of HunyuanVideo, or incomplete.
        """
        _refuse_other_models(shapes)
        patch_in = shapes["img_in.proj.weight"]
        patch_size = (patch_in[2], patch_in[3], patch_in[4])
        patch_area = patch_size[0] * patch_size[1] * patch_size[2]
        final = shapes.get("final_layer.linear.weight", (16 * patch_area, 0))
        mlp = shapes.get("double_blocks.0.img_mlp.0.weight", (4 * patch_in[0], 0))
        pooled = shapes.get("vector_in.in_layer.weight")
        config = cls(
            hidden_size=patch_in[0],
            double_blocks=_count(shapes, "double_blocks"),
            single_blocks=_count(shapes, "single_blocks"),
            in_channels=patch_in[1],
            out_channels=final[0] // patch_area,
            patch_size=patch_size,
            text_width=shapes.get("txt_in.input_embedder.weight", (0, 4096))[1],
            pooled_width=None if pooled is None else pooled[1],
            has_guidance="guidance_in.in_layer.weight" in shapes,
            mlp_size=mlp[0],
        )
        _check_complete(config, shapes)
        return config


def expected_shapes(config: HunyuanVideoConfig) -> dict[str, tuple[int, ...]]:
    """Canonical name -> shape of every weight that a model of these sizes has."""
    wide, patch = config.hidden_size, config.patch_size
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, inputs: int, outputs: int) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)

    def embedder(name: str, inputs: int) -> None:
        linear(f"{name}.in_layer", inputs, wide)
        linear(f"{name}.out_layer", wide, wide)

    shapes["img_in.proj.weight"] = (wide, config.in_channels, *patch)
    shapes["img_in.proj.bias"] = (wide,)
    embedder("time_in", 256)
    if config.pooled_width is not None:
        embedder("vector_in", config.pooled_width)
    if config.has_guidance:
        embedder("guidance_in", 256)
    linear("txt_in.input_embedder", config.text_width, wide)
    embedder("txt_in.t_embedder", 256)
    embedder("txt_in.c_embedder", config.text_width)
    for index in range(REFINER_BLOCKS):
        name = f"txt_in.individual_token_refiner.blocks.{index}"
        for norm in ("norm1", "norm2"):
            shapes[f"{name}.{norm}.weight"] = shapes[f"{name}.{norm}.bias"] = (wide,)
        linear(f"{name}.adaLN_modulation.1", wide, 2 * wide)
        linear(f"{name}.self_attn.qkv", wide, 3 * wide)
        linear(f"{name}.self_attn.proj", wide, wide)
        linear(f"{name}.mlp.0", wide, 4 * wide)
        linear(f"{name}.mlp.2", 4 * wide, wide)
    for index in range(config.double_blocks):
        for name in (f"double_blocks.{index}.img", f"double_blocks.{index}.txt"):
            linear(f"{name}_mod.lin", wide, 6 * wide)
            linear(f"{name}_attn.qkv", wide, 3 * wide)
            shapes[f"{name}_attn.norm.query_norm.scale"] = (HEAD_WIDTH,)
            shapes[f"{name}_attn.norm.key_norm.scale"] = (HEAD_WIDTH,)
            linear(f"{name}_attn.proj", wide, wide)
            linear(f"{name}_mlp.0", wide, config.mlp_size)
            linear(f"{name}_mlp.2", config.mlp_size, wide)
    for index in range(config.single_blocks):
        name = f"single_blocks.{index}"
        linear(f"{name}.modulation.lin", wide, 3 * wide)
        linear(f"{name}.linear1", wide, 3 * wide + config.mlp_size)
        linear(f"{name}.linear2", wide + config.mlp_size, wide)
        shapes[f"{name}.norm.query_norm.scale"] = shapes[f"{name}.norm.key_norm.scale"] = (
            HEAD_WIDTH,
        )
    linear("final_layer.adaLN_modulation.1", wide, 2 * wide)
    linear("final_layer.linear", wide, config.out_channels * patch[0] * patch[1] * patch[2])
    return shapes


def _refuse_other_models(shapes: Shapes) -> None:
    patch_in = shapes.get("img_in.proj.weight")
    if patch_in is None or _MARKER not in shapes or not _count(shapes, "double_blocks"):
        example = ", ".join(sorted(shapes)[:2]) or "no weights at all"
        raise ModelMismatchError(
            f"This model is not HunyuanVideo: it has {len(shapes)} weights ({example}, ...) "
            f"without the token refiner or the double blocks. {_WORKS_NOW} Connect one to 'model'."
        )
    channels = patch_in[1]
    marks = [part for part in _FIFTEEN if any(name.startswith(f"{part}.") for name in shapes)]
    if len(patch_in) == 4:
        kind = f"takes flat pictures (patches of {list(patch_in[2:])}), so it is HunyuanImage"
    elif marks or channels in (65, 98):
        parts = f" and has {', '.join(marks)}" if marks else ""
        kind = f"takes {channels} input channels{parts}, so it is HunyuanVideo 1.5"
    elif channels in (32, 33):
        kind = f"takes {channels} input channels, so it is image-to-video"
    elif "time_r_in.in_layer.weight" in shapes:
        kind = "has a second time input (time_r_in), so it is a mean-flow distilled model"
    elif channels != 16:
        kind = f"takes {channels} input channels, which no known HunyuanVideo does"
    elif patch_in[0] % HEAD_WIDTH:
        kind = f"has tokens {patch_in[0]} wide, which is no multiple of {HEAD_WIDTH}"
    else:
        return
    raise ModelMismatchError(f"This model {kind}. {_WORKS_NOW} Connect one to 'model'.")


def _check_complete(config: HunyuanVideoConfig, shapes: Shapes) -> None:
    expected = expected_shapes(config)
    missing = [name for name in expected if name not in shapes]
    wrong = [
        f"{name} is {list(shapes[name])} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in shapes and tuple(shapes[name]) != shape
    ]
    if missing or wrong:
        faults = [f"{name} is missing" for name in missing] + wrong
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise ModelMismatchError(
            f"This HunyuanVideo model is damaged or of an unknown kind: {'; '.join(faults[:3])}"
            f"{more}. Load a complete text-to-video model."
        )


def _count(shapes: Shapes, group: str) -> int:
    pattern = re.compile(rf"{group}\.(\d+)\.")
    found = {int(match.group(1)) for name in shapes if (match := pattern.match(name))}
    return max(found) + 1 if found else 0
