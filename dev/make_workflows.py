"""Lays out the example workflows; the page itself then saves them in its own form.

    python dev/make_workflows.py http://127.0.0.1:8188 OUT_FOLDER

reads the node definitions of a running ComfyUI and writes one graph a workflow. Open each in the
page and save it into `example_workflows/`, so that the shipped files are what the page writes.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

STYLE = "Cartoon style"
# Lives in the page alone, so the server does not describe it.
NOTE = {"input": {"required": {"text": ["STRING", {}]}}, "input_order": {"required": ["text"]},
        "output": [], "output_name": []}  # fmt: skip
FIELDS = 3
"""Output of Caption Template that fills the slots of prompts."""
DEMO = {
    "folder": "hunyuan_lora_demo/character",
    "buckets": "144x256, 192x256, 256x256, 256x192",
    "name": "demo_character",
    "run": "demo_alva",
}
REAL = {
    "folder": "my_character",
    "buckets": "960x1707, 768x1024, 1024x1024, 1024x768",
    "name": "my_character",
    "run": "my_character",
}


def graph_spec(texts: dict[str, str], *, demo: bool) -> dict[str, Any]:
    """Nodes by name: type, position, size, widget values, and links as (source, output index)."""
    model, clip, vae = (
        (("models", 0), ("models", 1), ("models", 2))
        if demo
        else (("unet", 0), ("clip", 0), ("vae", 0))
    )
    spec = _model_nodes(demo) | _data_nodes(texts, clip, vae, demo=demo)
    return spec | _training_nodes(texts, (model, clip, vae), demo=demo)


def _model_nodes(demo: bool) -> dict[str, Any]:
    if demo:
        return {"models": node("HunyuanLoraDemoModels", (40, 760), (300, 110))}
    return {
        "unet": node(
            "UNETLoader", (40, 760), (360, 90),
            {"unet_name": "hunyuan_video_t2v_720p_bf16.safetensors", "weight_dtype": "fp8_e4m3fn"},
        ),
        "clip": node(
            "DualCLIPLoader", (40, 900), (360, 140),
            {"clip_name1": "clip_l.safetensors",
             "clip_name2": "llava_llama3_fp8_scaled.safetensors", "type": "hunyuan_video"},
        ),
        "vae": node(
            "VAELoader", (40, 1090), (360, 60), {"vae_name": "hunyuan_video_vae_bf16.safetensors"}
        ),
    }  # fmt: skip


def _data_nodes(
    texts: dict[str, str], clip: tuple[str, int], vae: tuple[str, int], *, demo: bool
) -> dict[str, Any]:
    fields = {
        "style": STYLE,
        "trigger": "alva",
        "class_word": "woman",
        "named_traits": "teal hair, wearing a purple dress",
        "omitted_traits": "horns",
        "pose": "standing",
        "background": "plain light background",
    }
    minimum = {"minimum_side": 256}
    return {
        "load": node("HunyuanLoraLoadImages", (40, 60), (340, 560),
                     {"folder": texts["folder"], **minimum}),
        "crop": node("HunyuanLoraCropToBuckets", (420, 60), (460, 900),
                     {"buckets": texts["buckets"], "heads_tall": 3.5 if demo else 7.5},
                     {"media": ("load", 0)}),
        "caption": node("HunyuanLoraCaptionTemplate", (920, 60), (420, 720), fields,
                        {"crops": ("crop", 0), "clip": clip}),
        "build": node("HunyuanLoraBuildDataset", (1380, 60), (340, 260),
                      {"name": texts["name"]}, {"captioned": ("caption", 0)}),
        "latents": node("HunyuanLoraCacheLatents", (1380, 380), (340, 140), {},
                        {"dataset": ("build", 0), "vae": vae}),
        "text": node("HunyuanLoraCacheText", (1380, 580), (340, 140), {},
                     {"dataset": ("build", 0), "clip": clip}),
    }  # fmt: skip


def _training_nodes(
    texts: dict[str, str], models: tuple[tuple[str, int], ...], *, demo: bool
) -> dict[str, Any]:
    model, clip, vae = models
    length = (
        {"length": 156, "length_unit": "steps", "save_every": 12, "save_unit": "steps",
         "batch_size": 4, "trigger": "alva"}
        if demo
        else {"length": 200, "length_unit": "epochs", "save_every": 5, "save_unit": "epochs",
              "accumulation": 2, "hold_out": -1}
    )  # fmt: skip
    size = {"width": 144, "height": 256} if demo else {"width": 544, "height": 960}
    scene = (
        "Cartoon style. {trigger}, a woman with teal hair, wearing a purple dress, standing. "
        "Plain light background. "
    ) + (
        "The 9:16 front view image shows her full body, from head to toe."
        if demo
        else "The 3:4 front view image shows her from the waist up."
    )
    samples = {"prompts": scene, **size, "every": 4, "steps": 12 if demo else 20}
    train_links = {
        "model": model, "dataset": ("build", 0), "latents": ("latents", 0), "text": ("text", 0),
        "lora_settings": ("lora", 0), "optimizer_settings": ("optimizer", 0),
        "schedule_settings": ("schedule", 0), "timestep_settings": ("timesteps", 0),
    }  # fmt: skip
    shared = ("model", "dataset", "latents", "text", "lora_settings", "optimizer_settings")
    batch = {
        name: value for name, value in length.items() if name in ("batch_size", "accumulation")
    }
    wish = batch | {name: length[name] for name in ("length", "length_unit")}
    return {
        "lora": node("HunyuanLoraSettings", (920, 840), (420, 150),
                     {"rank": 16, "alpha": 16.0} if demo else {}),
        "optimizer": node("HunyuanLoraOptimizer", (920, 1040), (420, 340),
                          {"d0": 0.001, "d_coef": 1.0} if demo else {}),
        "schedule": node("HunyuanLoraSchedule", (480, 1040), (400, 100)),
        "timesteps": node("HunyuanLoraTimesteps", (480, 1190), (400, 220),
                          {"distribution": "shift"} if demo else {}),
        "plan": node("HunyuanLoraPlan", (920, 1430), (420, 700), batch,
                     {name: train_links[name] for name in shared}),
        "report": node("HunyuanLoraDatasetReport", (40, 1240), (400, 860), wish,
                       {"captioned": ("caption", 0), "dataset": ("build", 0), "plan": ("plan", 0)}),
        "samples": node("HunyuanLoraPreviewSettings", (480, 1460), (400, 640), samples,
                        {"clip": clip, "vae": vae, "fields": ("caption", FIELDS)}),
        "train": node("HunyuanLoraTrain", (1380, 780), (580, 1400),
                      {"run_name": texts["run"], **length},
                      {**train_links, "plan": ("plan", 0), "previews": ("samples", 0)}),
        "pick": node("HunyuanLoraPickCheckpoint", (2010, 560), (420, 340),
                     {"rule": "verdict"}, {"run": ("train", 0)}),
        "plot": node("HunyuanLoraLossPlot", (2010, 60), (560, 440), {},
                     {"run": ("train", 0), "checkpoint": ("pick", 0)}),
        "preview": node("HunyuanLoraPreview", (2010, 1000), (560, 760),
                        {"prompt": scene.replace("{trigger}", "alva"), **size},
                        {"model": model, "clip": clip, "vae": vae, "checkpoint": ("pick", 0)}),
    }  # fmt: skip


def comparison_spec(texts: dict[str, str]) -> dict[str, Any]:
    """Checkpoints by strengths of the demo run, once it has been trained."""
    note = (
        "Run the demo workflow first: this one compares the checkpoints that it saved. For your "
        "own run, load your models in place of the demo's and type the run's folder into "
        "'lora_files'."
    )
    prompt = (
        "Cartoon style. {trigger}, a woman with teal hair, wearing a purple dress, standing. "
        "Plain light background. The 9:16 front view image shows her full body, from head to toe."
    )
    values = {
        "checkpoints": "none, 12, 48, best, last", "strengths": "0.6, 1.0", "prompts": prompt,
        "x": "checkpoints", "y": "strengths", "width": 144, "height": 256,
        "lora_files": f"runs/{texts['run']}", "trigger": "alva",
    }  # fmt: skip
    links = {name: ("models", slot) for slot, name in enumerate(("model", "clip", "vae"))}
    return {
        "note": node("Note", (40, 60), (320, 160), {"text": note}),
        "models": node("HunyuanLoraDemoModels", (40, 280), (320, 110)),
        "compare": node("HunyuanLoraXYCompare", (420, 60), (760, 1460), values, links),
    }


def node(
    kind: str,
    pos: tuple[int, int],
    size: tuple[int, int],
    values: dict[str, Any] | None = None,
    links: dict[str, tuple[str, int]] | None = None,
) -> dict[str, Any]:
    """One node of the layout."""
    return {"kind": kind, "pos": pos, "size": size, "values": values or {}, "links": links or {}}


def to_graph(spec: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The layout as a LiteGraph document that the page can load."""
    ids = {name: index + 1 for index, name in enumerate(spec)}
    nodes, links = [], []
    for name, entry in spec.items():
        definition = NOTE if entry["kind"] == "Note" else definitions[entry["kind"]]
        inputs, widgets = [], []
        for input_name, rule in _inputs(definition):
            kind, options = rule[0], rule[1] if len(rule) > 1 else {}
            if input_name in entry["links"] or not _is_widget(kind):
                inputs.append({"name": input_name, "type": kind, "link": None})
                if input_name in entry["links"]:
                    source, slot = entry["links"][input_name]
                    links.append([len(links) + 1, ids[source], slot, ids[name],
                                  len(inputs) - 1, kind])  # fmt: skip
                    inputs[-1]["link"] = links[-1][0]
            else:
                fallback = kind[0] if isinstance(kind, list) and kind else ""
                default = options.get("default", options.get("options", [fallback])[0])
                widgets.append(entry["values"].get(input_name, default))
                if options.get("control_after_generate"):
                    widgets.append("fixed")
        nodes.append(_node_document(ids[name], entry, definition, inputs, widgets))
    for link in links:
        source = nodes[link[1] - 1]
        source["outputs"][link[2]]["links"].append(link[0])
    return {"last_node_id": len(nodes), "last_link_id": len(links), "nodes": nodes,
            "links": links, "groups": [], "config": {}, "extra": {}, "version": 0.4}  # fmt: skip


