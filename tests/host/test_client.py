"""The client of the tests and the demo, against the real server and ComfyUI's own nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dev.comfyui.api import PromptRefusedError
from dev.layout import PACK_NAME
from tests.host.server import HostServer


def _picture(color: int) -> dict[str, dict[str, object]]:
    """A prompt that makes and shows a picture of one colour."""
    empty = {"width": 24, "height": 16, "batch_size": 1, "color": color}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }


def test_queue_follows_a_prompt_to_its_end(server: HostServer, tmp_path: Path) -> None:
    result = server.queue(_picture(0x3366CC))
    assert result.error is None
    assert result.types[-1] == "executing"
    assert "execution_success" in result.types
    picture = tmp_path / "shown.png"
    picture.write_bytes(server.client.view(result.outputs["2"]["images"][0]))
    with Image.open(picture) as image:
        assert image.size == (24, 16)
        assert image.convert("RGB").getpixel((0, 0)) == (0x33, 0x66, 0xCC)


def test_queue_of_a_bad_prompt_names_node_and_input(server: HostServer) -> None:
    prompt = _picture(1)
    prompt["1"]["inputs"] = {"width": "wide", "height": 16, "batch_size": 1, "color": 1}
    with pytest.raises(PromptRefusedError, match=r"EmptyImage \(node 1\).*width"):
        server.queue(prompt)


def test_queue_of_a_failing_node_gives_its_error(server: HostServer) -> None:
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "broken.png"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    (server.base / "input" / "broken.png").write_bytes(b"no picture")
    result = server.queue(prompt)
    assert result.error is not None
    assert result.error["node_type"] == "LoadImage"


def test_upload_arrives_in_the_input_folder(server: HostServer, tmp_path: Path) -> None:
    picture = tmp_path / "small.png"
    Image.new("RGB", (3, 2), (9, 8, 7)).save(picture)
    told = server.upload(picture, "from_test")
    arrived = server.base / "input" / told["subfolder"] / told["name"]
    assert arrived.read_bytes() == picture.read_bytes()


def test_server_serves_the_pack_from_a_base_of_its_own(server: HostServer) -> None:
    assert (server.base / "custom_nodes" / PACK_NAME / "nodes").is_dir()
    assert any(f"/{PACK_NAME}/" in path for path in server.client.get("/extensions"))
