"""The caption editor in ComfyUI's real page, in both ways of drawing nodes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dev.doing.demo import write_pictures
from tests.browser.page import is_tolerated
from tests.conftest import Comfyui
from tests.host.server import HostServer

SCRIPT = Path(__file__).with_name("captions.mjs")
SHOWN = 6
"""Captions that are in the page for certain, whatever their cards' height."""


def _copy_pictures(source: Path, target: Path, shade: int) -> None:
    """Copy pictures with one corner a shade darker, which nobody sees."""
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.png")):
        with Image.open(path) as picture:
            changed = picture.convert("RGB")
        red, green, blue = changed.getpixel((0, 0))
        changed.putpixel((0, 0), (red, green, blue - shade))
        changed.save(target / path.name)


@pytest.fixture(scope="module")
def seen(
    server: HostServer, comfyui: Comfyui, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the scenes of captions.mjs saw, by their names; all played in one page."""
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed; 'python tasks.py test' says how"
    folder = server.base / "input" / "captions_files"
    demo = write_pictures(comfyui, server.base) / "character"
    # By their content these are pictures of their own, whatever other tests did to the demo's.
    _copy_pictures(demo, folder / "own", 1)
    _copy_pictures(demo, folder / "one", 2)
    command = [node, str(SCRIPT), "--port", str(server.client.port)]
    command += ["--scene", "edit,keys,files,many", "--out", str(tmp_path_factory.mktemp("out"))]
    command += ["--input", str(folder.parent), "--folder", "captions_files/own"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
        )
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    scenes: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for scene in scenes.values():
        scene["errors"] = [text for text in scene["errors"] if not is_tolerated(text)]
    return scenes


@pytest.fixture(scope="module")
def edited(seen: dict[str, Any]) -> dict[str, Any]:
    """Captions edited with the mouse; nodes drawn on the canvas."""
    return dict(seen["edit"])


@pytest.fixture(scope="module")
def typed(seen: dict[str, Any]) -> dict[str, Any]:
    """Captions edited with the keyboard alone; nodes drawn the newer way."""
    return dict(seen["keys"])


@pytest.fixture(scope="module")
def stored(seen: dict[str, Any]) -> dict[str, Any]:
    """Captions that are in the editor, in text files and in a saved workflow."""
    return dict(seen["files"])


def test_editor_opens_with_the_captions_of_the_node(edited: dict[str, Any]) -> None:
    assert len(edited["before"]) >= SHOWN
    assert edited["before"][0].startswith("Cartoon style. alva, a woman with teal hair")


def test_caption_typed_in_place_is_by_hand_and_counted(edited: dict[str, Any]) -> None:
    assert edited["byHand"] == {"origin": "by hand", "bars": 2}


def test_revert_brings_the_filled_caption_back_and_undo_the_typed_one(
    edited: dict[str, Any],
) -> None:
    assert edited["reverted"] == edited["before"][0]
    assert edited["undone"] == "alva, a woman, written by hand"


def test_field_of_the_crop_beats_that_of_its_picture_and_of_the_set(
    edited: dict[str, Any],
) -> None:
    seen = edited["fields"]["seen"]
    assert [source for _, source in seen.values()] == ["whole set", "this picture", "this crop"]
    for (caption, _), pose in zip(seen.values(), ("jumping", "sitting", "running"), strict=True):
        assert caption == edited["before"][1].replace("standing", pose)
    assert edited["fields"]["cleared"] == edited["before"][1].replace("standing", "sitting")


def test_field_of_the_whole_set_is_written_to_the_node(edited: dict[str, Any]) -> None:
    assert edited["pose"] == "jumping"


def test_replacement_is_previewed_done_and_undone_in_one_step(edited: dict[str, Any]) -> None:
    replaced = edited["replaced"]
    assert replaced["count"] == "23 hits in 23 captions"
    assert "purple dressred dress" in replaced["preview"]
    assert replaced["marked"] == "purple dress"
    wanted = [text.replace("purple dress", "red dress") for text in replaced["undone"]]
    assert "red dress" in wanted[1]
    assert replaced["after"][:SHOWN] == wanted[:SHOWN]
    assert replaced["redone"][:SHOWN] == wanted[:SHOWN]


def test_words_are_added_to_what_is_selected_and_to_nothing_else(edited: dict[str, Any]) -> None:
    selected = edited["selected"]
    assert selected["title"] == "2 captions selected"
    assert [place for place, is_added in enumerate(selected["added"]) if is_added] == [1, 3]
    assert selected["shots"]
    assert all("/headshot/" in crop for crop in selected["shots"])


def test_what_clip_does_not_read_is_marked_in_the_caption(edited: dict[str, Any]) -> None:
    # 90 words and "end" are 91 tokens; 75 are read.
    assert edited["count"] == "CLIP-L: 91 of 75 tokens; 16 are not read"
    assert edited["beyond"] == "word " * 15 + "end"


def test_warning_is_shown_and_every_one_of_its_kind_mended(edited: dict[str, Any]) -> None:
    assert "'horns'" in edited["mended"]["warning"][0]
    assert edited["mended"]["after"] == ["alva, a woman with teal hair, standing."] * 2


def test_widget_holds_only_what_was_edited(edited: dict[str, Any]) -> None:
    stored = json.loads(edited["stored"])
    assert list(stored["pictures"].values()) == [
        {"fields": {"pose": "sitting"}, "name": "alva_behind.png"}
    ]
    texts = [entry["text"] for entry in stored["crops"].values()]
    assert len(texts) < 24
    assert {"alva, a woman with teal hair, standing."} < set(texts)


def test_node_gives_exactly_the_captions_of_the_editor(edited: dict[str, Any]) -> None:
    report, last = edited["report"], edited["last"]
    start = report.index("") + 1
    assert report[start : start + SHOWN] == last[:SHOWN]
    assert edited["reopened"][:SHOWN] == last[:SHOWN]


def test_reverting_all_empties_the_widget(edited: dict[str, Any]) -> None:
    wanted = [text.replace("standing", "jumping") for text in edited["before"]]
    assert edited["afterAll"][:SHOWN] == wanted[:SHOWN]
    assert edited["emptied"] == ""


def test_page_complains_about_nothing_while_captions_are_edited(edited: dict[str, Any]) -> None:
    assert edited["errors"] == []


def test_arrow_keys_lead_from_card_to_card(typed: dict[str, Any]) -> None:
    # Three cards stand in a row.
    assert typed["places"] == ["1", "2", "5", "4", "1"]


def test_captions_are_written_one_after_the_other_without_a_mouse(typed: dict[str, Any]) -> None:
    assert typed["typed"][:2] == ["alva, typed", "alva, next"]
    assert typed["typed"][2].startswith("Cartoon style.")
    stored = json.loads(typed["stored"])
    assert [entry["text"] for entry in stored["crops"].values()] == ["alva, typed", "alva, next"]


def test_selection_revert_and_undo_work_without_a_mouse(typed: dict[str, Any]) -> None:
    assert typed["ranged"] == 3
    assert typed["all"] == "24 captions selected."
    assert all(text.startswith("Cartoon style.") for text in typed["reverted"])
    assert typed["undone"] == ["alva, typed", "alva, next"]


def test_keys_are_listed_and_lead_to_what_is_found(typed: dict[str, Any]) -> None:
    assert "undo and redo" in typed["list"]
    assert typed["found"] == "1"


def test_undo_in_the_editor_leaves_the_graph_alone(typed: dict[str, Any]) -> None:
    assert typed["kept"] == typed["nodes"]


def test_page_complains_about_nothing_in_newer_nodes(typed: dict[str, Any]) -> None:
    assert typed["errors"] == []


def test_editor_says_how_to_get_token_counts_without_a_clip(stored: dict[str, Any]) -> None:
    assert stored["bars"] == 0
    assert stored["notice"].startswith("Connect a CLIP to the node")


def test_changed_text_file_and_editor_are_shown_side_by_side(stored: dict[str, Any]) -> None:
    assert stored["first"] == {"sides": ["alva, mine", "alva, theirs"], "marks": ["mine", "theirs"]}
    assert stored["second"]["sides"] == ["alva, mine", "alva, theirs again"]


def test_either_side_of_a_conflict_can_be_taken(stored: dict[str, Any]) -> None:
    assert stored["kept"] == {"caption": "alva, mine", "origin": "by hand"}
    assert stored["taken"] == {"caption": "alva, theirs again", "origin": ".txt file"}


def test_server_that_forgot_the_captions_costs_no_typing(stored: dict[str, Any]) -> None:
    assert stored["again"]["caption"] == "alva, kept for ever"
    assert stored["again"]["count"] >= 2


def test_caption_follows_a_picture_that_was_renamed_and_moved(stored: dict[str, Any]) -> None:
    assert stored["after"] == {"caption": "alva, kept for ever", "name": "renamed.png"}


def test_damaged_text_is_kept_until_the_user_begins_anew(stored: dict[str, Any]) -> None:
    damaged = stored["damaged"]
    assert "not valid JSON" in damaged["text"]
    assert damaged["kept"] == '{"version": 1, "crops"'
    assert damaged["after"] == ""


def test_page_complains_only_about_the_forgotten_captions(stored: dict[str, Any]) -> None:
    assert len(stored["errors"]) == 1
    assert stored["errors"][0].startswith("request: 404 /api/hunyuan_lora/caption_sheets/")


def test_two_thousand_captions_have_a_few_cards_in_the_page(seen: dict[str, Any]) -> None:
    many = seen["many"]
    assert all(9 <= count <= 40 for count in many["counts"])
    assert many["last"].startswith("Caption 1999 of many.")
    # 17 ms a frame on a quiet machine, ten times that under load; all cards would take seconds.
    assert many["frames"]["median"] < 500
    assert many["errors"] == []
