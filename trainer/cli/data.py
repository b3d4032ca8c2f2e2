"""Datasets and finished caches as the command line opens them: nothing is encoded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config import RunConfig
from ..data.batches import TrainingItem, collect_items
from ..data.cache.caching import LatentCache, TextCache, latent_key, text_key
from ..data.cache.headers import CacheHeader, list_headers
from ..data.dataset.reading import Dataset, load_dataset
from ..data.file_index import FileIndex
from ..data.splitting import split_held_out
from ..errors import CacheError
from ..export.metadata import dataset_metadata

PICTURE_INDEX = "pictures_index.jsonl"


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
        DatasetError: The dataset cannot be read, or nothing would be left to train on.
        CacheError: Something is not cached.
    """
    cache = Path(config.data.latent_cache)
    # Beside the cache, because the dataset's folders may be anybody's.
    index = FileIndex(cache / PICTURE_INDEX, cache)
    dataset = load_dataset(Path(config.data.dataset), index=index)
    index.save()
    latents = open_latent_cache(dataset, cache)
    text = open_text_cache(dataset, Path(config.data.text_cache))
    items = collect_items(dataset, latents, text)
    trained, held_out = split_held_out(items, config.data.hold_out)
    captions: dict[str, list[str]] = {}
    for item in dataset.items:
        captions.setdefault(item.image_path.parent.name, []).append(item.caption)
    return PreparedData(trained, held_out, text.entries.get(""), dataset_metadata(captions))


def open_latent_cache(dataset: Dataset, folder: Path) -> LatentCache:
    """The latents of a dataset that an earlier caching made.

    Raises:
        CacheError: The folder holds no latents.
    """

    def keys_of(identity: str) -> list[str]:
        return [latent_key(item, identity) for item in dataset.items]

    part = folder / "latents"
    headers = list_headers(folder, "latents")
    identity, keys = _best_identity(part, headers, keys_of)
    entries = {key: part / f"{key}.safetensors" for key in keys if key in headers}
    is_complete = len(entries) == len(set(keys))
    shapes = {path: headers[key].shape for key, path in entries.items()}
    return LatentCache(folder, entries, 0, len(entries), is_complete, identity, shapes)


def open_text_cache(dataset: Dataset, folder: Path) -> TextCache:
    """The encoded captions of a dataset that an earlier caching made.

    Raises:
        CacheError: The folder holds no captions.
    """
    captions = list(dict.fromkeys(["", *(item.caption for item in dataset.items)]))

    def keys_of(identity: str) -> list[str]:
        return [text_key(caption, identity) for caption in captions]

    part = folder / "text"
    headers = list_headers(folder, "text")
    identity, keys = _best_identity(part, headers, keys_of)
    found = {key: part / f"{key}.safetensors" for key in keys if key in headers}
    by_caption = zip(captions, keys, strict=True)
    entries = {caption: found[key] for caption, key in by_caption if key in found}
    is_complete = len(entries) == len(captions)
    shapes = {path: headers[key].shape for key, path in found.items()}
    return TextCache(folder, entries, 0, len(entries), is_complete, identity, shapes)


def _best_identity(
    folder: Path, headers: Mapping[str, CacheHeader], keys_of: Callable[[str], list[str]]
) -> tuple[str, list[str]]:
    """The encoder whose files cover most of the dataset, with its keys of the whole dataset.

    A folder may hold several encoders' files.
    """
    identities = sorted({header.encoder for header in headers.values() if header.encoder})
    if not identities:
        raise CacheError(
            f"'{folder}' holds no cached files. Give the folder that the caching wrote to, and "
            "run the caching first."
        )
    choices = ((identity, keys_of(identity)) for identity in identities)
    return max(choices, key=lambda choice: sum(key in headers for key in choice[1]))
