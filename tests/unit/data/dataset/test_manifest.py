"""Manifests: what is read, what is refused, and that writing can be read again."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from trainer.data.dataset.manifest import ImageSet, format_manifest, read_manifest, tomllib
from trainer.errors import DatasetError

# In the form of musubi-tuner's own documentation, with values of ours.
HAND_WRITTEN = """
[general]
caption_extension = ".txt"
batch_size = 2
enable_bucket = true
bucket_no_upscale = false

[[datasets]]
image_directory = "tall"
cache_directory = "tall_cache"
resolution = [768, 1366]
num_repeats = 8

[[datasets]]
image_directory = "square"
resolution = 512
batch_size = 1
enable_bucket = false
"""


def write(tmp_path: Path, text: str) -> Path:
    for name in ("tall", "square"):
        (tmp_path / name).mkdir(exist_ok=True)
    path = tmp_path / "dataset.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_read_general_values_are_defaults_of_each_set(tmp_path: Path) -> None:
    tall, square = read_manifest(write(tmp_path, HAND_WRITTEN))
    assert tall == ImageSet(
        tmp_path / "tall", tmp_path / "tall_cache", (768, 1366), 8, 2, True, False, ".txt"
    )
    assert square == ImageSet(tmp_path / "square", None, (512, 512), 1, 1, False, False, ".txt")


def test_read_nothing_but_a_directory_gives_musubis_defaults(tmp_path: Path) -> None:
    (only,) = read_manifest(write(tmp_path, "[[datasets]]\nimage_directory = 'tall'\n"))
    assert (only.resolution, only.num_repeats, only.batch_size) == ((960, 544), 1, 1)
    assert (only.enable_bucket, only.bucket_no_upscale) == (False, False)


def test_format_then_read_gives_the_same_sets(tmp_path: Path) -> None:
    sets = (
        ImageSet(tmp_path / "tall", tmp_path / "a \"b\" 'c' 日本", (64, 112), 3, 2),
        ImageSet(tmp_path / "square", tmp_path / "tab\tbell\x07", (64, 64), 1, 2),
    )
    assert read_manifest(write(tmp_path, format_manifest(sets))) == sets


@pytest.mark.parametrize(
    "name", ['quote " and \\ backslash', "línea ñ 日本 🎨", "tab\tnew\nline\r", "\x01\x1f\x7f"]
)
def test_format_any_name_is_valid_toml(name: str) -> None:
    text = format_manifest([ImageSet(Path("x") / name, None, (64, 64))])
    assert tomllib.loads(text)["datasets"][0]["image_directory"] == f"x/{name}"


def test_format_windows_path_has_forward_slashes() -> None:
    windows = PureWindowsPath("C:\\Users\\ana\\new pictures")
    text = format_manifest([ImageSet(windows, None, (64, 64))])  # type: ignore[arg-type]
    directory = tomllib.loads(text)["datasets"][0]["image_directory"]
    assert directory == "C:/Users/ana/new pictures"


def test_format_different_batch_sizes_stay_with_their_sets(tmp_path: Path) -> None:
    sets = (
        ImageSet(tmp_path / "tall", None, (64, 112), batch_size=1),
        ImageSet(tmp_path / "square", None, (64, 64), batch_size=4),
    )
    assert read_manifest(write(tmp_path, format_manifest(sets))) == sets


def test_read_dataset_that_was_moved_finds_folders_beside_the_manifest(tmp_path: Path) -> None:
    text = "[[datasets]]\nimage_directory = 'C:\\gone\\tall'\n"
    assert read_manifest(write(tmp_path, text))[0].image_directory == tmp_path / "tall"
    text = "[[datasets]]\nimage_directory = '/gone/for/good/square'\n"
    assert read_manifest(write(tmp_path, text))[0].image_directory == tmp_path / "square"


def test_read_relative_directory_falls_back_to_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere" / "pictures").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = "[[datasets]]\nimage_directory = 'pictures'\n"
    found = read_manifest(write(tmp_path, text))[0].image_directory
    assert found == tmp_path / "elsewhere" / "pictures"


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("num_repeat = 2", "unknown key 'num_repeat' .did you mean 'num_repeats'"),
        ("flip_aug = true", r"number 1: unknown key 'flip_aug'[;.]"),
        ("num_repeats = 0", 'num_repeats must be a whole number from 1 up, but is "0"'),
        ("batch_size = true", "batch_size must be a whole number"),
        ("enable_bucket = 1", "enable_bucket must be true or false"),
        ("resolution = [512]", "resolution must be one number or"),
        ("resolution = 16", "resolution must be one number or"),
        ("resolution = 512.0", "resolution must be one number or"),
        ("caption_extension = 3", "caption_extension must be text"),
        ("target_frames = [25]", "is a video dataset"),
        ("control_directory = 'x'", "'control_directory' is known to musubi-tuner but not used"),
    ],
)
def test_read_bad_key_is_named(tmp_path: Path, line: str, match: str) -> None:
    with pytest.raises(DatasetError, match=match):
        read_manifest(write(tmp_path, f"[[datasets]]\nimage_directory = 'tall'\n{line}\n"))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[general]\nimage_directory = 'tall'\n[[datasets]]\n", r"belongs into \[\[datasets\]\]"),
        ("", r"has no \[\[datasets\]\] entry"),
        ("[datasets]\nimage_directory = 'tall'\n", "double brackets"),
        ("[[datasets]]\nresolution = 512\n", "has no 'image_directory'"),
        ("[[datasets]]\nimage_directory = 'talk'\n", "image_directory 'talk' is missing"),
        ("[[datasets]]\nvideo_directory = 'tall'\n", "is a video dataset"),
        ("[[dataset]]\n", r"unknown table 'dataset' \(did you mean 'datasets'"),
        ('[[datasets]]\nimage_directory = "C:\\pictures"\n', "not valid TOML.*single quotes"),
    ],
)
def test_read_bad_file_is_explained(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(DatasetError, match=match):
        read_manifest(write(tmp_path, text))


def test_read_all_faults_come_at_once(tmp_path: Path) -> None:
    text = "[general]\nseed = 1\n[[datasets]]\nimage_directory = 'no'\n[[datasets]]\nrepeat = 1\n"
    with pytest.raises(DatasetError) as caught:
        read_manifest(write(tmp_path, text))
    for part in ("'seed'", "'no' is missing", "'repeat'", "number 2 has no 'image_directory'"):
        assert part in str(caught.value)


def test_read_missing_file_or_wrong_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Cannot read the manifest .*none\.toml"):
        read_manifest(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(DatasetError, match=r"latin\.toml' is not UTF-8"):
        read_manifest(tmp_path / "latin.toml")
