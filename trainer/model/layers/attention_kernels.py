"""Attention forward and backward as two calls, so that queries and keys need not be kept.

Autograd's scaled_dot_product_attention stores the very queries, keys and values that it was given.
Here they are made again in backward, and the kernel's own backward is called with its own output
and log-sum-exp. Letters: K heads, L tokens, C channels a head; all tensors are [1, K, L, C].
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.attention import SDPBackend

Gradients = tuple[Tensor, Tensor, Tensor]
Forward = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, tuple[Tensor, ...]]]
Backward = Callable[..., Gradients]


@dataclass(frozen=True, slots=True)
class AttentionKernel:
    """One way to compute attention."""

    forward: Forward
    """(query, key, value) -> output and the residue that backward needs beside it: tensors."""
    backward: Backward
    """(gradient, query, key, value, output, *residue) -> gradients of query, key and value."""


def choose_kernel(query: Tensor, key: Tensor, value: Tensor) -> AttentionKernel:
    """The fastest kernel with a backward that torch has for tensors like these.

    Whatever attention ComfyUI itself runs with is not looked at: some kernels have no backward.
    """
    if query.device.type == "cpu":
        is_long = query.shape[2] >= _FEWEST_FOR_PRODUCTS
        # A plan follows shapes on the CPU in place of a card, which has a kernel of its own.
        is_planned = isinstance(query, FakeTensor)
        if is_long and query.dtype == torch.bfloat16 and not is_planned:
            return _PRODUCTS
        return _CPU_FLASH
    if query.device.type == "cuda":
        chosen = SDPBackend(torch._fused_sdp_choice(query, key, value))
        if chosen in _CUDA and _works(chosen, query.device, query.dtype):
            return _CUDA[chosen]
    return _REPEATED


@functools.cache
def _works(backend: SDPBackend, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether the two halves give what autograd gives here; they are no public functions."""
    generator = torch.Generator().manual_seed(0)
    query, key, value, grad = (
        torch.randn(1, 2, 8, 128, generator=generator).to(device, dtype) for _ in range(4)
    )
    try:
        output, residue = _CUDA[backend].forward(query, key, value)
        found = _CUDA[backend].backward(grad, query, key, value, output, *residue)
    except (RuntimeError, TypeError, ValueError):
        return False
    wanted = _repeated_backward(grad, query, key, value, output)
    return all(
        torch.allclose(a, b, rtol=0.05, atol=0.05) for a, b in zip(found, wanted, strict=True)
    )


_aten: Any = torch.ops.aten


def _cpu_forward(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    output, logsumexp = _aten._scaled_dot_product_flash_attention_for_cpu(query, key, value)
    return output, (logsumexp,)


def _cpu_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, output: Tensor, logsumexp: Tensor
) -> Gradients:
    found: Gradients = _aten._scaled_dot_product_flash_attention_for_cpu_backward(
        grad, query, key, value, output, logsumexp, 0.0, False
    )
    return found


_ROWS_AT_A_TIME = 256
"""Queries whose scores over all keys are held at once: what stays in a core's cache."""
_FEWEST_FOR_PRODUCTS = 512
"""Tokens from which on products are faster, forward and backward together (bench/attention.py)."""


