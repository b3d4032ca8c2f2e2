"""The caption editor's routes in the real server: captions by hand, conflicts, captioners."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dev.doing.demo import PICTURES
from tests.host.graph import Prompt, shown
from tests.host.server import HostServer
from tests.host.web.raw_http import JSON, ask
from tests.host.web.test_crop_editing import crop_prompt

FOLDER = "captioned by hand"
# A node of ComfyUI itself that gives a list of texts, as captioners do.
LOADER = "LoadImageTextDataSetFromFolder"
FIELDS = {"style": "Anime style", "trigger": "alva", "class_word": "woman"}
FIELDS |= {"named_traits": "teal hair", "omitted_traits": "horns", "pose": "", "background": ""}
FIELDS |= {"extra": ""}


def caption_prompt(folder: str, **inputs: Any) -> Prompt:
    """From pictures to captions."""
    more = {"template": "", "overrides": "", "keep_existing": True}
    node = {"crops": ["2", 0], **FIELDS, **more, **inputs}
    prompt = crop_prompt(folder)
    prompt["3"] = {"class_type": "HunyuanLoraCaptionTemplate", "inputs": node}
    return prompt


@pytest.fixture
def folder(studio: HostServer) -> Path:
    """The demo pictures, without caption files."""
    target = studio.base / "input" / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(studio.base / "input" / PICTURES / "character", target)
    return target


class Page:
    """What the caption editor does."""

    def __init__(self, studio: HostServer, prompt: Prompt) -> None:
        result = studio.queue(prompt)
        ui = shown(result, prompt, "HunyuanLoraCaptionTemplate")
        self.studio = studio
        self.lines: list[str] = ui["hunyuan_report"]
        self.path = f"/hunyuan_lora/caption_sheets/{ui['hunyuan_caption_sheet'][0]}"
        self.sheet = studio.client.get(self.path)

    def post(self, route: str, body: dict[str, Any]) -> Any:
        return ask(self.studio, "POST", f"{self.path}/{route}", json.dumps(body).encode(), JSON)

    def fill(self, edits: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        text = "" if edits is None else json.dumps({"version": 1, **edits})
        body = {"template": "", "fields": FIELDS, "keep_existing": True, "overrides": ""}
        answer = self.post("fill", {**body, "edits": text, **changes})
        assert answer.status == 200, answer.body
        return dict(answer.json)


def test_sheet_lists_crops_fields_and_slots(studio: HostServer, folder: Path) -> None:
    page = Page(studio, caption_prompt(FOLDER))
    assert page.sheet["fields"] == {**FIELDS, "view_traits": ""}
    assert page.sheet["counts_tokens"] is False
    crop = page.sheet["crops"][0]
    assert crop["id"] == f"{crop['picture']}/{crop['shot']}/{crop['bucket']}"
    assert "trigger" in page.sheet["slots"]
    filled = page.fill()["crops"]
    assert [one["caption"] for one in filled.values()] == page.lines[-len(filled) :]
    assert list(filled) == [one["id"] for one in page.sheet["crops"]]


def test_text_by_hand_and_fields_reach_the_node(studio: HostServer, folder: Path) -> None:
    page = Page(studio, caption_prompt(FOLDER))
    first, *others = page.sheet["crops"]
    second = next(one for one in others if one["picture"] != first["picture"])
    edits = {
        "crops": {first["id"]: {"text": "alva by hand", "file": ""}},
        "pictures": {second["picture"]: {"name": "x", "fields": {"pose": "sitting"}}},
    }
    filled = page.fill(edits)["crops"]
    assert filled[first["id"]]["caption"] == "alva by hand"
    assert filled[first["id"]]["start"].startswith("Anime style. alva")
    assert "sitting" in filled[second["id"]]["caption"]
    assert filled[second["id"]]["slots"]["pose"] == "sitting"
    text = json.dumps({"version": 1, **edits})
    again = Page(studio, caption_prompt(FOLDER, edited_captions=text))
    assert [one["caption"] for one in filled.values()] == again.lines[-len(filled) :]


def test_changed_text_file_is_a_conflict_and_both_are_shown(
    studio: HostServer, folder: Path
) -> None:
    page = Page(studio, caption_prompt(FOLDER))
    crop = page.sheet["crops"][0]
    edits = {"crops": {crop["id"]: {"text": "alva mine", "file": ""}}}
    assert page.fill(edits)["crops"][crop["id"]]["conflict"] is None
    (folder / crop["name"]).with_suffix(".txt").write_text("alva theirs", encoding="utf-8")
    one = page.fill(edits)["crops"][crop["id"]]
    where = Path(crop["name"]).with_suffix(".txt").name
    expected = {"kind": "file", "mine": "alva mine", "theirs": "alva theirs", "where": where}
    assert one["conflict"] == expected
    # Keeping mine is noting the file; taking theirs is dropping the text.
    edits["crops"][crop["id"]]["file"] = one["file_mark"]
    kept = page.fill(edits)["crops"][crop["id"]]
    assert (kept["conflict"], kept["caption"]) == (None, "alva mine")
    taken = page.fill({"crops": {}})["crops"][crop["id"]]
    assert (taken["caption"], taken["origin"]) == ("alva theirs", "file")


def test_caption_edited_in_the_built_dataset_is_a_conflict(
    studio: HostServer, folder: Path
) -> None:
    prompt = caption_prompt(FOLDER)
    build = {"captioned": ["3", 0], "name": "hand edited", "batch_size": 1}
    prompt["4"] = {"class_type": "HunyuanLoraBuildDataset", "inputs": build}
    page = Page(studio, prompt)
    assert all(one["conflict"] is None for one in page.fill()["crops"].values())
    built = studio.base / "output" / "hunyuan_lora" / "datasets" / "hand edited"
    path = sorted(built.glob("*/*.txt"))[0]
    before = path.read_text(encoding="utf-8").strip()
    path.write_text("edited in the folder", encoding="utf-8")
    crops = page.fill()["crops"]
    ((crop_id, crop),) = [pair for pair in crops.items() if pair[1]["conflict"]]
    assert crop["conflict"]["kind"] == "built"
    assert (crop["conflict"]["mine"], crop["conflict"]["theirs"]) == (
        before,
        "edited in the folder",
    )
    assert crop["conflict"]["where"] == f"hand edited/{path.parent.name}/{path.name}"
    # The editor wins: what was in the folder is set aside, and the next build leaves it so.
    assert page.post("settle", {"id": crop_id, "text": before}).status == 200
    assert path.read_text(encoding="utf-8").strip() == before
    (aside,) = (built / "set_aside").rglob("*.txt")
    assert aside.read_text(encoding="utf-8") == "edited in the folder"
    assert all(one["conflict"] is None for one in page.fill()["crops"].values())
    assert page.post("settle", {"id": crop_id, "text": before}).status == 409


def test_captioners_list_is_the_start(studio: HostServer, folder: Path) -> None:
    source = studio.base / "input" / "texts of a captioner"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(folder, source)
    for number, path in enumerate(sorted(source.glob("*.png"))):
        path.with_suffix(".txt").write_text(f"a person, number {number}", encoding="utf-8")
    prompt = caption_prompt(FOLDER, starting_captions=["9", 1])
    prompt["9"] = {
        "class_type": "LoadImageTextDataSetFromFolder",
        "inputs": {"folder": source.name},
    }
    page = Page(studio, prompt)
    filled = page.fill()["crops"].values()
    assert {one["origin"] for one in filled} == {"captioner"}
    assert {one["caption"] for one in filled} == {"a person, number 0", "a person, number 1"}
    prompt["3"]["inputs"]["template"] = "{trigger}. {caption}. The {ratio} image."
    page = Page(studio, prompt)
    captions = [
        one["caption"] for one in page.fill(template="{trigger}. {caption}")["crops"].values()
    ]
    assert set(captions) == {"alva. A person, number 0", "alva. A person, number 1"}


def test_wrong_number_of_starting_captions_is_said(studio: HostServer, folder: Path) -> None:
    source = studio.base / "input" / "too many texts"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(folder, source)
    for number in range(5):
        shutil.copy(next(source.glob("*.png")), source / f"more {number}.png")
    prompt = caption_prompt(FOLDER, starting_captions=["9", 1])
    prompt["9"] = {
        "class_type": "LoadImageTextDataSetFromFolder",
        "inputs": {"folder": source.name},
    }
    for path in source.glob("*.png"):
        path.with_suffix(".txt").write_text("text", encoding="utf-8")
    result = studio.queue(prompt)
    assert result.error is not None
    assert "'starting_captions' holds 7 texts" in result.error["exception_message"]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"edits": "{"}, "'edited_captions' is not JSON"),
        ({"edits": '{"version": 9}'}, "version 9"),
        ({"template": "{nope}"}, "unknown slot"),
        ({"fields": {"hat": "x"}}, "'hat' is unknown"),
        ({"fields": []}, "'fields' must be"),
        ({"keep_existing": "yes"}, "'keep_existing' must be"),
        ({"more": 1}, "'more' is unknown"),
    ],
)
def test_wrong_requests_get_a_sentence(
    studio: HostServer, folder: Path, changes: dict[str, Any], part: str
) -> None:
    page = Page(studio, caption_prompt(FOLDER))
    body = {"template": "", "fields": FIELDS, "keep_existing": True, "overrides": "", "edits": ""}
    answer = page.post("fill", {**body, **changes})
    assert (answer.status, part in answer.error) == (400, True), answer.error


def test_unknown_sheet_is_said(studio: HostServer) -> None:
    answer = ask(studio, "GET", "/hunyuan_lora/caption_sheets/none")
    assert (answer.status, "Run the node again" in answer.error) == (404, True)
