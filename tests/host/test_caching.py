"""Caching in a real ComfyUI: cancel keeps what is done, and only what changed is encoded."""

from __future__ import annotations

import threading
from typing import Any

from dev.comfyui.api import Event
from tests.host.graph import Prompt, inputs, node_id, short_prompt, shown
from tests.host.server import HostServer


def _caching_prompt(studio: HostServer, name: str, buckets: str) -> Prompt:
    prompt = short_prompt(studio, name, 2)
    inputs(prompt, "HunyuanLoraCropToBuckets")["buckets"] = buckets
    inputs(prompt, "HunyuanLoraBuildDataset")["name"] = name
    return {key: node for key, node in prompt.items() if node["class_type"] != "HunyuanLoraTrain"}


def _counts(result: Any, prompt: Prompt, kind: str) -> dict[str, int]:
    found: dict[str, int] = shown(result, prompt, kind)["cache"][0]
    return found


def test_cancelled_caching_keeps_what_is_done(studio: HostServer) -> None:
    # Sizes that no other test uses, large enough to take a while.
    prompt = _caching_prompt(studio, "cancelled_cache", "304x512, 320x320, 336x304")
    latents = node_id(prompt, "HunyuanLoraCacheLatents")

    def on_event(event: Event) -> None:
        is_bar = event.type == "progress" and str(event.data["node"]) == latents
        if is_bar and event.data["value"] == 2:
            threading.Thread(target=studio.interrupt).start()

    assert studio.queue(prompt, on_event).is_interrupted
    counts = _counts(studio.queue(prompt), prompt, "HunyuanLoraCacheLatents")
    assert counts["reused"] >= 2
    assert counts["encoded"] >= 1


def test_changed_caption_is_encoded_again_and_pictures_are_not(studio: HostServer) -> None:
    prompt = _caching_prompt(studio, "changed_caption", "96x160, 128x128")
    assert studio.queue(prompt).error is None
    inputs(prompt, "HunyuanLoraCaptionTemplate")["pose"] = "waving"
    result = studio.queue(prompt)
    pictures = _counts(result, prompt, "HunyuanLoraCacheLatents")
    captions = _counts(result, prompt, "HunyuanLoraCacheText")
    assert pictures["encoded"] == 0
    assert captions["encoded"] > 0
    # The empty caption, kept for caption dropout, is the same.
    assert captions["reused"] == 1
