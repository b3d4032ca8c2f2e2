"""The demo workflow in a real ComfyUI: it runs, it learns, and its LoRA works for everyone."""

from __future__ import annotations

import io
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from tests.host.graph import events, node_id, run_folder, short_prompt, shown
from tests.host.server import HostServer

LORA = "demo_for_tests_picked"


def _shown(demo: dict[str, Any], kind: str) -> dict[str, Any]:
    return shown(demo["result"], demo["prompt"], kind)


def test_demo_runs_every_node_to_its_end(demo: dict[str, Any]) -> None:
    assert demo["result"].error is None
    assert "execution_success" in demo["result"].types


def test_demo_reports_progress_while_it_trains(demo: dict[str, Any]) -> None:
    train = node_id(demo["prompt"], "HunyuanLoraTrain")
    bars = [
        event.data["value"]
        for event in demo["result"].events
        if event.type == "progress" and str(event.data["node"]) == train
    ]
    texts = [
        event.data["text"]
        for event in demo["result"].events
        if event.type == "progress_text" and event.data["node"] == train
    ]
    assert len(bars) > 20
    assert bars == sorted(bars)
    assert all(word in texts[-1] for word in ("step", "epoch", "loss", "s per step", "left"))


def test_demo_learns_by_its_training_loss(demo: dict[str, Any]) -> None:
    losses = [event["loss"] for event in events(_folder(demo), "step")]
    tenth = len(losses) // 10
    first, last = statistics.mean(losses[:tenth]), statistics.mean(losses[-tenth:])
    assert last < 0.85 * first


def test_demo_learns_by_the_loss_with_fixed_noise(demo: dict[str, Any]) -> None:
    facts = _shown(demo, "HunyuanLoraTrain")["run"][0]
    assert facts["probe_with_lora"] < 0.9 * facts["probe_without_lora"]


def test_picture_that_is_held_out_as_a_whole_gets_better_too(studio: HostServer) -> None:
    prompt = short_prompt(studio, "held_out", 60, save_every=20, hold_out=1, batch_size=4)
    result = studio.queue(prompt)
    facts = shown(result, prompt, "HunyuanLoraTrain")["run"][0]
    assert facts["held_out_with_lora"] < 0.9 * facts["held_out_without_lora"]
    start = events(run_folder(result, prompt), "start")[0]
    assert (start["items"], start["held_out"]) == (2, 2)  # two pictures, two crops of each
    (warning,) = events(run_folder(result, prompt), "warning")
    assert "holds out 1 of 2 pictures" in warning["text"]


def test_demo_trains_in_under_ninety_seconds(demo: dict[str, Any]) -> None:
    seconds = [event["seconds"] for event in events(_folder(demo), "step")]
    assert sum(seconds) < 90


def test_every_module_of_the_lora_has_a_place_in_comfyui(demo: dict[str, Any]) -> None:
    keys = _shown(demo, "HunyuanLoraPreview")["lora_keys"][0]
    assert keys["total"] == keys["loaded"] > 0
    assert "lora key not loaded" not in demo["log"]


def test_lora_file_carries_alpha_and_metadata(demo: dict[str, Any]) -> None:
    picked = _shown(demo, "HunyuanLoraPickCheckpoint")["pick"][0]
    with safe_open(picked["path"], framework="pt") as file:
        names, notes = set(file.keys()), file.metadata()
    downs = {name.removesuffix(".lora_down.weight") for name in names if "lora_down" in name}
    assert downs
    assert names == {
        f"{name}.{end}" for name in downs for end in ("lora_down.weight", "lora_up.weight", "alpha")
    }
    assert notes["ss_network_dim"] == "16"
    assert notes["modelspec.architecture"] == "hunyuan-video/lora"


def test_preview_with_the_lora_differs_from_the_one_without(
    studio: HostServer, demo: dict[str, Any]
) -> None:
    image = _shown(demo, "HunyuanLoraPreview")["images"][0]
    pixels = _pixels(studio, image)
    middle = pixels.shape[1] // 2
    width = min(middle, pixels.shape[1] - middle)
    difference = np.abs(pixels[:, :width] - pixels[:, -width:]).mean()
    assert difference > 5


@pytest.fixture(scope="module")
def core_samples(studio: HostServer, demo: dict[str, Any]) -> dict[str, np.ndarray]:
    """The same seed sampled by core's own nodes, without and with core's Load LoRA."""
    name = f"{LORA}.safetensors"
    picked = _shown(demo, "HunyuanLoraPickCheckpoint")["pick"][0]["path"]
    target = studio.base / "models" / "loras" / name
    target.write_bytes(Path(picked).read_bytes())
    studio.mark_log()
    prompt = _core_prompt(name)
    result = studio.queue(prompt)
    assert result.error is None, result.error
    assert "lora key not loaded" not in studio.new_log()
    return {key: _pixels(studio, result.outputs[key]["images"][0]) for key in ("plain", "lora")}


def test_core_lora_loader_takes_the_file_and_changes_the_sample(
    core_samples: dict[str, np.ndarray],
) -> None:
    assert np.abs(core_samples["plain"] - core_samples["lora"]).mean() > 5


