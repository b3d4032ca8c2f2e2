"""Where the pack reads and writes: always below ComfyUI's own folders, never in custom_nodes."""

from __future__ import annotations

import re
from pathlib import Path

import folder_paths

from ...trainer.errors import ConfigError, DatasetError

_ROOT = "hunyuan_lora"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


def studio_folder() -> Path:
    """The pack's folder below ComfyUI's output folder."""
    return Path(folder_paths.get_output_directory()).resolve() / _ROOT


def cache_folder() -> Path:
    """Cached latents and text of all datasets; names are contents, so they can be shared."""
    return studio_folder() / "cache"


def datasets_folder() -> Path:
    """Where built datasets are, each in a folder of its own."""
    return studio_folder() / "datasets"


def dataset_folder(name: str) -> Path:
    """Folder of the dataset called `name`."""
    return datasets_folder() / checked_name(name, "name")


def run_folder(name: str) -> Path:
    """Folder of the run called `name`."""
    return studio_folder() / "runs" / checked_name(name, "run_name")


def batch_folder() -> Path:
    """Pictures that came through an IMAGE wire, kept as files so that the dataset can be redone."""
    return studio_folder() / "from_graph"


def loras_folder() -> Path:
    """The first folder in which ComfyUI's LoRA loaders look."""
    return Path(folder_paths.get_folder_paths("loras")[0]).resolve()


def find_source(text: str, field: str) -> Path:
    """A folder or file the user named: absolute, or below ComfyUI's input or output folder.

    Raises:
        DatasetError: Nothing of that name is there.
    """
    wanted = text.strip().strip('"')
    if not wanted:
        raise DatasetError(
            f"'{field}' is empty. Type a folder, either its full path or its name below "
            f"ComfyUI's input folder ({folder_paths.get_input_directory()})."
        )
    candidates = [Path(wanted).expanduser()]
    if not candidates[0].is_absolute():
        inputs, outputs = folder_paths.get_input_directory(), folder_paths.get_output_directory()
        candidates = [Path(inputs) / wanted, Path(outputs) / wanted, studio_folder() / wanted]
    for candidate in candidates:
        if candidate.exists():
            return candidate.resolve()
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise DatasetError(f"'{field}' is '{wanted}', which does not exist. Looked for {looked}.")


def checked_name(name: str, field: str) -> str:
    """A name that is safe as one folder on every system.

    Raises:
        ConfigError: The name is empty or holds characters a folder cannot have.
    """
    clean = name.strip()
    if not clean or clean in {".", ".."} or re.search(r'[<>:"/\\|?*\x00-\x1f]', clean):
        raise ConfigError(
            f"'{field}' is '{name}', which cannot be a folder's name. Use letters, digits, "
            "spaces, '-' and '_'."
        )
    if clean.split(".")[0].lower() in _RESERVED or clean.endswith((".", " ")) or len(clean) > 100:
        raise ConfigError(
            f"'{field}' is '{name}', a name that Windows keeps for itself or cannot store. "
            "Choose another."
        )
    return clean
