"""The library of this ComfyUI's runs, with what is known of those that train now."""

from __future__ import annotations

import threading
from typing import Any

from ....trainer.errors import ConflictError, NotFoundError
from ....trainer.training.library.contents import folder_bytes
from ....trainer.training.library.graph_file import read_graph
from ....trainer.training.library.publishing import (
    default_lora_name,
    find_checkpoint,
    publish_lora,
)
from ....trainer.training.library.run_library import RunLibrary
from ..folders import checked_name, loras_folder, studio_folder
from ..runs.live import LiveRun, find_running, running_runs, tell_runs_changed
from ..runs.queueing import run_again_when_queued

_libraries: dict[str, RunLibrary] = {}
_lock = threading.Lock()


def library() -> RunLibrary:
    """The runs below ComfyUI's output folder; what was read of them is kept between requests."""
    root = studio_folder()
    with _lock:
        return _libraries.setdefault(str(root), RunLibrary(root))


def list_runs() -> dict[str, Any]:
    """All runs, the last changed first."""
    entries = []
    for view in library().views():
        try:
            entries.append(view.overview(_live_state(find_running(view.folder))))
        except OSError:  # it was moved away or is locked at this moment
            continue
    entries.sort(key=lambda entry: entry["updated"], reverse=True)
    return {"runs": entries}


def list_recycled() -> dict[str, Any]:
    """All runs in the recycle folder."""
    place = library()
    names = place.recycled_names()
    return {
        "runs": [{"name": name, "bytes": folder_bytes(place.recycled / name)} for name in names]
    }


def read_history(name: str) -> str:
    """What the chart draws, as JSON."""
    view = library().view_chart(name)
    return view.history(_live_state(find_running(view.folder)))


def read_events(name: str, after: int, log_id: str) -> dict[str, Any]:
    """Events from a place in the log on."""
    return library().view(name).events(after, log_id)


def read_verdict(name: str, window: int) -> dict[str, Any]:
    """What a run's log says by now."""
    return library().view_chart(name).verdict(window)


def read_run_graph(name: str) -> dict[str, Any]:
    """The graph that made a run.

    Raises:
        NotFoundError: None was saved.
    """
    graph = read_graph(library().view(name).folder)
    if graph is None:
        raise NotFoundError(
            f"The run '{name}' has no graph.json. Runs from the command line, and from before the "
            "graph was kept, have none."
        )
    return graph


def ask_run(name: str, action: str, value: object, by: str) -> dict[str, Any]:
    """Give a running run a command.

    Raises:
        ConflictError: It does not run.
        ConfigError: There is no such command.
    """
    live = running_runs().get(name) or find_running(library().view(name).folder)
    if live is None or live.is_over:
        raise ConflictError(
            f"The run '{name}' is not running, so it cannot be led. Queue its graph again to go on."
        )
    live.control.ask(action, value, by)  # type: ignore[arg-type]
    return {"ok": True}


def resume_run(name: str) -> dict[str, Any]:
    """Have a stopped run go on when its graph is queued next, although its inputs are the same.

    Raises:
        ConflictError: It is running.
    """
    if find_running(library().view(name).folder) is not None:
        raise ConflictError(f"The run '{name}' is running already.")
    run_again_when_queued(name)
    return {"ok": True}


def use_checkpoint(name: str, step: int, lora_name: str) -> dict[str, Any]:
    """Copy a checkpoint to where ComfyUI's LoRA loaders look."""
    folder = library().view(name).folder
    checkpoint = find_checkpoint(folder, step)
    wanted = lora_name.strip().removesuffix(".safetensors") or default_lora_name(name, step)
    target = publish_lora(checkpoint, loras_folder(), checked_name(wanted, "lora_name"))
    return {"path": str(target), "name": target.name}


def delete_run(name: str) -> dict[str, Any]:
    """Move a run to the recycle folder.

    Raises:
        ConflictError: It is running, or its files are in use.
    """
    place = library()
    if find_running(place.view(name).folder) is not None:
        raise ConflictError(f"The run '{name}' is running. Stop it before you delete it.")
    target = place.recycle(name)
    run_again_when_queued(name)
    tell_runs_changed()
    return {"recycled": target.name, "path": str(target)}


def restore_run(name: str) -> dict[str, Any]:
    """Move a run back out of the recycle folder."""
    target = library().restore(name)
    run_again_when_queued(target.name)
    tell_runs_changed()
    return {"name": target.name}


def _live_state(live: LiveRun | None) -> str | None:
    return None if live is None or live.is_over else live.state
