"""What one block costs in memory and work, from the real forward and backward run on shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from ..model.activation_policy import ActivationPolicy
from ..model.architecture import HunyuanVideoConfig, expected_shapes
from ..model.hunyuan_video import HunyuanVideo, ModelInput
from ..model.lora import LoraNetwork
from .tracing import Stretch, Tracer
from .workload import Workload

_BLOCK = re.compile(r"(double_blocks|single_blocks)\.(\d+)\.")
_FINAL, _HEAD = "final_layer", "head"
# The first and the last block of a kind have other neighbours; the one between is typical.
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """One block, either whole or checkpointed; bytes and floating-point operations."""

    kept: int
    """Stored between forward and backward."""
    forward_extra: int
    """Above what was stored before, while the block runs forward."""
    backward_extra: int
    """Above what was stored up to and with this block, while it runs backward."""
    linear_flop: int
    """Matrix products of forward and backward together."""
    attention_flop: int


@dataclass(frozen=True, slots=True)
class KindCosts:
    """Blocks of one kind, kept whole or checkpointed."""

    whole: Cost
    checkpointed: Cost
    input_bytes: int
    """The part of a checkpointed block's memory that can wait in main memory."""


@dataclass(frozen=True, slots=True)
class StepCosts:
    """Everything that the memory of a step is put together from."""

    double: KindCosts
    single: KindCosts
    head_kept: int
    """Stored before the first block."""
    head_peak: int
    """Most bytes alive before the first block."""
    joint_kept: int
    """Stored between the last double and the first single block."""
    final_extra: int
    """Above what all blocks have stored, in the final layer and the loss."""
    other_flop: int
    """Operations outside of the blocks."""


class ShapeSource:
    """A weight source that has shapes only, and tells a tracer which part of the model runs."""

    def __init__(self, config: HunyuanVideoConfig, *, dense_copies: int) -> None:
        """For a model of these sizes.

        Args:
            config: Sizes.
            dense_copies: Copies of a weight in the compute dtype that exist for a moment when it
                is asked for: 0 where it lies there in that dtype, 1 for a cast, 2 for unpacking.
        """
        self.shapes: Mapping[str, tuple[int, ...]] = expected_shapes(config)
        self.tracer: Tracer | None = None
        self._copies = dense_copies
        self._lying: dict[str, Tensor] = {}

    def lay_out(self, dtype: torch.dtype) -> list[Tensor]:
        """The weights that lie ready; the vectors always do."""
        for name, shape in self.shapes.items():
            if self._copies == 0 or len(shape) < 2:
                self._lying[name] = torch.empty(shape, dtype=dtype)
        return list(self._lying.values())

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        """A weight without numbers."""
        if self.tracer is not None:
            self.tracer.enter(_part_of(name))
        if name in self._lying:
            return self._lying[name]
        first = torch.empty(self.shapes[name], dtype=dtype, device=device)
        return first if self._copies == 1 else torch.empty_like(first)


def measure_costs(workload: Workload, *, dense_copies: int, attention_chunks: int = 1) -> StepCosts:
    """Run a short model of the same widths on shapes, forward and backward, and take it apart.

    Args:
        workload: The step.
        dense_copies: See ShapeSource.
        attention_chunks: Groups of heads, see ActivationPolicy.
    """
    short = _shortened(workload)
    blocks = short.config.blocks
    policy = ActivationPolicy(attention_chunks=attention_chunks)
    whole = _trace(short, policy, dense_copies)
    again = _trace(short, replace(policy, checkpoint_blocks=frozenset(range(blocks))), dense_copies)
    both = {"whole": _Reading(short, whole), "checkpointed": _Reading(short, again)}
    kinds = {
        kind: KindCosts(
            **{name: reading.cost(kind) for name, reading in both.items()},
            input_bytes=_input_bytes(workload),
        )
        for kind in ("double_blocks", "single_blocks")
    }
    reading = both["whole"]
    head = reading.forward["double_blocks.0"].live_before
    return StepCosts(
        double=kinds["double_blocks"],
        single=kinds["single_blocks"],
        head_kept=head,
        head_peak=reading.forward[_HEAD].peak,
        joint_kept=reading.joint_kept,
        final_extra=max(r.forward[_FINAL].extra for r in both.values()),
        other_flop=sum(
            s.linear_flop + s.attention_flop for s in whole if not _BLOCK.match(f"{s.name}.")
        ),
    )