def _node_document(
    node_id: int, entry: dict[str, Any], definition: dict[str, Any], inputs: list, widgets: list
) -> dict[str, Any]:
    outputs = [
        {"name": name, "type": kind, "links": []}
        for name, kind in zip(definition["output_name"], definition["output"], strict=True)
    ]
    return {"id": node_id, "type": entry["kind"], "pos": list(entry["pos"]),
            "size": list(entry["size"]), "flags": {}, "order": node_id - 1, "mode": 0,
            "inputs": inputs, "outputs": outputs,
            "properties": {"Node name for S&R": entry["kind"]},
            "widgets_values": widgets}  # fmt: skip


def _inputs(definition: dict[str, Any]) -> list[tuple[str, list]]:
    found = []
    for group in ("required", "optional"):
        for name in definition["input_order"].get(group, []):
            found.append((name, definition["input"][group][name]))
    return found


def _is_widget(kind: Any) -> bool:
    return isinstance(kind, list) or kind in {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


def main() -> None:
    """Write all workflows."""
    address, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    with urllib.request.urlopen(f"{address}/object_info", timeout=60) as answer:
        definitions = json.load(answer)
    folder.mkdir(parents=True, exist_ok=True)
    specs = {
        "hunyuan_lora_demo": graph_spec(DEMO, demo=True),
        "hunyuan_lora": graph_spec(REAL, demo=False),
        "hunyuan_lora_compare": comparison_spec(DEMO),
    }
    for name, spec in specs.items():
        graph = to_graph(spec, definitions)
        (folder / f"{name}.json").write_text(json.dumps(graph, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
