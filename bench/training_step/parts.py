"""Where a step's time goes, from torch.profiler."""

from __future__ import annotations

from typing import Any

from torch.profiler import ProfilerActivity, profile

from .case import RANK

PARTS = (
    "linear_forward",
    "linear_gradient",
    "lora",
    "attention_forward",
    "attention_backward",
    "elementwise",
    "copies",
    "optimizer",
    "python",
)
_PRODUCTS = {"aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm", "aten::baddbmm"}
_COPIES = {"aten::copy_", "aten::cat", "aten::clone", "aten::_to_copy", "aten::contiguous"}
_ATTENTION = "aten::_scaled_dot_product"
# Where attention goes through matrix products, they and the softmax lie in the function's range.
_ATTENTION_RANGES = {
    "attention_forward": "_JointAttention",
    "attention_backward": "_JointAttentionBackward",
}


class PartsRecorder:
    """Seconds of one step by part; every moment of the step belongs to one part.

    The step marks its ranges "forward" and "backward" with `record_function`. "python" is the time
    in these ranges and in autograd's own nodes outside of any operation of torch.
    """

    def __init__(self) -> None:
        """Nothing is recorded before `start`."""
        self._profile = profile(activities=[ProfilerActivity.CPU], record_shapes=True)

    def start(self) -> None:
        """Start recording."""
        self._profile.start()

    def stop(self) -> dict[str, float]:
        """Stop, and add up the operations' own seconds by part."""
        self._profile.stop()
        events: Any = self._profile.events() or []
        backward = [e.time_range for e in events if e.name == "backward"]
        optimizer = [e.time_range for e in events if e.name.startswith("Optimizer.step")]
        attention = {
            part: [e.time_range for e in events if e.name == name]
            for part, name in _ATTENTION_RANGES.items()
        }
        seconds = dict.fromkeys(PARTS, 0.0)
        for event in events:
            if _lies_in(event, optimizer):
                part = "optimizer"
            elif found := _attention_part(event, attention):
                part = found
            else:
                part = _part(event, is_backward=_lies_in(event, backward))
            seconds[part] += event.self_cpu_time_total / 1e6
        return seconds


def _lies_in(event: Any, ranges: list[Any]) -> bool:
    return any(r.start <= event.time_range.start and event.time_range.end <= r.end for r in ranges)


def _attention_part(event: Any, attention: dict[str, list[Any]]) -> str | None:
    """The part of a product or a softmax that attention is made of."""
    if event.name not in _PRODUCTS | {"aten::_softmax"}:
        return None
    return next((part for part, ranges in attention.items() if _lies_in(event, ranges)), None)


def _part(event: Any, *, is_backward: bool) -> str:
    name: str = event.name
    if name.startswith(_ATTENTION):
        return "attention_backward" if name.endswith("_backward") else "attention_forward"
    if name in _PRODUCTS:
        shapes = [shape for shape in event.input_shapes if len(shape) > 1]
        if any(RANK in shape for shape in shapes):
            return "lora"
        return "linear_gradient" if is_backward else "linear_forward"
    if name in _COPIES:
        return "copies"
    return "elementwise" if name.startswith("aten::") else "python"
