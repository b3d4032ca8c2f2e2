"""A second start opens nothing that is unchanged, and everything that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from trainer.cli.data import PreparedData, prepare_data
from trainer.config import DataSettings, RunConfig
from trainer.data import batches, file_index
from trainer.data.cache import headers
from trainer.data.cache.cache_files import write_cache_file
from trainer.data.cache.caching import latent_key, read_latents, text_key
from trainer.data.dataset import reading
from trainer.data.dataset.reading import load_dataset
from trainer.errors import CacheError


class Project:
    """Three pictures, all cached; counts the files that a start opens."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.opened: list[str] = []
        pictures = folder / "pictures"
        pictures.mkdir()
        for number in range(3):
            Image.new("RGB", (64, 64), (90 * number, 0, 0)).save(pictures / f"{number}.png")
            (pictures / f"{number}.txt").write_text(f"caption {number}", encoding="utf-8")
        self.cache()
        monkeypatch.setattr(file_index, "SETTLED_NS", 0)
        for module, name in (
            (reading, "digest_file"),
            (reading, "upright_size"),
            (headers, "read_header"),
            (batches, "read_shape"),
        ):
            self._count(monkeypatch, module, name)

    def cache(self, encoder: str = "vae") -> None:
        for item in load_dataset(self.folder / "pictures").items:
            path = self.folder / f"cache/latents/{latent_key(item, encoder)}.safetensors"
            write_cache_file(
                path, "latents", {"latents": torch.ones(16, 1, 8, 8)}, {"vae": encoder}
            )
        for number in range(4):
            caption = f"caption {number}" if number < 3 else ""
            path = self.folder / f"cache/text/{text_key(caption, 'clip')}.safetensors"
            text = {"text": torch.ones(5 + number, 6)}
            write_cache_file(path, "text", text, {"text_encoder": "clip"})

    def start(self) -> PreparedData:
        """As a new process does it."""
        reading._remembered_digest.cache_clear()
        self.opened.clear()
        cache = str(self.folder / "cache")
        data = DataSettings(str(self.folder / "pictures"), cache, cache)
        return prepare_data(replace(RunConfig(), data=data))

    def _count(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        original = getattr(module, name)

        def counted(path: Path, *others: object) -> object:
            self.opened.append(f"{name} {path.name}")
            return original(path, *others)

        monkeypatch.setattr(module, name, counted)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_second_start_opens_nothing_and_gives_the_same(project: Project) -> None:
    first = project.start()
    # Each picture is digested and measured, each header is read.
    assert len(project.opened) == 3 + 3 + 3 + 4
    second = project.start()
    assert project.opened == []
    assert second == first
    assert [item.shape for item in second.items] == [(16, 1, 8, 8)] * 3
    assert [item.text_tokens for item in second.items] == [5, 6, 7]


def test_picture_changed_in_place_is_noticed(project: Project) -> None:
    project.start()
    path = project.folder / "pictures/1.png"
    size = path.stat().st_size
    Image.new("RGB", (64, 64), (91, 0, 0)).save(path)
    assert path.stat().st_size == size
    with pytest.raises(CacheError, match=r"1 of 3 items are not cached: 1\.png \(picture\)"):
        project.start()
    assert project.opened == ["digest_file 1.png", "upright_size 1.png"]


def test_changed_caption_is_noticed(project: Project) -> None:
    project.start()
    (project.folder / "pictures/1.txt").write_text("caption 9", encoding="utf-8")
    with pytest.raises(CacheError, match=r"1\.png \(caption\)"):
        project.start()


def test_cache_file_that_was_cut_is_reported(project: Project) -> None:
    path = project.start().items[1].latents_path
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(CacheError, match=f"{path.name}' is damaged"):
        project.start()


def test_cache_file_damaged_inside_is_reported_when_it_is_read(project: Project) -> None:
    path = project.start().items[1].latents_path
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    item = project.start().items[1]
    with pytest.raises(CacheError, match="checksum differs"):
        read_latents(item.latents_path)


def test_cache_file_that_is_gone_is_named(project: Project) -> None:
    project.start().items[1].latents_path.unlink()
    with pytest.raises(CacheError, match=r"1\.png \(picture\)"):
        project.start()


def test_damaged_indexes_change_nothing(project: Project) -> None:
    first = project.start()
    for path in (project.folder / "cache").glob("*.jsonl"):
        path.write_bytes(path.read_bytes()[:-20])
    assert project.start() == first
    assert len(project.opened) == 13


def test_files_of_a_second_encoder_do_not_mix_in(project: Project) -> None:
    first = project.start()
    project.cache("another vae")
    last = next((project.folder / "pictures").glob("2.png"))
    (project.folder / f"cache/latents/{_key(last, 'another vae')}.safetensors").unlink()
    assert project.start() == first


def _key(path: Path, encoder: str) -> str:
    (item,) = [item for item in load_dataset(path.parent).items if item.image_path == path]
    return latent_key(item, encoder)
