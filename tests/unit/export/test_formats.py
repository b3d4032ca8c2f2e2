"""Naming schemes of LoRA files, against musubi-tuner's and with the same effect in each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.model.reference_model import TINY, fill_up_matrices
from trainer.errors import ExportError
from trainer.export.formats import FORMATS, LoraLayer, load_lora_file, read_layers, write_layers
from trainer.export.lora_file import convert_lora
from trainer.export.lora_names import flatten, from_original, to_original, unflatten
from trainer.model.architecture import expected_shapes
from trainer.model.lora import LoraNetwork, select_targets

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/lora_formats.json").read_text("utf-8"))
MODULES = [target.name for target in select_targets(expected_shapes(TINY), "default")]


def golden_tensors(form: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(shape, generator=generator) if shape else torch.tensor(2.0)
        for name, shape in GOLDEN[form].items()
    }


def shapes_of(tensors: dict[str, torch.Tensor]) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in tensors.items()}


def deltas(layers: dict[str, LoraLayer]) -> dict[str, torch.Tensor]:
    """What each layer adds to its weight."""
    return {
        name: layer.alpha / layer.down.shape[0] * layer.up.double() @ layer.down.double()
        for name, layer in layers.items()
    }


@pytest.mark.parametrize("form", ["musubi", "diffusers"])
@pytest.mark.parametrize("source", ["musubi", "diffusers"])
def test_names_and_shapes_equal_musubis_in_both_directions(source: str, form: str) -> None:
    layers = read_layers(golden_tensors(source))
    assert len(layers) == 20
    assert shapes_of(write_layers(layers, form)) == GOLDEN[form]


def test_layers_of_musubis_file_are_the_layers_we_train() -> None:
    assert set(read_layers(golden_tensors("musubi"))) == set(MODULES)


def test_kohya_and_comfy_names_are_made_of_comfyuis_module_names() -> None:
    layers = read_layers(golden_tensors("musubi"))
    kohya, comfy = write_layers(layers, "kohya"), write_layers(layers, "comfy")
    for name in MODULES:
        for part in (".lora_down.weight", ".lora_up.weight", ".alpha"):
            assert f"lora_unet_{name.replace('.', '_')}{part}" in kohya
            assert f"diffusion_model.{name}{part}" in comfy
    assert len(kohya) == len(comfy) == 60


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("alpha", [1.0, 4.0, 6.0])
def test_conversion_keeps_the_effect_of_the_lora(source: str, target: str, alpha: float) -> None:
    network = fill_up_matrices(
        LoraNetwork(select_targets(expected_shapes(TINY)), rank=4, alpha=alpha, seed=2)
    )
    layers = read_layers(network.state())
    there = read_layers(write_layers(layers, source))
    back = read_layers(write_layers(there, target))
    for name, delta in deltas(layers).items():
        torch.testing.assert_close(deltas(back)[name], delta, rtol=1e-6, atol=1e-8)


def test_diffusers_form_folds_the_root_of_alpha_over_rank_into_both() -> None:
    down, up = torch.ones(4, 6), torch.ones(5, 4)
    tensors = write_layers({"single_blocks.0.linear2": LoraLayer(down, up, 9.0)}, "diffusers")
    base = "diffusion_model.single_blocks.0.linear2"
    torch.testing.assert_close(tensors[f"{base}.lora_A.weight"], down * 1.5)
    torch.testing.assert_close(tensors[f"{base}.lora_B.weight"], up * 1.5)


def test_file_of_diffusion_pipe_is_read() -> None:
    tensors = {
        "transformer.double_blocks.3.txt_attn_qkv.lora_A.weight": torch.ones(2, 6),
        "transformer.double_blocks.3.txt_attn_qkv.lora_B.weight": torch.ones(18, 2),
    }
    (name,) = layers = read_layers(tensors)
    assert name == "double_blocks.3.txt_attn.qkv"
    assert layers[name].alpha == 2  # no alpha means scale 1


@pytest.mark.parametrize("name", [*MODULES, "double_blocks.1.img_mod.lin"])
def test_every_name_goes_through_every_scheme_and_back(name: str) -> None:
    assert from_original(to_original(name)) == name
    assert unflatten(flatten(name)) == name
    assert unflatten(flatten(to_original(name))) == name


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"lora_unet_down_blocks_0_attn.lora_up.weight": (4, 2)}, "no known HunyuanVideo"),
        ({"double_blocks.0.img_attn.qkv.weight": (4, 4)}, "no known HunyuanVideo"),
        ({"lora_unet_single_blocks_0_linear1.lora_up.weight": (4, 2)}, "lacks the down half"),
        ({}, "no LoRA layers"),
        (
            {
                "lora_unet_single_blocks_0_linear1.lora_up.weight": (4, 3),
                "lora_unet_single_blocks_0_linear1.lora_down.weight": (2, 4),
            },
            "do not fit together",
        ),
    ],
    ids=["another model", "not a lora", "half a layer", "empty", "wrong shapes"],
)
def test_read_layers_of_something_else_is_refused(
    tensors: dict[str, tuple[int, ...]], words: str
) -> None:
    with pytest.raises(ExportError, match=words):
        read_layers({name: torch.zeros(shape) for name, shape in tensors.items()})


def test_unknown_format_is_refused() -> None:
    with pytest.raises(ExportError, match="'a1111'"):
        write_layers({}, "a1111")


def test_convert_lora_file_keeps_metadata_and_dtype(tmp_path: Path) -> None:
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    half = {name: value.to(torch.bfloat16) for name, value in golden_tensors("musubi").items()}
    save_file(half, source, metadata={"ss_seed": "42"})
    assert convert_lora(source, target, "kohya") == 20
    assert load_lora_file(target).metadata == {"ss_seed": "42"}
    name = "lora_unet_double_blocks_1_txt_mlp_2.lora_down.weight"
    assert torch.equal(
        load_file(target)[name],
        half["lora_unet_double_blocks_1_txt_mlp_fc2.lora_down.weight"],
    )


@pytest.mark.parametrize("content", [None, b"not safetensors"], ids=["missing", "damaged"])
def test_convert_lora_bad_file_is_explained_by_name(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "bad.safetensors"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(ExportError, match=r"bad\.safetensors"):
        convert_lora(source, tmp_path / "out.safetensors", "kohya")
