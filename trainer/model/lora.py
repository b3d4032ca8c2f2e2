"""The LoRA: which layers it adapts, its parameters, and what is stored of it.

For a linear y = W x + b of shape [O, I] the adapted layer gives W x + b + (alpha / R) up down x
with down [R, I] and up [O, R]. Source: Hu et al. 2021, "LoRA", section 4.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ..errors import ConfigError, ModelMismatchError, StateError
from .weights import sorted_names

_BLOCK_LINEAR = re.compile(r"(double|single)_blocks\.\d+\.(?!.*(_mod|modulation)\.lin$).+")
_ATTENTION_LINEAR = re.compile(r"double_blocks\.\d+\.(img|txt)_attn\.(qkv|proj)")


def _is_default(name: str) -> bool:
    return _BLOCK_LINEAR.fullmatch(name) is not None


PRESETS: Mapping[str, Callable[[str], bool]] = {
    "default": _is_default,
    "musubi": _is_default,
    "double": lambda name: name.startswith("double_blocks.") and _is_default(name),
    "single": lambda name: name.startswith("single_blocks.") and _is_default(name),
    "attention": lambda name: _ATTENTION_LINEAR.fullmatch(name) is not None,
}
"""Named choices of layers. "default" (also called "musubi") is every linear of the double and
single blocks except modulation, which is what musubi-tuner trains for this model: 8 a double block,
2 a single block. "attention" is the query/key/value and output linears of the double blocks; those
of the single blocks are fused with the MLP and cannot be chosen apart."""


@dataclass(frozen=True, slots=True)
class LoraTarget:
    """One linear layer to adapt: its ComfyUI module name and its widths."""

    name: str
    in_features: int
    out_features: int


@dataclass(frozen=True, slots=True)
class LoraPair:
    """The two matrices of one adapted layer: down [R, I], up [O, R], and scale = alpha / R."""

    down: nn.Parameter
    up: nn.Parameter
    scale: float


def select_targets(
    shapes: Mapping[str, tuple[int, ...]], preset: str = "default"
) -> list[LoraTarget]:
    """The layers to adapt, in natural order (block 2 before block 10).

    Args:
        shapes: Canonical weight names and shapes, as a WeightSource gives them.
        preset: A name in PRESETS, or regular expressions separated by commas, each searched for
            anywhere in the module name, such as "double_blocks.*attn, single_blocks.(0|1).".

    Raises:
        ConfigError: A pattern is not a regular expression, or matches no linear layer.
        ModelMismatchError: A preset finds no layer in this model.
    """
    linears = {
        name[: -len(".weight")]: shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) == 2
    }
    if preset in PRESETS:
        chosen = [name for name in linears if PRESETS[preset](name)]
        if not chosen:
            raise ModelMismatchError(
                f"The LoRA targets '{preset}' match no layer of this model. HunyuanVideo models "
                "have layers named 'double_blocks...' and 'single_blocks...': connect one."
            )
    else:
        chosen = _match_patterns(list(linears), preset)
    return [
        LoraTarget(name, in_features=linears[name][1], out_features=linears[name][0])
        for name in sorted_names(chosen)
    ]


def _match_patterns(names: list[str], text: str) -> list[str]:
    chosen: set[str] = set()
    patterns = [part.strip() for part in text.split(",") if part.strip()]
    for pattern in patterns or [text]:
        try:
            found = {name for name in names if re.search(pattern, name)} if pattern else set()
        except re.error as error:
            raise ConfigError(
                f"The LoRA targets contain '{pattern}', which is not a regular expression "
                f"({error}). Use one of {', '.join(PRESETS)}, or correct the pattern."
            ) from error
        if not found:
            example = names[0] if names else "double_blocks.0.img_attn.qkv"
            raise ConfigError(
                f"The LoRA targets '{pattern}' match no linear layer of this model. Use one of "
                f"{', '.join(PRESETS)}, or a pattern that fits names such as '{example}'."
            )
        chosen |= found
    return list(chosen)


class LoraNetwork:
    """The trainable parameters of a LoRA over a list of targets."""

    def __init__(
        self,
        targets: list[LoraTarget],
        rank: int,
        alpha: float,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Draw fresh parameters on the CPU: `down` uniform in +-1/sqrt(I), `up` zero.

        The draw is float32 and in target order, so that a seed gives the same bits everywhere.
        Source: kaiming_uniform with a = sqrt(5) (He et al. 2015), bound sqrt(6 / ((1 + a^2) I)).

        Raises:
            ConfigError: Rank, alpha or the list of targets is out of range.
        """
        if rank < 1:
            raise ConfigError(f"rank must be 1 or more, but is {rank}. 16 is a sound start.")
        if not (math.isfinite(alpha) and alpha > 0):
            raise ConfigError(
                f"alpha must be above 0, but is {alpha}. Set it to the rank for a scale of 1."
            )
        if not targets:
            raise ConfigError("The LoRA has no target layers. Choose at least one.")
        self.targets = tuple(targets)
        self.rank = rank
        self.alpha = float(alpha)
        self._pairs: dict[str, LoraPair] = {}
        generator = torch.Generator().manual_seed(seed)
        for target in self.targets:
            bound = 1.0 / math.sqrt(target.in_features)
            down = torch.empty(rank, target.in_features).uniform_(
                -bound, bound, generator=generator
            )
            up = torch.zeros(target.out_features, rank)
            self._pairs[target.name] = LoraPair(
                nn.Parameter(down.to(dtype)), nn.Parameter(up.to(dtype)), self.scale
            )

    @property
    def scale(self) -> float:
        """What the product up down x is multiplied by: alpha / rank."""
        return self.alpha / self.rank

    def to(self, device: torch.device | str) -> LoraNetwork:
        """Move the parameters to `device`; call it before the optimizer is made."""
        for pair in self._pairs.values():
            pair.down.data = pair.down.data.to(device)
            pair.up.data = pair.up.data.to(device)
        return self

    def pair(self, name: str) -> LoraPair | None:
        """The matrices of the layer `name`, None where it is not adapted."""
        return self._pairs.get(name)

    def parameters(self) -> list[nn.Parameter]:
        """All parameters in target order, down before up."""
        return [parameter for _, parameter in self.named_parameters()]

    def parameters_in(self, block: str) -> list[nn.Parameter]:
        """The parameters of layers inside the module `block`, in target order."""
        return [
            parameter
            for name, pair in self._pairs.items()
            if name.startswith(f"{block}.")
            for parameter in (pair.down, pair.up)
        ]

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """("<layer>.lora_down.weight" | "<layer>.lora_up.weight", parameter), in target order."""
        for name, pair in self._pairs.items():
            yield f"{name}.lora_down.weight", pair.down
            yield f"{name}.lora_up.weight", pair.up

    def delta(self, name: str, x: Tensor) -> Tensor:
        """What the LoRA adds to the layer `name` for `x` [..., I] -> [..., O], in x's dtype.

        Raises:
            KeyError: The layer is not a target.
        """
        pair = self._pairs[name]
        low = F.linear(x, pair.down.to(x.dtype))
        return F.linear(low, pair.up.to(x.dtype)) * pair.scale

    def state(self) -> dict[str, Tensor]:
        """A CPU copy: "<layer>.lora_down.weight" [R, I], ".lora_up.weight" [O, R], ".alpha"."""
        state: dict[str, Tensor] = {}
        for name, pair in self._pairs.items():
            state[f"{name}.lora_down.weight"] = pair.down.detach().to("cpu", copy=True)
            state[f"{name}.lora_up.weight"] = pair.up.detach().to("cpu", copy=True)
            state[f"{name}.alpha"] = torch.tensor(self.alpha, dtype=torch.float32)
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state()` gave; nothing changes if anything does not fit.

        Raises:
            StateError: Keys are missing or left over, or a shape or alpha differs.
        """
        self._check_state(state)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(state[name])

    def _check_state(self, state: Mapping[str, Tensor]) -> None:
        expected = {name: tuple(value.shape) for name, value in self.named_parameters()}
        expected |= {f"{name}.alpha": () for name in self._pairs}
        missing = [name for name in expected if name not in state]
        extra = [name for name in state if name not in expected]
        wrong = [
            f"{name} is {list(state[name].shape)} instead of {list(shape)}"
            for name, shape in expected.items()
            if name in state and tuple(state[name].shape) != shape
        ]
        wrong += [
            f"{name}.alpha is {float(state[f'{name}.alpha']):g} instead of {self.alpha:g}"
            for name in self._pairs
            if state.get(f"{name}.alpha", torch.zeros(1)).ndim == 0
            and not math.isclose(float(state[f"{name}.alpha"]), self.alpha, rel_tol=1e-6)
        ]
        faults = [
            f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
            for what, names in (
                ("tensors missing", missing),
                ("tensors too many", extra),
                ("do not fit", wrong),
            )
            if names
        ]
        if faults:
            raise StateError(
                f"The stored LoRA does not fit this network of rank {self.rank} on "
                f"{len(self.targets)} layers: {'; '.join(faults)}. "
                "Use the same targets, rank and alpha as when it was saved."
            )