def test_core_training_nodes_take_the_outputs(studio: HostServer, demo: dict[str, Any]) -> None:
    prompt = dict(demo["prompt"])
    train = node_id(prompt, "HunyuanLoraTrain")
    models = node_id(prompt, "HunyuanLoraDemoModels")
    loader = {"model": [models, 0], "lora": [train, 1], "strength_model": 1.0}
    if "bypass" in studio.object_info()["LoraModelLoader"]["input"]["required"]:
        loader["bypass"] = False  # asked for by ComfyUI versions after 0.3.75
    prompt |= {
        "save": {"class_type": "SaveLoRA", "inputs": {"lora": [train, 1], "prefix": "loras/core"}},
        "graph": {
            "class_type": "LossGraphNode",
            "inputs": {"loss": [train, 2], "filename_prefix": "loss_graph"},
        },
        "load": {"class_type": "LoraModelLoader", "inputs": loader},
        **_sampling("core", ["load", 0], models),
        **_sampling("ours", [train, 3], models),
    }
    result = studio.queue(prompt)
    assert result.error is None, result.error
    assert list((studio.base / "output" / "loras").glob("core*.safetensors"))
    by_core = _pixels(studio, result.outputs["core"]["images"][0])
    by_us = _pixels(studio, result.outputs["ours"]["images"][0])
    assert np.abs(by_core - by_us).max() <= 1


def test_second_run_encodes_nothing_again(studio: HostServer, demo: dict[str, Any]) -> None:
    prompt = _copy(demo["prompt"])
    # Another name makes another folder of the same pictures, so that nothing is skipped as done.
    prompt[node_id(prompt, "HunyuanLoraBuildDataset")]["inputs"]["name"] = "the_same_again"
    wanted = {"HunyuanLoraCacheLatents", "HunyuanLoraCacheText"}
    after = {"HunyuanLoraTrain", "HunyuanLoraLossPlot", "HunyuanLoraPickCheckpoint",
             "HunyuanLoraPreview"}  # fmt: skip
    short = {key: node for key, node in prompt.items() if node["class_type"] not in after}
    result = studio.queue(short)
    for kind in wanted:
        counts = shown(result, short, kind)["cache"][0]
        assert counts["encoded"] == 0
        assert counts["reused"] > 0


def test_preview_of_a_clip_gives_every_frame(studio: HostServer, demo: dict[str, Any]) -> None:
    prompt = _copy(demo["prompt"])
    preview = node_id(prompt, "HunyuanLoraPreview")
    prompt[preview]["inputs"].update({"frames": 5, "steps": 2, "width": 96, "height": 96})
    result = studio.queue(prompt)
    assert result.error is None, result.error
    assert len(result.outputs[preview]["images"]) == 5


def test_preview_refuses_a_length_that_no_clip_has(
    studio: HostServer, demo: dict[str, Any]
) -> None:
    prompt = _copy(demo["prompt"])
    prompt[node_id(prompt, "HunyuanLoraPreview")]["inputs"]["frames"] = 6
    error = studio.queue(prompt).error
    assert error is not None
    assert "'frames' is 6" in error["exception_message"]


def test_dataset_on_disk_is_loaded_again_and_needs_no_encoding(
    studio: HostServer, demo: dict[str, Any]
) -> None:
    prompt = _copy(demo["prompt"])
    name = prompt[node_id(prompt, "HunyuanLoraBuildDataset")]["inputs"]["name"]
    models = node_id(prompt, "HunyuanLoraDemoModels")
    short = {
        models: prompt[models],
        "load": {
            "class_type": "HunyuanLoraLoadDataset",
            "inputs": {"path": f"datasets/{name}/dataset.toml", "resolution": "256x256"},
        },
        "latents": {
            "class_type": "HunyuanLoraCacheLatents",
            "inputs": {"dataset": ["load", 0], "vae": [models, 2]},
        },
        "text": {
            "class_type": "HunyuanLoraCacheText",
            "inputs": {"dataset": ["load", 0], "clip": [models, 1]},
        },
    }
    result = studio.queue(short)
    assert result.error is None, result.error
    assert result.outputs["latents"]["cache"][0]["encoded"] == 0
    assert result.outputs["text"]["cache"][0]["encoded"] == 0


def _copy(prompt: dict[str, Any]) -> dict[str, Any]:
    return {key: {**node, "inputs": dict(node["inputs"])} for key, node in prompt.items()}


def _folder(demo: dict[str, Any]) -> Path:
    return run_folder(demo["result"], demo["prompt"])


def _pixels(studio: HostServer, image: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(studio.client.view(image))).convert("RGB"), np.float32)


def _core_prompt(name: str) -> dict[str, Any]:
    return {
        "models": {"class_type": "HunyuanLoraDemoModels", "inputs": {}},
        "loader": {
            "class_type": "LoraLoaderModelOnly",
            "inputs": {"model": ["models", 0], "lora_name": name, "strength_model": 1.0},
        },
        **_sampling("plain", ["models", 0], "models"),
        **_sampling("lora", ["loader", 0], "models"),
    }


def _sampling(key: str, model: list[Any], models: str) -> dict[str, Any]:
    sampler = {"seed": 3, "steps": 6, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple",
               "denoise": 1.0}  # fmt: skip
    return {
        f"{key}_text": {
            "class_type": "CLIPTextEncode",
            "inputs": {"clip": [models, 1], "text": "alva, a woman in a purple dress"},
        },
        f"{key}_empty": {
            "class_type": "EmptyHunyuanLatentVideo",
            "inputs": {"width": 128, "height": 128, "length": 1, "batch_size": 1},
        },
        f"{key}_sample": {
            "class_type": "KSampler",
            "inputs": {
                "model": model,
                "positive": [f"{key}_text", 0],
                "negative": [f"{key}_text", 0],
                "latent_image": [f"{key}_empty", 0],
                **sampler,
            },
        },
        f"{key}_decode": {
            "class_type": "VAEDecode",
            "inputs": {"samples": [f"{key}_sample", 0], "vae": [models, 2]},
        },
        key: {"class_type": "PreviewImage", "inputs": {"images": [f"{key}_decode", 0]}},
    }