def _products_forward(
    query: Tensor, key: Tensor, value: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Attention by matrix products over some queries of one head at a time.

    In bfloat16 this is faster than torch's own attention kernel, which widens to float32 first;
    scores are rounded to bfloat16 before the softmax, as ComfyUI's own attention does on a CPU.
    Backward needs nothing but the output.
    """
    output = _tokens_first(query)
    for head in range(query.shape[1]):
        scaled = (query[0, head] * query.shape[-1] ** -0.5).contiguous()
        keys, values = key[0, head].contiguous().T, value[0, head].contiguous()
        for rows in _some_rows(scaled):
            output[0, head, rows] = torch.softmax(scaled[rows] @ keys, -1) @ values
    return output, ()


def _products_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, output: Tensor
) -> Gradients:
    """The gradients, with the softmax made again.

    Source: Dao et al. 2022, "FlashAttention", appendix B.2: dS = P * (dP - rowsum(dO * O)).
    """
    found = (_tokens_first(query), _tokens_first(key), _tokens_first(value))
    scale = query.shape[-1] ** -0.5
    shared = torch.linalg.vecdot(grad.float(), output.float()).to(grad.dtype)[0, :, :, None]
    for head in range(query.shape[1]):
        scaled = (query[0, head] * scale).contiguous()
        keys, values = key[0, head].contiguous(), value[0, head].contiguous()
        grads, scaled_keys = grad[0, head].contiguous(), keys * scale
        # Sums over all queries: in bfloat16 each of them would round what was there before.
        key_sum = torch.zeros_like(keys, dtype=torch.float32)
        value_sum = torch.zeros_like(key_sum)
        for rows in _some_rows(scaled):
            shares = torch.softmax(scaled[rows] @ keys.T, -1)
            value_sum += shares.T @ grads[rows]
            pull = (grads[rows] @ values.T).sub_(shared[head, rows]).mul_(shares)
            found[0][0, head, rows] = pull @ scaled_keys
            key_sum += pull.T @ scaled[rows]
        found[1][0, head], found[2][0, head] = key_sum, value_sum
    return found


def _tokens_first(like: Tensor) -> Tensor:
    """An empty [1, K, L, C] whose memory is [1, L, K, C], as the other kernels make it."""
    return torch.empty_like(like.transpose(1, 2), memory_format=torch.contiguous_format).transpose(
        1, 2
    )


def _some_rows(x: Tensor) -> Iterator[slice]:
    for first in range(0, len(x), _ROWS_AT_A_TIME):
        yield slice(first, first + _ROWS_AT_A_TIME)


def _flash_forward(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    made = _aten._scaled_dot_product_flash_attention(query, key, value)
    output, logsumexp, _, _, _, _, seed, offset, _ = made
    return output, (logsumexp, seed, offset)


def _flash_backward(
    grad: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    output: Tensor,
    logsumexp: Tensor,
    seed: Tensor,
    offset: Tensor,
) -> Gradients:
    found: Gradients = _aten._scaled_dot_product_flash_attention_backward(
        grad, query, key, value, output, logsumexp, None, None, query.shape[2], key.shape[2],
        0.0, False, seed, offset,
    )  # fmt: skip
    return found


def _efficient_forward(
    query: Tensor, key: Tensor, value: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    made = _aten._scaled_dot_product_efficient_attention(query, key, value, None, True)
    output, logsumexp, seed, offset = made
    return output, (logsumexp, seed, offset)


def _efficient_backward(
    grad: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    output: Tensor,
    logsumexp: Tensor,
    seed: Tensor,
    offset: Tensor,
) -> Gradients:
    found = _aten._scaled_dot_product_efficient_attention_backward(
        grad, query, key, value, None, output, logsumexp, seed, offset, 0.0,
        [True, True, True, False],
    )  # fmt: skip
    return found[0], found[1], found[2]


def _repeated_forward(
    query: Tensor, key: Tensor, value: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    return F.scaled_dot_product_attention(query, key, value), ()


def _repeated_backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, output: Tensor
) -> Gradients:
    """Attention once more with a graph: for devices whose kernels cannot be called in halves."""
    del output
    leaves = [tensor.detach().requires_grad_() for tensor in (query, key, value)]
    with torch.enable_grad():
        again = F.scaled_dot_product_attention(leaves[0], leaves[1], leaves[2])
    found = torch.autograd.grad(again, leaves, grad)
    return found[0], found[1], found[2]


_CPU_FLASH = AttentionKernel(_cpu_forward, _cpu_backward)
_PRODUCTS = AttentionKernel(_products_forward, _products_backward)
_REPEATED = AttentionKernel(_repeated_forward, _repeated_backward)
_CUDA = {
    SDPBackend.FLASH_ATTENTION: AttentionKernel(_flash_forward, _flash_backward),
    SDPBackend.EFFICIENT_ATTENTION: AttentionKernel(_efficient_forward, _efficient_backward),
}
REPEATED_KERNEL = _REPEATED
"""Works everywhere, at the price of one more attention forward."""
