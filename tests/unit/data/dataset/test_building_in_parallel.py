"""Building on many cores: same files however many, and an orderly end whatever happens."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.captions.captioning import Captioned
from trainer.data.crops import rendering
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.planning import plan_crops
from trainer.data.crops.rendering import encode_png, render_crop, render_crops, render_files
from trainer.data.dataset.building import build_dataset
from trainer.data.dataset.dataset_files import LEDGER_NAME
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.files import in_parallel
from trainer.data.pictures.media import load_image, scan_folder
from trainer.errors import DatasetError

BUCKETS = (Bucket(64, 96), Bucket(96, 96), Bucket(96, 64))


def draw(path: Path, seed: int, size: tuple[int, int]) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).resize((size[0] * 2, size[1] * 2)).save(path)


@pytest.fixture
def wanted(tmp_path: Path) -> list[Captioned]:
    """Crops of nine pictures of unlike sizes and kinds, two or three each."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(9):
        name = f"{number}.{('png', 'jpg', 'webp')[number % 3]}"
        draw(folder / name, number, (80 + 9 * number, 80 + 5 * number))
    see_through = Image.new("RGBA", (200, 200), (200, 30, 30, 120))
    see_through.save(folder / "9 glass.png")
    plan = plan_crops(
        scan_folder(folder, min_side_px=32), CropSettings(buckets=BUCKETS, shots=("picture",))
    )
    assert len({crop.item for crop in plan.crops}) == 10
    return [Captioned(crop, f"crop {n}", "template") for n, crop in enumerate(plan.crops)]


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def fresh(folder: Path, wanted: list[Captioned]) -> dict[str, bytes]:
    """What a build makes where nothing was; in the same place, as the manifest names it."""
    shutil.rmtree(folder)
    build_dataset(wanted, folder)
    return contents(folder)


def rests(folder: Path) -> list[str]:
    """Half-made files."""
    return [path.name for path in folder.rglob("*.part")]


