"""bf16 attention on the CPU by matrix products against torch's own kernel, forward and backward.

`python -m bench.attention` prints the results without keeping them.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import torch

from bench.step import entry
from trainer.model.layers.attention_kernels import _CPU_FLASH, _PRODUCTS, AttentionKernel

TURNS = 30
TOKENS = (512, 1088, 3136)
HEADS, WIDTH = 4, 128
THREADS = 2

Entry = dict[str, Any]


def main() -> dict[str, Entry]:
    """Measure every length; results in the form of bench/results.json."""
    torch.set_num_threads(THREADS)
    results = {f"attention.bf16.{tokens}": measure(tokens, TURNS) for tokens in TOKENS}
    for name, found in results.items():
        print(f"  {name}: {found['value']} s, {found['ratio']}", flush=True)
    return results


def measure(tokens: int, turns: int) -> Entry:
    """Seconds of forward and backward together; both ways take turns."""
    generator = torch.Generator().manual_seed(5)
    operands = [
        torch.randn(1, tokens, HEADS, WIDTH, generator=generator).bfloat16().transpose(1, 2)
        for _ in range(4)
    ]
    kernels = {"products": _PRODUCTS, "torch": _CPU_FLASH}
    seconds: dict[str, list[float]] = {name: [] for name in kernels}
    for turn in range(turns + 1):
        for name, kernel in kernels.items():
            found = _seconds(kernel, operands)
            if turn > 0:  # the first one wakes threads and caches up
                seconds[name].append(found)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    setup = {"turns": turns, "threads": THREADS, "heads": HEADS, "torch": torch.__version__}
    return entry(medians.pop("products"), "s", medians, setup)


def _seconds(kernel: AttentionKernel, operands: list[torch.Tensor]) -> float:
    query, key, value, grad = operands
    started = time.perf_counter()
    output, residue = kernel.forward(query, key, value)
    kernel.backward(grad, query, key, value, output, *residue)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
