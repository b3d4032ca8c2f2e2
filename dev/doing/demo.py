"""The demo: the main example workflow, run through a real server, its results in one folder."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..comfyui.api import Client, Result
from ..comfyui.memory import MemoryMeter
from ..comfyui.server import Server
from ..comfyui.workflow import prompt_from_workflow
from ..errors import TaskError
from ..installing.installer import ask_python
from ..layout import BASE, DEMO_OUTPUT, DEMO_WORKFLOW, ROOT, Host
from ..terminal import say
from .show_progress import ProgressLines

PICTURES = "hunyuan_lora_demo"
_WRITE_PICTURES = (
    "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; "
    "from demo.pictures import write_demo_pictures; write_demo_pictures(Path(sys.argv[2]))"
)
# Which part of the way each node belongs to, in the words of the report.
_STAGES = {
    "HunyuanLoraDemoModels": "models",
    "HunyuanLoraLoadImages": "pictures",
    "HunyuanLoraCropToBuckets": "crops",
    "HunyuanLoraCaptionTemplate": "captions",
    "HunyuanLoraBuildDataset": "dataset",
    "HunyuanLoraLoadDataset": "dataset",
    "HunyuanLoraCacheLatents": "cache latents",
    "HunyuanLoraCacheText": "cache text",
    "HunyuanLoraTrain": "train",
    "HunyuanLoraLossPlot": "loss plot",
    "HunyuanLoraPickCheckpoint": "pick",
    "HunyuanLoraPreview": "preview",
}


@dataclass(frozen=True)
class _Shown:
    """What the nodes of the demo showed, by node type."""

    by_type: dict[str, dict[str, Any]]

    def first(self, node_type: str, key: str) -> dict[str, Any]:
        """The first entry under `key` of a node's `ui` output."""
        entries = self.by_type.get(node_type, {}).get(key)
        if not entries:
            raise TaskError(
                f"{node_type} showed no '{key}', so the demo has no result of it. Run "
                "'python tasks.py test' to see which part is broken."
            )
        return dict(entries[0])


def write_pictures(host: Host, base: Path) -> Path:
    """Draw the demo pictures into the server's input folder."""
    folder = base / "input" / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    ask_python(host.python, _WRITE_PICTURES, str(ROOT), str(folder))
    return folder


def run_demo(host: Host, setup_seconds: float) -> dict[str, Any]:
    """Run the demo and leave its results in demo_output/.

    Raises:
        TaskError: The server, a node or a result failed.
    """
    started = time.monotonic()
    BASE.mkdir(parents=True, exist_ok=True)
    write_pictures(host, BASE)
    seconds = {"setup": setup_seconds, "pictures drawn": time.monotonic() - started}
    workflow = _read_workflow()
    say("Starting ComfyUI on this machine (127.0.0.1, CPU)")
    starting = time.monotonic()
    with Server(host, BASE) as server:
        seconds["server start"] = time.monotonic() - starting
        prompt = prompt_from_workflow(workflow, server.client.object_info())
        _forget_last_demo(prompt)
        say(f"Running {DEMO_WORKFLOW.name}: {len(prompt)} nodes")
        meter = MemoryMeter(server.pid, host.python)
        result = _queue(server, prompt, meter, seconds)
        by_id = {node: prompt[node]["class_type"] for node in result.outputs if node in prompt}
        shown = _Shown({by_id[node]: result.outputs[node] for node in by_id})
        report = _collect(server.client, shown, meter.read_peak_mb())
    report = {"comfyui": host.version, **report}
    report["seconds"] = {stage: round(value, 2) for stage, value in seconds.items()}
    path = DEMO_OUTPUT / "report.json"
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return report


