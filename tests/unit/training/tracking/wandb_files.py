"""Reads the files that wandb writes offline, with wandb's own message classes.

wandb's Python reader is gone since 0.31 (its Go program reads them now). The file is a LevelDB log
of protobuf records behind a header of 7 bytes; own code after the format's public description.

Source: https://github.com/google/leveldb/blob/main/doc/log_format.md
"""

from __future__ import annotations

import importlib
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

_BLOCK = 32768
_WHOLE, _FIRST, _LAST = 1, 2, 4


def wandb_files(run_folder: Path) -> list[Path]:
    """The files of a run, oldest first; wandb names their folders after the time."""
    files = (run_folder / "trackers" / "wandb").rglob("*.wandb")
    return sorted(files, key=lambda path: path.stat().st_mtime_ns)


def read_wandb(path: Path) -> list[dict[str, Any]]:
    """All records of a file."""
    # Late: the runs under test must find wandb not yet imported, as they do in ComfyUI.
    messages = importlib.import_module("wandb.proto.wandb_internal_pb2")
    records = []
    for data in _messages(path.read_bytes()):
        record = messages.Record()
        record.ParseFromString(data)
        records.append(MessageToDict(record, preserving_proto_field_name=True))
    return records


def history_of(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The logged rows, by column name."""
    return [
        {
            item.get("key") or ".".join(item["nested_key"]): json.loads(item["value_json"])
            for item in record["history"]["item"]
        }
        for record in records
        if "history" in record
    ]


def _messages(content: bytes) -> Iterator[bytes]:
    assert content[:4] == b":W&B"
    place, parts = 7, b""
    while place + 7 <= len(content):
        if _BLOCK - place % _BLOCK < 7:  # too short for a header: filled with zeros
            place += _BLOCK - place % _BLOCK
            continue
        checksum, length, kind = struct.unpack_from("<IHB", content, place)
        data = content[place + 7 : place + 7 + length]
        assert checksum == zlib.crc32(data, zlib.crc32(bytes([kind])))
        place += 7 + length
        parts = data if kind in (_WHOLE, _FIRST) else parts + data
        if kind in (_WHOLE, _LAST):
            yield parts
