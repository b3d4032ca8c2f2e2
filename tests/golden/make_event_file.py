"""Writes events.out.tfevents.sample with TensorBoard's own writer: `python make_event_file.py`.

Needs `pip install tensorboard` (2.21 made the file beside this); the tests do not.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

TARGET = Path(__file__).with_name("events.out.tfevents.sample")
STARTED = 1.7e9
Value, Tensor = summary_pb2.Summary.Value, tensor_pb2.TensorProto


def values(step: int) -> list[Value]:
    """What one step logs: losses, and every fourth step numbers and a text as tensors."""
    logged = [
        Value(tag="loss/current", simple_value=0.25 - 0.01 * step),
        Value(tag="loss/average", simple_value=0.25 - 0.005 * step),
    ]
    if step % 4 == 0:
        single = Tensor(dtype=types_pb2.DT_FLOAT, float_val=[0.3 - 0.02 * step])
        double = Tensor(dtype=types_pb2.DT_DOUBLE, tensor_content=struct.pack("<d", 1e-4))
        text = Tensor(dtype=types_pb2.DT_STRING, string_val=[b"text"])
        logged += [
            Value(tag="validation/loss", tensor=single),
            Value(tag="lr", tensor=double),
            Value(tag="note", tensor=text),
        ]
    return logged


def write() -> None:
    """Write the file."""
    with TARGET.open("wb") as stream:
        writer = RecordWriter(stream)
        first = event_pb2.Event(wall_time=STARTED, file_version="brain.Event:2")
        writer.write(first.SerializeToString())
        steps = [(step, values(step)) for step in range(1, 13)]
        steps.append((13, [Value(tag="loss/current", simple_value=float("nan"))]))
        for step, logged in steps:
            summary = summary_pb2.Summary(value=logged)
            event = event_pb2.Event(wall_time=STARTED + step, step=step, summary=summary)
            writer.write(event.SerializeToString())


if __name__ == "__main__":
    write()
