"""Media: pictures of every kind are found, checked, converted and saved."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

from trainer.data.pictures import pixels as pixels_module
from trainer.data.pictures.media import (
    EXTENSIONS,
    MediaItem,
    caption_path,
    load_image,
    merge_media,
    save_batch,
    scan_folder,
)
from trainer.data.pictures.names import guess_view
from trainer.errors import DatasetError


def noise(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.NEAREST)


def kinds(media: object) -> dict[str, str]:
    return {problem.path.name: problem.kind for problem in media.problems}


def test_scan_finds_pictures_in_natural_order_and_not_below(tmp_path: Path) -> None:
    names = ["b 10.png", "B 2.PNG", "a.JpG", "写真 1.webp", "c.bmp", "d.tif", "e.gif"]
    for number, name in enumerate(names):
        noise(number).save(tmp_path / name)
    (tmp_path / "below").mkdir()
    noise(50).save(tmp_path / "below" / "hidden.png")
    noise(51).save(tmp_path / ".dot.png")
    (tmp_path / "a.txt").write_text("a caption", "utf-8")
    media = scan_folder(tmp_path, min_side_px=16)
    found = [item.path.name for item in media.items]
    assert found == ["a.JpG", "B 2.PNG", "b 10.png", "c.bmp", "d.tif", "e.gif", "写真 1.webp"]
    assert (media.items[0].width_px, media.items[0].height_px) == (64, 48)
    assert kinds(media) == {}


def test_scan_reports_every_unusable_file_by_name(tmp_path: Path) -> None:
    noise(1).save(tmp_path / "good.png")
    noise(2, (64, 15)).save(tmp_path / "small.png")
    (tmp_path / "rubbish.jpg").write_bytes(b"not a picture at all")
    (tmp_path / "empty.png").write_bytes(b"")
    whole = tmp_path / "cut.png"
    noise(3, (400, 300)).save(whole, compress_level=0)
    whole.write_bytes(whole.read_bytes()[:2000])
    frames = [noise(number) for number in range(4, 7)]
    for name in ("moving.gif", "moving.webp", "moving.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=80)
    (tmp_path / "phone.heic").write_bytes(b"x")
    media = scan_folder(tmp_path, min_side_px=16)
    assert [item.path.name for item in media.items] == ["good.png"]
    assert kinds(media) == {
        "small.png": "too_small",
        "rubbish.jpg": "unreadable",
        "empty.png": "unreadable",
        "cut.png": "unreadable",
        "moving.gif": "animated",
        "moving.webp": "animated",
        "moving.png": "animated",
        "phone.heic": "unsupported",
    }
    assert all(problem.text.startswith(problem.path.name) for problem in media.problems)
    assert "64x15" in next(one.text for one in media.problems if one.kind == "too_small")


def test_load_cut_off_picture_is_refused_even_when_pillow_was_told_to_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    path = tmp_path / "cut.jpg"
    noise(3, (400, 300)).save(path, quality=95)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DatasetError, match=r"cut\.jpg"):
        load_image(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_scan_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise(1).save(tmp_path / "fits.png")
    noise(2, (100, 80)).save(tmp_path / "huge.png")
    monkeypatch.setattr(pixels_module, "MAX_PIXELS", 64 * 48)
    media = scan_folder(tmp_path, min_side_px=16)
    assert kinds(media) == {"huge.png": "too_large"}
    assert "100x80" in media.problems[0].text


@pytest.mark.parametrize("factor", [1.5, 3])
def test_scan_pillows_own_bomb_guard_becomes_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    noise(1).save(tmp_path / "fits.png")
    noise(2, (640, 480)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(640 * 480 / factor))
    assert kinds(scan_folder(tmp_path, min_side_px=16)) == {"bomb.png": "too_large"}


def test_scan_exact_duplicates_are_left_out_and_near_ones_kept(tmp_path: Path) -> None:
    noise(1, (320, 240)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    noise(1, (320, 240)).save(tmp_path / "c.bmp")
    noise(1, (320, 240)).save(tmp_path / "d.jpg", quality=70)
    noise(2, (320, 240)).save(tmp_path / "e.png")
    media = scan_folder(tmp_path, min_side_px=16)
    assert [item.path.name for item in media.items] == ["a.png", "d.jpg", "e.png"]
    assert kinds(media) == {"b.png": "duplicate", "c.bmp": "duplicate", "d.jpg": "near_duplicate"}
    assert all("a.png" in problem.text for problem in media.problems)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_scan_folder_without_pictures_is_refused(tmp_path: Path, make: object) -> None:
    make(tmp_path / "cats")
    with pytest.raises(DatasetError, match=r"cats'.*Check 'folder'"):
        scan_folder(tmp_path / "cats")


def test_scan_only_unusable_pictures_names_them(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"1")
    noise(1).save(tmp_path / "y.png")
    with pytest.raises(DatasetError, match=r"None of the 2 .*x\.png cannot.*y\.png is left out"):
        scan_folder(tmp_path)


def test_scan_only_given_files_keeps_their_order(tmp_path: Path) -> None:
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        noise(number).save(tmp_path / name)
    wanted = [tmp_path / "c.png", tmp_path / "a.png", tmp_path / "c.png"]
    media = scan_folder(tmp_path, min_side_px=16, only=wanted)
    assert [item.path.name for item in media.items] == ["c.png", "a.png"]


def test_merge_media_leaves_out_what_an_earlier_part_has(tmp_path: Path) -> None:
    for folder, seeds in (("one", (1, 2)), ("two", (2, 3))):
        (tmp_path / folder).mkdir()
        for seed in seeds:
            noise(seed).save(tmp_path / folder / f"{seed}.png")
    parts = [scan_folder(tmp_path / name, min_side_px=16) for name in ("one", "two")]
    media = merge_media(parts)
    assert [item.path.name for item in media.items] == ["1.png", "2.png", "3.png"]
    assert [(one.path.parent.name, one.kind) for one in media.problems] == [("two", "duplicate")]
    with pytest.raises(DatasetError, match="No pictures"):
        merge_media([])


def test_load_exif_orientation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 32), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    image.paste("blue", (0, 0, 32, 32))
    image.save(tmp_path / "turned.png", exif=exif)
    upright = load_image(tmp_path / "turned.png")
    assert upright.size == (32, 64)
    assert (upright.getpixel((16, 8)), upright.getpixel((16, 56))) == ((0, 0, 255), (255, 0, 0))
    item = scan_folder(tmp_path, min_side_px=16).items[0]
    assert (item.width_px, item.height_px) == (32, 64)


def test_load_sixteen_bit_grey_is_scaled_and_not_cut_off(tmp_path: Path) -> None:
    values = np.repeat(np.array([[0, 257, 32896, 65535]], np.uint16), 4, axis=0)
    for name in ("grey.png", "grey.tif"):
        Image.fromarray(values).save(tmp_path / name)
        loaded = load_image(tmp_path / name)
        assert loaded.mode == "RGB"
        assert np.asarray(loaded)[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize(("scale", "name"), [(1.0, "unit.tif"), (255.0, "byte.tif")])
def test_load_float_picture_is_scaled(tmp_path: Path, scale: float, name: str) -> None:
    values = np.array([[0.0, 0.5, 1.0]] * 3, np.float32) * np.float32(scale)
    Image.fromarray(values).save(tmp_path / name)
    assert np.asarray(load_image(tmp_path / name))[0, :, 1].tolist() == [0, 128, 255]


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_load_opaque_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    source = Image.new("RGB", (20, 20), "white")
    source.paste("black", (0, 0, 10, 20))
    name = "picture.jpg" if mode in ("CMYK", "YCbCr") else "picture.png"
    source.convert(mode).save(tmp_path / name)
    loaded = load_image(tmp_path / name)
    assert loaded.mode == "RGB"
    assert max(loaded.getpixel((3, 5))) < 20
    assert min(loaded.getpixel((17, 5))) > 235


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_load_transparency_is_kept(tmp_path: Path, mode: str) -> None:
    source = Image.new("RGBA", (20, 20), (200, 200, 200, 255))
    source.paste((10, 10, 10, 0), (0, 0, 10, 20))
    picture = source.convert("P") if mode == "PA" else source.convert(mode)
    picture.save(tmp_path / "picture.png")
    loaded = load_image(tmp_path / "picture.png")
    assert loaded.mode == "RGBA"
    assert loaded.getpixel((3, 5))[3] == 0
    assert loaded.getpixel((17, 5)) == (200, 200, 200, 255)


def test_load_palette_with_one_see_through_colour_is_rgba(tmp_path: Path) -> None:
    picture = Image.new("P", (20, 20), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(0, (0, 0, 10, 20))
    picture.save(tmp_path / "picture.gif", transparency=0)
    loaded = load_image(tmp_path / "picture.gif")
    assert (loaded.mode, loaded.getpixel((3, 5))[3]) == ("RGBA", 0)
    assert loaded.getpixel((17, 5)) == (0, 0, 255, 255)


def test_load_fully_opaque_alpha_is_dropped(tmp_path: Path) -> None:
    noise(1).convert("RGBA").save(tmp_path / "a.png")
    noise(1).save(tmp_path / "b.png")
    media = scan_folder(tmp_path, min_side_px=16)
    assert kinds(media) == {"b.png": "duplicate"}
    assert media.items[0].has_alpha is False


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("hero front", "front"),
        ("hero_from_BEHIND_2", "behind"),
        ("Back-view", "behind"),
        ("heroBack01", "behind"),
        ("sideview 3", "side"),
        ("profile", "side"),
        ("background", ""),
        ("inside", ""),
        ("frontier", ""),
        ("front and back", ""),
        ("Anna 正面", ""),
    ],
)
def test_guess_view_takes_whole_words(name: str, view: str) -> None:
    assert guess_view(name) == view


def test_caption_path_is_beside_the_picture() -> None:
    item = MediaItem(Path("dir/a.b c.png"), 1, 1, "", False)
    assert caption_path(item) == Path("dir/a.b c.txt")


@pytest.mark.parametrize("channels", [3, 4])
def test_save_batch_gives_back_the_same_pixels_and_reuses_files(
    tmp_path: Path, channels: int
) -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, 12, 20, channels))
    batch = torch.from_numpy((values / 255).astype(np.float32))
    paths = save_batch(batch, tmp_path / "new", 'a/b: "x"')
    assert [np.asarray(Image.open(path)).tolist() for path in paths] == values.tolist()
    assert all(path.parent == tmp_path / "new" for path in paths)
    before = [path.stat().st_mtime_ns for path in paths]
    assert save_batch(batch.numpy(), tmp_path / "new", 'a/b: "x"') == paths
    assert [path.stat().st_mtime_ns for path in paths] == before
    assert len(list((tmp_path / "new").iterdir())) == 3


def test_save_batch_values_beyond_the_range_are_cut_off(tmp_path: Path) -> None:
    batch = torch.tensor([-0.5, 0.5, 1.5]).expand(1, 4, 4, 3)
    assert Image.open(save_batch(batch, tmp_path, "")[0]).getpixel((0, 0)) == (0, 128, 255)


@pytest.mark.parametrize(
    ("batch", "named"),
    [
        (torch.zeros(4, 4, 3), r"\[4, 4, 3\]"),
        (torch.zeros(0, 4, 4, 3), r"\[0, 4, 4, 3\]"),
        (torch.zeros(1, 4, 4, 5), r"\[1, 4, 4, 5\]"),
        (torch.full((1, 4, 4, 3), float("nan")), "Picture 1"),
    ],
)
def test_save_batch_what_is_no_picture_is_refused(
    tmp_path: Path, batch: torch.Tensor, named: str
) -> None:
    with pytest.raises(DatasetError, match=named):
        save_batch(batch, tmp_path, "x")


def test_extensions_are_lower_case() -> None:
    assert {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"} <= EXTENSIONS


@pytest.mark.parametrize(
    ("enough_px", "size"),
    [
        (None, (1001, 640)), (1002, (1001, 640)), (501, (1001, 640)), (500, (501, 320)),
        (251, (501, 320)), (250, (251, 160)), (1, (126, 80)), (0.0, (126, 80)),
    ],
)  # fmt: skip
def test_decode_jpeg_is_only_as_large_as_is_enough(
    enough_px: float | None, size: tuple[int, int]
) -> None:
    stream = io.BytesIO()
    gradient = Image.linear_gradient("L").resize((1001, 640)).convert("RGB")
    gradient.save(stream, "JPEG", quality=95)
    image = pixels_module.decode_picture(stream.getvalue(), enough_px)
    assert image.size == size
    wanted = gradient.resize(size, Image.Resampling.BOX)
    assert np.abs(np.asarray(image, float) - np.asarray(wanted, float)).mean() < 2


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_decode_other_kinds_always_give_the_whole_picture(kind: str) -> None:
    stream = io.BytesIO()
    noise(3, (400, 300)).save(stream, kind)
    assert pixels_module.decode_picture(stream.getvalue(), 10).size == (400, 300)


def test_decode_in_many_threads_keeps_the_switch_for_cut_off_files_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    stream = io.BytesIO()
    noise(3, (400, 300)).save(stream, "JPEG", quality=95)
    whole, cut = stream.getvalue(), stream.getvalue()[:9000]
    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(pixels_module.decode_picture, [whole, cut][n % 2]) for n in range(200)]
    assert [isinstance(task.exception(), DatasetError) for task in tasks] == [False, True] * 100
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_picture_of_an_uncompressed_kind_is_not_mapped(tmp_path: Path) -> None:
    """A mapped file that is cut off ends the program; one that was read does not."""
    path = tmp_path / "a.bmp"
    noise(3, (400, 300)).save(path)
    image = load_image(path)
    path.write_bytes(b"")
    assert np.asarray(image).shape == (300, 400, 3)


def test_file_too_large_to_be_read_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as stream:
        stream.truncate(pixels_module.MAX_FILE_BYTES + 1)  # takes no space on the disk
    with pytest.raises(DatasetError, match=r"a\.png has 1\.0 GB, more than the 1 GB"):
        load_image(tmp_path / "a.png")
