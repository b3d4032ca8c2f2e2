"""Saved LoRA files: names, contents, dtype, metadata, and equal bytes for equal content."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests.unit.model.reference_model import fill_up_matrices
from tests.unit.training.training_runs import make_config
from trainer.errors import ExportError
from trainer.export.formats import load_lora_file
from trainer.export.lora_file import save_lora
from trainer.export.metadata import dataset_metadata, lora_metadata
from trainer.model.lora import LoraNetwork, LoraTarget

ROOT = Path(__file__).parents[3]
TARGETS = [
    LoraTarget("double_blocks.0.img_attn.qkv", 8, 24),
    LoraTarget("double_blocks.1.txt_mlp.2", 32, 8),
    LoraTarget("single_blocks.10.linear1", 8, 56),
]


def make_state(alpha: float = 2.0) -> dict[str, torch.Tensor]:
    return fill_up_matrices(LoraNetwork(TARGETS, rank=4, alpha=alpha, seed=1)).state()


def test_save_lora_writes_the_names_that_comfyui_maps(tmp_path: Path) -> None:
    tensors = load_file(save_lora(tmp_path / "a.safetensors", make_state(), {}))
    bases = (
        "lora_unet_double_blocks_0_img_attn_qkv",
        "lora_unet_double_blocks_1_txt_mlp_2",
        "lora_unet_single_blocks_10_linear1",
    )
    parts = (".lora_down.weight", ".lora_up.weight", ".alpha")
    assert set(tensors) == {base + part for base in bases for part in parts}
    assert all(float(tensors[f"{base}.alpha"]) == 2.0 for base in bases)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("bf16", torch.bfloat16), ("fp16", torch.float16), ("fp32", torch.float32)],
)
def test_save_lora_holds_the_values_in_the_chosen_dtype(
    tmp_path: Path, dtype: str, kind: torch.dtype
) -> None:
    state = make_state()
    tensors = load_file(save_lora(tmp_path / "a.safetensors", state, {}, dtype=dtype))
    down = tensors["lora_unet_single_blocks_10_linear1.lora_down.weight"]
    assert torch.equal(down, state["single_blocks.10.linear1.lora_down.weight"].to(kind))
    assert tensors["lora_unet_single_blocks_10_linear1.alpha"].dtype == torch.float32


def test_save_lora_default_dtype_is_bf16(tmp_path: Path) -> None:
    lora = load_lora_file(save_lora(tmp_path / "a.safetensors", make_state(), {}))
    assert {layer.up.dtype for layer in lora.layers.values()} == {torch.bfloat16}


SAVING = """
import sys
from pathlib import Path
from tests.unit.export.test_lora_file import make_state
from trainer.export.lora_file import save_lora
save_lora(Path(sys.argv[1]), make_state(), {f"ss_{n}": "ä" * n for n in range(20)})
"""


def test_save_lora_same_content_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    metadata = {f"ss_{number}": "ä" * number for number in reversed(range(20))}
    first = save_lora(tmp_path / "a.safetensors", make_state(), metadata)
    second = tmp_path / "b.safetensors"
    subprocess.run([sys.executable, "-c", SAVING, str(second)], cwd=ROOT, check=True)
    assert first.read_bytes() == second.read_bytes()
    with safe_open(first, framework="pt") as stream:
        assert stream.metadata() == metadata


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_save_lora_broken_values_are_refused_and_nothing_is_written(
    tmp_path: Path, value: float
) -> None:
    state = make_state()
    state["single_blocks.10.linear1.lora_up.weight"][0, 0] = value
    with pytest.raises(ExportError, match="single_blocks_10_linear1"):
        save_lora(tmp_path / "a.safetensors", state, {})
    assert list(tmp_path.iterdir()) == []


def test_save_lora_too_large_for_fp16_is_refused(tmp_path: Path) -> None:
    state = make_state()
    state["single_blocks.10.linear1.lora_up.weight"][0, 0] = 1e6
    with pytest.raises(ExportError, match="fp16"):
        save_lora(tmp_path / "a.safetensors", state, {}, dtype="fp16")


def test_save_lora_over_an_older_file_replaces_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_text("old")
    save_lora(path, make_state(), {})
    assert len(load_lora_file(path).layers) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.safetensors"]


def test_metadata_tells_what_lora_managers_show() -> None:
    config = make_config(
        output={"name": "alchenhai", "trigger": "alchenhai woman"}, train={"steps": 50}
    )
    fields = lora_metadata(config, 40, 4, {"ss_sd_model_name": "hunyuan.safetensors"})
    assert fields["modelspec.architecture"] == "hunyuan-video/lora"
    assert fields["modelspec.title"] == "alchenhai"
    assert fields["modelspec.trigger_phrase"] == "alchenhai woman"
    assert (fields["ss_network_dim"], fields["ss_network_alpha"]) == ("2", "2")
    assert (fields["ss_steps"], fields["ss_epoch"], fields["ss_seed"]) == ("40", "4", "7")
    assert fields["ss_learning_rate"] == "1"
    assert fields["ss_optimizer"].startswith("prodigyopt.Prodigy(betas=(0.9, 0.99)")
    assert fields["ss_network_module"] == "networks.lora"
    assert fields["ss_base_model_version"] == "hunyuan_video"
    assert fields["ss_sd_model_name"] == "hunyuan.safetensors"
    assert all(isinstance(value, str) and value for value in fields.values())


def test_dataset_metadata_counts_pictures_and_parts_of_captions() -> None:
    fields = dataset_metadata({"b": ["photo, red dress", "photo"], "a": ["photo, "]})
    assert json.loads(fields["ss_tag_frequency"]) == {
        "a": {"photo": 1},
        "b": {"photo": 2, "red dress": 1},
    }
    assert json.loads(fields["ss_dataset_dirs"])["b"]["img_count"] == 2
    assert fields["ss_num_train_images"] == "3"