@pytest.mark.parametrize("cores", [2, 5, 16])
def test_files_and_ledger_and_progress_are_those_of_one_core(
    tmp_path: Path, wanted: list[Captioned], monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    told: list[list[tuple[int, int, str]]] = []
    made: list[dict[str, bytes]] = []
    for count in (1, cores):
        for module in (in_parallel, rendering):
            monkeypatch.setattr(module, "usable_cores", lambda count=count: count)
        steps: list[tuple[int, int, str]] = []
        build_dataset(wanted, tmp_path / "set", on_progress=lambda *step, to=steps: to.append(step))
        told.append(steps)
        made.append(contents(tmp_path / "set"))
        shutil.rmtree(tmp_path / "set")
    assert made[0] == made[1]
    assert told[0] == told[1]
    assert [done for done, _, _ in told[0]] == list(range(1, len(wanted) + 1))


def test_each_crop_is_the_one_that_is_made_alone(wanted: list[Captioned]) -> None:
    crops = [entry.crop for entry in wanted]
    assert list(render_files(crops)) == [encode_png(render_crop(crop)) for crop in crops]
    pixels = [image.tobytes() for image in render_crops(crops)]
    assert pixels == [render_crop(crop).tobytes() for crop in crops]
    shuffled = [crops[n] for n in np.random.default_rng(2).permutation(len(crops))]
    assert list(render_files(shuffled)) == [encode_png(render_crop(crop)) for crop in shuffled]


def test_picture_is_decoded_once_for_its_crops_and_few_are_held(
    wanted: list[Captioned], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: Counter[Path] = Counter()
    lock = threading.Lock()
    held = most = 0
    load = rendering.load_same

    class Counted:
        """Stays as long as its picture."""

        def __del__(self) -> None:
            nonlocal held
            with lock:
                held -= 1

    def watched(item):  # type: ignore[no-untyped-def]
        nonlocal held, most
        image = load(item)
        image.counted = Counted()
        with lock:
            decoded[item.path] += 1
            held += 1
            most = max(most, held)
        return image

    monkeypatch.setattr(rendering, "load_same", watched)
    monkeypatch.setattr(rendering, "usable_cores", lambda: 2)
    monkeypatch.setattr(in_parallel, "usable_cores", lambda: 2)
    for _ in render_files([entry.crop for entry in wanted]):
        time.sleep(0.005)  # writing is slower than making, so all could have been made ahead
    assert set(decoded.values()) == {1}
    assert most <= 6, "two decoded ahead, the current one, and those of at most four crops"
    assert held == 0


def test_build_again_decodes_nothing(
    tmp_path: Path, wanted: list[Captioned], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_dataset(wanted, tmp_path / "set")
    before = contents(tmp_path / "set")
    shutil.rmtree(tmp_path / "source")
    build_dataset(wanted, tmp_path / "set")
    assert contents(tmp_path / "set") == before


def test_one_missing_crop_is_made_and_the_others_are_left(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    build_dataset(wanted, tmp_path / "set")
    before = contents(tmp_path / "set")
    gone = sorted((tmp_path / "set").rglob("*.png"))[4]
    gone.unlink()
    for path in (tmp_path / "source").iterdir():
        if path.stem not in gone.stem:
            path.unlink()
    build_dataset(wanted, tmp_path / "set")
    assert contents(tmp_path / "set") == before


class StopError(Exception):
    """As ComfyUI's, when somebody presses its stop button."""


def test_cancel_ends_all_work_at_once_and_the_next_build_goes_on(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    before = threading.active_count()

    def stop_at_third(done: int, total: int, name: str) -> None:
        if done == 3:
            raise StopError

    with pytest.raises(StopError):
        build_dataset(wanted, folder, on_progress=stop_at_third)
    assert threading.active_count() == before, "no thread goes on behind the caller's back"
    made = sorted(folder.rglob("*.png"))
    assert len(made) == 3
    assert rests(folder) == []
    times = [path.stat().st_mtime_ns for path in made]
    build_dataset(wanted, folder)
    assert [path.stat().st_mtime_ns for path in made] == times, "finished files are kept"
    assert contents(folder) == fresh(folder, wanted)


def test_picture_changed_since_the_scan_is_named_and_those_before_it_are_kept(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    changed = wanted[-1].crop.item.path
    draw(changed, 77, (100, 100))
    with pytest.raises(DatasetError) as caught:
        build_dataset(wanted, folder)
    assert str(caught.value) == (
        f"{changed.name} has changed since the folder was scanned. Run the graph again."
    )
    whole = sum(entry.crop.item.path != changed for entry in wanted)
    assert len(list(folder.rglob("*.png"))) == whole > 0
    assert rests(folder) == []


def test_first_of_several_bad_pictures_is_named(tmp_path: Path, wanted: list[Captioned]) -> None:
    paths = list(dict.fromkeys(entry.crop.item.path for entry in wanted))
    for path in paths[4:]:
        path.write_bytes(path.read_bytes()[:100])
    for _ in range(5):
        with pytest.raises(DatasetError, match=f"^{paths[4].name} cannot be read as a picture"):
            build_dataset(wanted, tmp_path / "set")


def test_drive_gone_before_the_build_makes_no_picture(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    shutil.rmtree(tmp_path / "source")
    first = wanted[0].crop.item.path.name
    with pytest.raises(DatasetError, match=f"^{first} is not there.* its drive"):
        build_dataset(wanted, tmp_path / "set")
    assert list((tmp_path / "set").rglob("*.png")) == []


def test_drive_gone_while_building_keeps_what_is_whole_and_goes_on_when_it_is_back(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    source, away, folder = tmp_path / "source", tmp_path / "away", tmp_path / "set"

    def pull_out(done: int, total: int, name: str) -> None:
        if done == 2:
            source.rename(away)

    with pytest.raises(DatasetError, match=r"^\S+ is not there\. Check the file, its permissions"):
        build_dataset(wanted, folder, on_progress=pull_out)
    made = sorted(folder.rglob("*.png"))
    assert 2 <= len(made) < len(wanted)
    assert rests(folder) == []
    for path in made:
        load_image(path)
        assert path.with_suffix(".txt").is_file()
    away.rename(source)
    build_dataset(wanted, folder)
    assert contents(folder) == fresh(folder, wanted)


def test_target_gone_while_building_is_one_sentence(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"

    def block(done: int, total: int, name: str) -> None:
        if done == 2:
            shutil.rmtree(folder)
            folder.write_bytes(b"in the way")

    with pytest.raises(
        DatasetError, match=r"Cannot write the dataset in .*finished files are kept"
    ):
        build_dataset(wanted, folder, on_progress=block)
    assert folder.read_bytes() == b"in the way"


def test_lost_ledger_knows_pictures_that_were_packed_otherwise(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    build_dataset(wanted, folder)
    names = set(contents(folder))
    (folder / LEDGER_NAME).unlink()
    for path in folder.rglob("*.png"):
        load_image(path).save(path, compress_level=9)
    packed = contents(folder)
    build_dataset(wanted, folder)
    assert set(contents(folder)) == names
    assert all(contents(folder)[name] == packed[name] for name in packed)