def trace_step(workload: Workload, policy: ActivationPolicy, *, dense_copies: int) -> int:
    """Peak bytes of a whole forward and backward pass above weights, LoRA, state and inputs.

    Args:
        workload: The step, at its full depth: takes seconds for the released model.
        policy: What is kept and what is computed again; inputs in main memory count as kept.
        dense_copies: See ShapeSource.
    """
    return max(stretch.peak for stretch in _trace(workload, policy, dense_copies))


def _input_bytes(workload: Workload) -> int:
    return workload.tokens * workload.config.hidden_size * workload.compute_dtype.itemsize


def _shortened(workload: Workload) -> Workload:
    config = replace(
        workload.config,
        double_blocks=min(_SHORT, workload.config.double_blocks),
        single_blocks=min(_SHORT, workload.config.single_blocks),
    )
    names = expected_shapes(config)
    targets = tuple(t for t in workload.targets if f"{t.name}.weight" in names)
    return replace(workload, config=config, targets=targets or workload.targets[:1])


def _part_of(name: str) -> str:
    block = _BLOCK.match(name)
    if block:
        return f"{block.group(1)}.{block.group(2)}"
    return _FINAL if name.startswith(_FINAL) else _HEAD


def _trace(workload: Workload, policy: ActivationPolicy, dense_copies: int) -> list[Stretch]:
    """Forward and backward on shapes, by parts of the model in the order they came."""
    with torch.inference_mode(False), torch.enable_grad(), FakeTensorMode():
        source = ShapeSource(workload.config, dense_copies=dense_copies)
        lying = source.lay_out(workload.compute_dtype)
        dtype = torch.float32 if workload.lora.dtype == "fp32" else torch.bfloat16
        network = LoraNetwork(list(workload.targets), workload.rank, 1.0, dtype=dtype)
        inputs = [_empty_input(workload, index) for index in range(len(workload.batch))]
        known = [*lying, *network.parameters()]
        known += [x for sample in inputs for x in (sample.noisy_latents, sample.text)]
        model = HunyuanVideo(workload.config, source, workload.compute_dtype, "cpu", policy)
        with Tracer(known) as tracer:
            source.tracer = tracer
            tracer.enter(_HEAD)
            velocities = model.velocities(inputs, network)
            losses = [velocity.square().mean() for velocity in velocities]
            torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        stretches: list[Stretch] = tracer.stretches[1:]
        return stretches


def _empty_input(workload: Workload, index: int) -> ModelInput:
    config, shape = workload.config, workload.batch[index]
    return ModelInput(
        torch.empty(
            config.in_channels, shape.latent_frames, shape.latent_height, shape.latent_width
        ),
        torch.empty(()),
        torch.empty(shape.text_tokens, config.text_width),
        None if config.pooled_width is None else torch.empty(config.pooled_width),
        torch.empty(()) if config.has_guidance else None,
    )


class _Reading:
    """One traced run of a short model, taken apart by blocks."""

    def __init__(self, workload: Workload, stretches: list[Stretch]) -> None:
        self._workload = workload
        turn = next(i for i, s in enumerate(stretches) if s.name == _FINAL)
        self.forward = {s.name: s for s in stretches[: turn + 1]}
        self.backward = {s.name: s for s in stretches[turn + 1 :]}
        self._order = [name for name in self.forward if name not in (_HEAD, _FINAL)]

    def _entered(self, position: int) -> int:
        """Bytes alive on entering the block at this position, or the final layer behind all."""
        name = self._order[position] if position < len(self._order) else _FINAL
        return self.forward[name].live_before

    def _typical(self, kind: str) -> int:
        positions = [i for i, name in enumerate(self._order) if name.startswith(kind)]
        return positions[min(1, len(positions) - 1)]

    def _kept(self, kind: str) -> int:
        position = self._typical(kind)
        return self._entered(position + 1) - self._entered(position)

    @property
    def joint_kept(self) -> int:
        """What joining image and text rows stores."""
        first = next(i for i, n in enumerate(self._order) if n.startswith("single_blocks"))
        last_double = self._entered(first) - self._entered(first - 1)
        return last_double - self._kept("double_blocks")

    def cost(self, kind: str) -> Cost:
        """The typical block of a kind."""
        position = self._typical(kind)
        name = self._order[position]
        ahead, back = self.forward[name], self.backward[name]
        later = self._workload.parameters_by_block()[position + 1 :]
        gradients = sum(later) * self._workload.lora_bytes
        return Cost(
            kept=self._kept(kind),
            forward_extra=ahead.extra,
            backward_extra=back.peak - self._entered(position + 1) - gradients,
            linear_flop=ahead.linear_flop + back.linear_flop,
            attention_flop=ahead.attention_flop + back.attention_flop,
        )