def _read_workflow() -> dict[str, Any]:
    """The demo's workflow as the page saved it."""
    try:
        return dict(json.loads(DEMO_WORKFLOW.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise TaskError(
            f"{DEMO_WORKFLOW} cannot be read ({error}). Get a fresh copy of it."
        ) from error


def _forget_last_demo(prompt: dict[str, Any]) -> None:
    """Remove the run that an earlier demo left, so that this one trains from the start."""
    runs = BASE / "output" / "hunyuan_lora" / "runs"
    for entry in prompt.values():
        name = entry["inputs"].get("run_name")
        if entry["class_type"] == "HunyuanLoraTrain" and isinstance(name, str) and name:
            folder = (runs / name).resolve()
            if folder.parent == runs.resolve():
                shutil.rmtree(folder, ignore_errors=True)


def _queue(
    server: Server, prompt: dict[str, Any], meter: MemoryMeter, seconds: dict[str, float]
) -> Result:
    """Run the prompt, show its progress, add each stage's seconds."""
    lines = ProgressLines(prompt)

    def on_event(event: Any) -> None:
        lines(event)
        meter.sample()

    result = server.client.queue(prompt, on_event)
    for node, took in lines.seconds.items():
        stage = _STAGES.get(prompt.get(node, {}).get("class_type", ""), "other nodes")
        seconds[stage] = seconds.get(stage, 0.0) + took
    if result.error is not None:
        failed = result.error.get("node_type", "a node")
        message = str(result.error.get("exception_message", "no message")).strip()
        raise TaskError(f"{failed} failed: {message} The server's log is {server.log_path}.")
    if result.is_interrupted:
        raise TaskError("The run was cancelled. Start the demo again.")
    return result


def _collect(client: Client, shown: _Shown, peak_mb: float) -> dict[str, Any]:
    """Copy the results into demo_output/ and say what they are."""
    shutil.rmtree(DEMO_OUTPUT, ignore_errors=True)
    DEMO_OUTPUT.mkdir(parents=True)
    losses = _read_losses(Path(shown.first("HunyuanLoraTrain", "run")["folder"]))
    picked = shown.first("HunyuanLoraPickCheckpoint", "pick")
    keys = shown.first("HunyuanLoraPreview", "lora_keys")
    shutil.copyfile(picked["path"], DEMO_OUTPUT / "lora.safetensors")
    _save_image(client, shown.first("HunyuanLoraLossPlot", "images"), "loss")
    preview = _save_image(client, shown.first("HunyuanLoraPreview", "images"), "preview")
    share = max(1, len(losses) // 10)
    return {
        "steps": len(losses),
        "loss_first": sum(losses[:share]) / share,
        "loss_last": sum(losses[-share:]) / share,
        "lora": "lora.safetensors",
        "picked_step": picked["step"],
        "lora_keys_total": keys["total"],
        "lora_keys_loaded": keys["loaded"],
        "preview": preview,
        "peak_rss_mb": round(peak_mb),
    }


def _read_losses(run_folder: Path) -> list[float]:
    """The loss of every step, from the run's event log."""
    lines = (run_folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines if line.strip()]
    losses = [float(event["loss"]) for event in events if event["type"] == "step"]
    if not losses:
        raise TaskError(f"{run_folder / 'events.jsonl'} holds no training step.")
    return losses


def _save_image(client: Client, image: dict[str, Any], name: str) -> str:
    """Save a shown picture under `name`, keeping its kind; returns the file's name."""
    target = name + (Path(image["filename"]).suffix or ".png")
    (DEMO_OUTPUT / target).write_bytes(client.view(image))
    return target


def describe(report: dict[str, Any]) -> str:
    """The report in three lines."""
    return (
        f"Trained {report['steps']} steps, loss {report['loss_first']:.4f} -> "
        f"{report['loss_last']:.4f}; picked step {report['picked_step']}.\n"
        f"ComfyUI's own loader took {report['lora_keys_loaded']} of "
        f"{report['lora_keys_total']} LoRA keys; peak memory {report['peak_rss_mb']} MB.\n"
        f"Results: {DEMO_OUTPUT}"
    )
