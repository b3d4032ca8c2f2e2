"""Copies a run's checkpoint to where LoRA files are used."""

from __future__ import annotations

import itertools
from pathlib import Path

from ...errors import ConflictError, NotFoundError
from ...files import copy_file, digest_file
from .columns import Columns
from .contents import file_inside
from .log_file import LogFile, LogFollower

SUFFIX = ".safetensors"


def default_lora_name(run_name: str, step: int) -> str:
    """The name, without suffix, under which a checkpoint is used: short enough for every system."""
    return f"{run_name[:80].strip()}-step{step:06d}"


def find_checkpoint(folder: Path, step: int) -> Path:
    """The LoRA file that a run saved at a step.

    Raises:
        NotFoundError: It saved none then, or the file is gone.
    """
    columns = Columns()
    LogFollower(LogFile(folder / "events.jsonl"), columns).catch_up()
    steps = []
    for record in columns.marks("checkpoint"):
        path = file_inside(folder, "checkpoints", record["path"])
        if path is None or path.suffix != SUFFIX:
            continue
        if record["step"] == step:
            return path
        steps.append(str(record["step"]))
    others = f"There are checkpoints of the steps {', '.join(steps)}." if steps else "It has none."
    raise NotFoundError(f"The run '{folder.name}' has no checkpoint of step {step}. {others}")


def publish_lora(source: Path, loras: Path, name: str) -> Path:
    """Copy a LoRA file into the folder `loras` under a name; returns the copy.

    A file of the same content may be there already; one with other content is never overwritten.

    Raises:
        ConflictError: Another LoRA has that name, or the file cannot be written.
    """
    target = loras / f"{name.removesuffix(SUFFIX)}{SUFFIX}"
    try:
        if target.exists():
            if digest_file(target) == digest_file(source):
                return target
            raise ConflictError(
                f"'{target}' exists already and is another LoRA. Give a name of its own as "
                "'lora_name'."
            )
        copy_file(source, target)
    except OSError as error:
        raise ConflictError(
            f"'{source.name}' cannot be copied to '{target}': {error.strerror or error}. Free some "
            "disk space, or check who may write there."
        ) from error
    return target


def publish_beside_others(source: Path, loras: Path, name: str) -> Path:
    """As `publish_lora`, but where another LoRA has the name, "name (2)" and so on is taken.

    Raises:
        ConflictError: The file cannot be written.
    """
    stem = name.removesuffix(SUFFIX)
    for number in itertools.count(1):
        tried = stem if number == 1 else f"{stem} ({number})"
        if not _is_another(loras / f"{tried}{SUFFIX}", source):
            break
    return publish_lora(source, loras, tried)


def _is_another(target: Path, source: Path) -> bool:
    """Whether a file is there that is not the source; one that cannot be read is another."""
    if not target.exists():
        return False
    try:
        return digest_file(target) != digest_file(source)
    except OSError:
        return True
