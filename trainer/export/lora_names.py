"""Names of LoRA tensors in files: from ComfyUI's module names to each scheme in use, and back.

Module names are ComfyUI's: "double_blocks.0.img_attn.qkv", "double_blocks.0.img_mlp.0",
"single_blocks.3.linear1". In the original HunyuanVideo code, which other trainers use, the same
layers are called "double_blocks.0.img_attn_qkv" and "double_blocks.0.img_mlp.fc1".
"""

from __future__ import annotations

import re

# ComfyUI's name of a layer to the original code's name, both as patterns with the same groups.
_TO_ORIGINAL = (
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_attn)\.(qkv|proj)$"), r"\1_\2"),
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_mlp)\.0$"), r"\1.fc1"),
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_mlp)\.2$"), r"\1.fc2"),
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_mod)\.lin$"), r"\1.linear"),
    (re.compile(r"^(single_blocks\.\d+\.modulation)\.lin$"), r"\1.linear"),
)
_FROM_ORIGINAL = (
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_attn)_(qkv|proj)$"), r"\1.\2"),
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_mlp)\.fc1$"), r"\1.0"),
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_mlp)\.fc2$"), r"\1.2"),
    (re.compile(r"^(double_blocks\.\d+\.(?:img|txt)_mod)\.linear$"), r"\1.lin"),
    (re.compile(r"^(single_blocks\.\d+\.modulation)\.linear$"), r"\1.lin"),
)
_FLAT_DOUBLE = re.compile(r"^double_blocks_(\d+)_(img|txt)_(attn|mlp|mod)_(\w+)$")
_FLAT_SINGLE = re.compile(
    r"^single_blocks_(\d+)_(linear1|linear2|modulation_lin|modulation_linear)$"
)
_FLAT_LAST = {
    "attn": {"qkv": "qkv", "proj": "proj"},
    "mlp": {"0": "0", "2": "2", "fc1": "0", "fc2": "2"},
    "mod": {"lin": "lin", "linear": "lin"},
}


def to_original(name: str) -> str:
    """The original code's name of a layer; unchanged where both are equal."""
    for pattern, replacement in _TO_ORIGINAL:
        if pattern.match(name):
            return pattern.sub(replacement, name)
    return name


def from_original(name: str) -> str:
    """ComfyUI's name of a layer from either name; unchanged where both are equal."""
    for pattern, replacement in _FROM_ORIGINAL:
        if pattern.match(name):
            return pattern.sub(replacement, name)
    return name


def flatten(name: str) -> str:
    """A name as kohya-style files write it: dots become underscores."""
    return name.replace(".", "_")


def unflatten(flat: str) -> str | None:
    """ComfyUI's module name from a flattened name of either tree; None when it is not known."""
    if match := _FLAT_DOUBLE.match(flat):
        number, stream, part, last = match.groups()
        known = _FLAT_LAST[part].get(last)
        return None if known is None else f"double_blocks.{number}.{stream}_{part}.{known}"
    if match := _FLAT_SINGLE.match(flat):
        number, last = match.groups()
        return f"single_blocks.{number}.{last if last[-1].isdigit() else 'modulation.lin'}"
    return None
