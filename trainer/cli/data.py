"""Datasets and finished caches as the command line opens them: nothing is encoded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..config import RunConfig
from ..data.batches import TrainingItem, collect_items
from ..data.cache.caching import LatentCache, TextCache, latent_key, text_key
from ..data.dataset.reading import Dataset, load_dataset
from ..errors import CacheError, ConfigError
from ..export.metadata import dataset_metadata


@dataclass(frozen=True)
class PreparedData:
    """Items to train on, items held out, the empty caption's file, and a summary for metadata."""

    items: tuple[TrainingItem, ...]
    held_out: tuple[TrainingItem, ...]
    empty_text_path: Path | None
    metadata: Mapping[str, str]


def prepare_data(config: RunConfig) -> PreparedData:
    """Items and held-out items of the configuration's dataset and caches.

    Raises:
        DatasetError: The dataset cannot be read.
        CacheError: Something is not cached.
        ConfigError: More items are held out than there are.
    """
    dataset = load_dataset(Path(config.data.dataset))
    latents = open_latent_cache(dataset, Path(config.data.latent_cache))
    text = open_text_cache(dataset, Path(config.data.text_cache))
    items = collect_items(dataset, latents, text)
    trained, held_out = split_items(items, config.data.hold_out)
    captions: dict[str, list[str]] = {}
    for item in dataset.items:
        captions.setdefault(item.image_path.parent.name, []).append(item.caption)
    return PreparedData(trained, held_out, text.entries.get(""), dataset_metadata(captions))


def split_items(
    items: tuple[TrainingItem, ...], held: int
) -> tuple[tuple[TrainingItem, ...], tuple[TrainingItem, ...]]:
    """Items to train on and items held out, which are spread evenly over the dataset.

    Raises:
        ConfigError: Nothing would be left to train on.
    """
    total = len(items)
    if held >= total:
        raise ConfigError(
            f"'data.hold_out' is {held}, but the dataset has {total} items and at least one must "
            "be trained on. Lower it."
        )
    chosen = {(2 * number + 1) * total // (2 * held) for number in range(held)}
    trained = tuple(item for place, item in enumerate(items) if place not in chosen)
    return trained, tuple(item for place, item in enumerate(items) if place in chosen)


def open_latent_cache(dataset: Dataset, folder: Path) -> LatentCache:
    """The latents of a dataset that an earlier caching made.

    Raises:
        CacheError: The folder holds no latents.
    """

    def keys_of(identity: str) -> list[str]:
        return [latent_key(item, identity) for item in dataset.items]

    identity = _best_identity(folder / "latents", "vae", keys_of)
    entries = _existing(folder / "latents", keys_of(identity))
    is_complete = len(entries) == len(set(keys_of(identity)))
    return LatentCache(folder, entries, 0, len(entries), is_complete, identity)


def open_text_cache(dataset: Dataset, folder: Path) -> TextCache:
    """The encoded captions of a dataset that an earlier caching made.

    Raises:
        CacheError: The folder holds no captions.
    """
    captions = list(dict.fromkeys(["", *(item.caption for item in dataset.items)]))

    def keys_of(identity: str) -> list[str]:
        return [text_key(caption, identity) for caption in captions]

    identity = _best_identity(folder / "text", "text_encoder", keys_of)
    found = _existing(folder / "text", keys_of(identity))
    by_caption = zip(captions, keys_of(identity), strict=True)
    entries = {caption: found[key] for caption, key in by_caption if key in found}
    return TextCache(folder, entries, 0, len(entries), len(entries) == len(captions), identity)


def _best_identity(folder: Path, field: str, keys_of: Callable[[str], list[str]]) -> str:
    """The encoder whose files cover most of the dataset; a folder may hold several encoders'."""
    identities = {name for path in folder.glob("*.safetensors") if (name := _note(path, field))}
    if not identities:
        raise CacheError(
            f"'{folder}' holds no cached files. Give the folder that the caching wrote to, and "
            "run the caching first."
        )
    return max(sorted(identities), key=lambda name: len(_existing(folder, keys_of(name))))


def _existing(folder: Path, keys: list[str]) -> dict[str, Path]:
    return {key: path for key in keys if (path := folder / f"{key}.safetensors").exists()}


def _note(path: Path, field: str) -> str:
    try:
        with safe_open(path, framework="pt") as stream:
            return str((stream.metadata() or {}).get(field, ""))
    except (OSError, SafetensorError):
        # A damaged file is reported when it is read; here it only names no encoder.
        return ""
