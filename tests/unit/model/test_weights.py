"""Sources of frozen weights: names, dtypes, files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from trainer.errors import ModelMismatchError
from trainer.model.weights import (
    MappingSource,
    SafetensorsSource,
    canonical_weight_name,
    sorted_names,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("stored", "canonical"),
    [
        ("double_blocks.0.img_attn.qkv.weight", "double_blocks.0.img_attn.qkv.weight"),
        ("model.diffusion_model.img_in.proj.bias", "img_in.proj.bias"),
        ("model.model.double_blocks.3.img_attn_qkv.bias", "double_blocks.3.img_attn.qkv.bias"),
        ("double_blocks.3.txt_attn_proj.weight", "double_blocks.3.txt_attn.proj.weight"),
        ("double_blocks.3.txt_mlp.fc1.weight", "double_blocks.3.txt_mlp.0.weight"),
        ("double_blocks.3.img_mlp.fc2.bias", "double_blocks.3.img_mlp.2.bias"),
        ("double_blocks.3.img_mod.linear.weight", "double_blocks.3.img_mod.lin.weight"),
        ("single_blocks.9.modulation.linear.bias", "single_blocks.9.modulation.lin.bias"),
        (
            "double_blocks.1.img_attn_q_norm.weight",
            "double_blocks.1.img_attn.norm.query_norm.scale",
        ),
        (
            "double_blocks.1.txt_attn.norm.key_norm.weight",
            "double_blocks.1.txt_attn.norm.key_norm.scale",
        ),
        ("single_blocks.2.q_norm.weight", "single_blocks.2.norm.query_norm.scale"),
        ("single_blocks.2.norm.key_norm.scale", "single_blocks.2.norm.key_norm.scale"),
        ("time_in.mlp.0.weight", "time_in.in_layer.weight"),
        ("guidance_in.mlp.2.bias", "guidance_in.out_layer.bias"),
        ("txt_in.t_embedder.mlp.2.weight", "txt_in.t_embedder.out_layer.weight"),
        ("txt_in.c_embedder.linear_1.weight", "txt_in.c_embedder.in_layer.weight"),
        (
            "txt_in.individual_token_refiner.blocks.0.mlp.fc1.weight",
            "txt_in.individual_token_refiner.blocks.0.mlp.0.weight",
        ),
        (
            "txt_in.individual_token_refiner.blocks.1.self_attn_qkv.weight",
            "txt_in.individual_token_refiner.blocks.1.self_attn.qkv.weight",
        ),
    ],
)
def test_canonical_name_of_each_known_form(stored: str, canonical: str) -> None:
    assert canonical_weight_name(stored) == canonical
    assert canonical_weight_name(canonical) == canonical


def test_sorted_names_puts_block_2_before_block_10() -> None:
    names = ["single_blocks.10.a", "single_blocks.2.b", "double_blocks.1.c", "single_blocks.2.a"]
    assert sorted_names(names) == [
        "double_blocks.1.c",
        "single_blocks.2.a",
        "single_blocks.2.b",
        "single_blocks.10.a",
    ]


def test_mapping_source_casts_and_shares() -> None:
    stored = torch.arange(6, dtype=torch.bfloat16).view(2, 3).requires_grad_()
    source = MappingSource({"model.diffusion_model.time_in.mlp.0.weight": stored})
    assert source.shapes == {"time_in.in_layer.weight": (2, 3)}
    same = source.weight("time_in.in_layer.weight", torch.bfloat16, CPU)
    assert same.data_ptr() == stored.data_ptr()
    assert not same.requires_grad
    wide = source.weight("time_in.in_layer.weight", torch.float64, CPU)
    assert torch.equal(wide, torch.arange(6, dtype=torch.float64).view(2, 3))


def test_mapping_source_unknown_name_is_explained() -> None:
    with pytest.raises(ModelMismatchError, match=r"no weight 'x\.weight' in this model"):
        MappingSource({}).weight("x.weight", torch.float32, CPU)


# What a file has for a scaled layer beside its weight, in the two forms that ComfyUI has written.
SCALED_FORMS = {
    "scale_weight": {
        "model.model.double_blocks.0.img_attn_qkv.scale_weight": torch.tensor(0.5),
        "model.model.double_blocks.0.img_attn_qkv.scale_input": torch.tensor(3.0),
        "model.model.scaled_fp8": torch.zeros(0),
    },
    "weight_scale": {
        "model.model.double_blocks.0.img_attn_qkv.weight_scale": torch.tensor([0.5]),
        "model.model.double_blocks.0.img_attn_qkv.input_scale": torch.tensor(3.0),
        "model.model.double_blocks.0.img_attn_qkv.comfy_quant": torch.zeros(9, dtype=torch.uint8),
    },
}


@pytest.mark.parametrize("form", SCALED_FORMS)
def test_safetensors_source_reads_plain_and_scaled_float8(tmp_path: Path, form: str) -> None:
    path = tmp_path / "model.safetensors"
    # Exact in float8_e4m3fn, so that the wanted numbers follow by hand.
    eighths = torch.tensor([[0.5, -1.5], [2.0, 0.25]])
    stored = {
        "model.model.double_blocks.0.img_attn_qkv.weight": eighths.to(torch.float8_e4m3fn),
        "model.model.double_blocks.0.img_attn_qkv.bias": torch.tensor([1.0, 2.0]),
        "model.model.single_blocks.0.linear1.weight": eighths.to(torch.float8_e4m3fn),
    }
    save_file(stored | SCALED_FORMS[form], path)
    source = SafetensorsSource(path)
    assert source.shapes == {
        "double_blocks.0.img_attn.qkv.weight": (2, 2),
        "double_blocks.0.img_attn.qkv.bias": (2,),
        "single_blocks.0.linear1.weight": (2, 2),
    }
    scaled = source.weight("double_blocks.0.img_attn.qkv.weight", torch.float32, CPU)
    assert torch.equal(scaled, eighths / 2)
    plain = source.weight("single_blocks.0.linear1.weight", torch.bfloat16, CPU)
    assert torch.equal(plain, eighths.to(torch.bfloat16))


def test_safetensors_source_unknown_name_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a.weight": torch.zeros(2)}, path)
    with pytest.raises(ModelMismatchError, match=r"no weight 'b\.weight'.*model\.safetensors"):
        SafetensorsSource(path).weight("b.weight", torch.float32, CPU)


@pytest.mark.parametrize(
    ("stored", "named"),
    [
        ({"a.weight": torch.zeros(4, dtype=torch.uint8)}, r"'a\.weight' is U8 \[4\]"),
        ({"a.weight": torch.zeros(4, dtype=torch.int8)}, r"'a\.weight' is I8 \[4\]"),
        (
            {
                "a.weight": torch.zeros(2, 32).to(torch.float8_e4m3fn),
                "a.weight_scale": torch.ones(2, 1),
            },
            r"'a\.weight_scale' is F32 \[2, 1\]",
        ),
    ],
    ids=["four_bits", "int8", "scales_of_blocks"],
)
def test_safetensors_source_packed_weights_are_refused(
    tmp_path: Path, stored: dict[str, torch.Tensor], named: str
) -> None:
    path = tmp_path / "packed.safetensors"
    save_file(stored, path)
    with pytest.raises(ModelMismatchError, match=rf"packed weights \({named}\)"):
        SafetensorsSource(path)


@pytest.mark.parametrize("content", [None, b"not a tensor file"], ids=["missing", "damaged"])
def test_safetensors_source_unreadable_file_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelMismatchError, match="cannot be read as a safetensors file"):
        SafetensorsSource(path)
