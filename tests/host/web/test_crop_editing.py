"""The crop editor's routes in the real server: plans, thumbnails, and boxes drawn by hand."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from dev.doing.demo import PICTURES
from tests.host.graph import Prompt, shown
from tests.host.server import HostServer
from tests.host.web.raw_http import ask
from trainer.data.pictures.media import scan_folder

FOLDER = "käse & 字"


def crop_prompt(folder: str, **crop: Any) -> Prompt:
    """Load Training Images and Crop to Buckets."""
    settings = {"buckets": "96x160, 128x128", "shots": "full_body, headshot"}
    settings |= {"max_enlargement": 1.5, "margin": 0.05, "background": "white", "boxes": ""}
    return {
        "1": {
            "class_type": "HunyuanLoraLoadImages",
            "inputs": {"folder": folder, "minimum_side": 64},
        },
        "2": {
            "class_type": "HunyuanLoraCropToBuckets",
            "inputs": {"media": ["1", 0], "heads_tall": 7.5, **settings, **crop},
        },
    }


@pytest.fixture(scope="module")
def folder(studio: HostServer) -> Path:
    """The demo pictures in a folder with a difficult name."""
    source = studio.base / "input" / PICTURES / "character"
    target = studio.base / "input" / FOLDER
    shutil.copytree(source, target)
    return target


def plan_of(studio: HostServer, prompt: Prompt) -> dict[str, Any]:
    """Run the two nodes and ask for what the editor opens."""
    result = studio.queue(prompt)
    key = shown(result, prompt, "HunyuanLoraCropToBuckets")["hunyuan_crop_plan"][0]
    return dict(studio.client.get(f"/hunyuan_lora/crop_plans/{key}"))


def drawn(plan: dict[str, Any], boxes: list[list[Any]], view: str = "") -> str:
    """What the editor stores when the first picture was edited."""
    picture = plan["pictures"][0]
    entry = {"name": picture["name"], "boxes": boxes, **({"view": view} if view else {})}
    return json.dumps({"version": 1, "pictures": {picture["key"]: entry}})


def test_plan_tells_pictures_framings_and_proposals(studio: HostServer, folder: Path) -> None:
    plan = plan_of(studio, crop_prompt(FOLDER))
    media = scan_folder(folder, min_side_px=64)
    assert [one["key"] for one in plan["pictures"]] == [item.digest[:12] for item in media.items]
    first, item = plan["pictures"][0], media.items[0]
    assert (first["width"], first["height"]) == (item.width_px, item.height_px)
    assert plan["buckets"] == ["96x160", "128x128"]
    assert [shot["name"] for shot in plan["shots"]][-1] == "picture"
    assert {one["shot"] for one in first["proposals"]} <= {"full_body", "headshot", "picture"}
    for one in first["proposals"]:
        left, top, width, height = one["box"]
        assert min(left, top, width, height) >= 0
        assert max(left + width, top + height) <= 1 + 2e-6


def test_boxes_by_hand_are_cut_to_the_pixel(studio: HostServer, folder: Path) -> None:
    plan = plan_of(studio, crop_prompt(FOLDER))
    picture = plan["pictures"][0]
    side = min(picture["width"], picture["height"]) // 2
    box = [11 / picture["width"], 7 / picture["height"]]
    box += [side / picture["width"], side / picture["height"]]
    boxes = [[*(round(share, 6) for share in box), "headshot", "128x128"]]
    prompt = crop_prompt(FOLDER, boxes=drawn(plan, boxes, "side"))
    prompt["3"] = {"class_type": "HunyuanLoraCropImages", "inputs": {"crops": ["2", 0]}}
    prompt["4"] = {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}}
    result = studio.queue(prompt)
    (name,) = [one["filename"] for one in result.outputs["4"]["images"]][:1]
    path = next(studio.base.glob(f"temp/**/{name}"))
    source = Image.open(next(folder.glob(picture["name"]))).convert("RGBA")
    part = source.crop((11, 7, 11 + side, 7 + side))
    part = Image.alpha_composite(Image.new("RGBA", part.size, "white"), part).convert("RGB")
    expected = part.resize((128, 128), Image.Resampling.LANCZOS)
    with Image.open(path) as made:
        extremes = ImageChops.difference(made.convert("RGB"), expected).getextrema()
    # The crop may be decoded and made smaller in another order than this plain way.
    assert max(high for _, high in extremes) <= 2


def test_renamed_pictures_in_another_folder_keep_their_boxes(
    studio: HostServer, folder: Path
) -> None:
    plan = plan_of(studio, crop_prompt(FOLDER))
    text = drawn(plan, [[0.1, 0.1, 0.5, 0.5, "torso", "128x128"]])
    moved = folder.with_name("moved")
    moved.mkdir()
    for number, path in enumerate(sorted(folder.glob("*.png"))):
        shutil.copy(path, moved / f"other {number}.png")
    prompt = crop_prompt("moved", boxes=text)
    lines = shown(studio.queue(prompt), prompt, "HunyuanLoraCropToBuckets")["hunyuan_report"]
    assert not any("not here" in line for line in lines)
    count = len(plan_of(studio, prompt)["pictures"])
    assert lines[0].endswith(f"from {count} pictures")


def test_boxes_of_pictures_that_are_not_here_are_kept_and_named(
    studio: HostServer, folder: Path
) -> None:
    entry = {"name": "gone.png", "boxes": [[0, 0, 1, 1, "torso", "128x128"]]}
    text = json.dumps({"version": 1, "pictures": {"0123456789ab": entry}})
    prompt = crop_prompt(FOLDER, boxes=text)
    lines = shown(studio.queue(prompt), prompt, "HunyuanLoraCropToBuckets")["hunyuan_report"]
    assert "boxes by hand for gone.png are kept, but that picture is not here" in lines


@pytest.mark.parametrize(("query", "side"), [("", 256), ("?side=256", 256), ("?side=1600", 1600)])
def test_thumbnail_is_small_and_may_be_kept(
    studio: HostServer, folder: Path, query: str, side: int
) -> None:
    picture = plan_of(studio, crop_prompt(FOLDER))["pictures"][0]
    answer = ask(studio, "GET", f"/hunyuan_lora/pictures/{picture['key']}{query}")
    assert answer.status == 200
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.body)) as image:
        assert max(image.size) == min(side, max(picture["width"], picture["height"]))


def test_thumbnail_of_a_part_has_its_shape(studio: HostServer, folder: Path) -> None:
    picture = plan_of(studio, crop_prompt(FOLDER))["pictures"][0]
    answer = ask(studio, "GET", f"/hunyuan_lora/pictures/{picture['key']}?box=0.25,0.1,0.5,0.25")
    with Image.open(io.BytesIO(answer.body)) as image:
        ratio = picture["width"] * 0.5 / (picture["height"] * 0.25)
        assert image.width / image.height == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("crop_plans/none", 404),
        ("crop_plans/..%2f..%2fetc", 404),
        ("pictures/0123456789ab", 404),
        ("pictures/KEY?side=300", 400),
        ("pictures/KEY?side=-1", 400),
        ("pictures/KEY?box=0,0,2,1", 400),
        ("pictures/KEY?box=rubbish", 400),
        ("pictures/KEY?box=nan,0,1,1", 400),
    ],
)
def test_wrong_requests_get_a_sentence(
    studio: HostServer, folder: Path, path: str, status: int
) -> None:
    key = plan_of(studio, crop_prompt(FOLDER))["pictures"][0]["key"]
    answer = ask(studio, "GET", f"/hunyuan_lora/{path.replace('KEY', key)}")
    assert answer.status == status
    assert answer.error.endswith(".")


def test_changed_picture_is_said_and_its_old_copy_stays(studio: HostServer, folder: Path) -> None:
    changing = folder.with_name("changing")
    changing.mkdir()
    image = Image.effect_noise((300, 300), 90).convert("RGB")
    image.save(changing / "a.png")
    key = plan_of(studio, crop_prompt("changing"))["pictures"][0]["key"]
    small = ask(studio, "GET", f"/hunyuan_lora/pictures/{key}?side=256")
    image.rotate(90).save(changing / "a.png")
    assert ask(studio, "GET", f"/hunyuan_lora/pictures/{key}?side=256").body == small.body
    answer = ask(studio, "GET", f"/hunyuan_lora/pictures/{key}?side=1600")
    assert answer.status == 409
    assert "a.png" in answer.error
    shutil.rmtree(changing)
    answer = ask(studio, "GET", f"/hunyuan_lora/pictures/{key}?side=1600")
    assert (answer.status, "a.png" in answer.error) == (409, True)


def test_what_is_served_lies_in_the_packs_folder(studio: HostServer, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    picture = plan_of(studio, crop_prompt(FOLDER))["pictures"][0]
    ask(studio, "GET", f"/hunyuan_lora/pictures/{picture['key']}?side=256&box=0,0,0.5,0.5")
    copies = studio.base / "output" / "hunyuan_lora" / "thumbnails"
    assert list(copies.glob("*"))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
