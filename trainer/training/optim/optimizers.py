"""Making optimizers from settings, and their state as plain tensors and numbers."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ...config import OptimizerSettings
from ...errors import ConfigError, StateError
from .low_precision import LowPrecisionOptimizer, Rounding

STATE_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class OptimizerState:
    """An optimizer's state without pickle.

    tensors: "<parameter number>.<name>" to tensor.
    numbers: "state.<parameter number>.<name>" and "group.<group number>.<name>" to a number.
    """

    tensors: Mapping[str, torch.Tensor]
    numbers: Mapping[str, float | int | bool]


def make_optimizer(
    settings: OptimizerSettings, parameters: Iterable[torch.Tensor], seed: int = 0
) -> torch.optim.Optimizer:
    """The optimizer that the settings name, which calculates in float32 whatever it stores.

    Args:
        settings: The optimizer and its arguments.
        parameters: float32 or bfloat16.
        seed: The run's seed, for stochastic rounding.

    Raises:
        ConfigError: There is nothing to train, or the package of the optimizer is missing.
    """
    ready = list(parameters)
    if not ready:
        raise ConfigError(
            "There is nothing to train: no layer of the model matched 'lora.targets'. "
            "Choose another value for it; 'default' fits every HunyuanVideo model."
        )
    is_prodigy = settings.name == "prodigy"
    optimizer = _make_prodigy(settings, ready) if is_prodigy else _make_adamw(settings, ready)
    rounding = Rounding(STATE_DTYPES[settings.state_dtype], seed, in_pieces=not is_prodigy)
    if torch.bfloat16 not in {rounding.state_dtype, *(parameter.dtype for parameter in ready)}:
        return optimizer
    return LowPrecisionOptimizer(optimizer, rounding)


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Set the learning rate of every group."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def prodigy_d(optimizer: torch.optim.Optimizer) -> float | None:
    """Prodigy's present estimate of the learning rate; None for other optimizers."""
    d = optimizer.param_groups[0].get("d")
    return None if d is None else float(d)


def get_optimizer_state(optimizer: torch.optim.Optimizer) -> OptimizerState:
    """All that the optimizer has learned, as tensors and numbers."""
    content = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[str, float | int | bool] = {}
    for index, entries in content["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{index}.{name}"] = value.detach()
            elif _is_number(value):
                numbers[f"state.{index}.{name}"] = value
    for index, group in enumerate(content["param_groups"]):
        for name, value in group.items():
            # Infinite values are settings (no growth limit), which the new optimizer has too.
            if _is_number(value) and math.isfinite(value):
                numbers[f"group.{index}.{name}"] = value
    # In an order that does not tell whether the run was resumed: equal states, equal files.
    return OptimizerState(tensors, dict(sorted(numbers.items())))


def set_optimizer_state(optimizer: torch.optim.Optimizer, state: OptimizerState) -> None:
    """Put a state that `get_optimizer_state` gave into a fresh optimizer of the same kind.

    Raises:
        StateError: The state belongs to another optimizer or another set of parameters.
    """
    content = optimizer.state_dict()
    count = sum(len(group["params"]) for group in content["param_groups"])
    entries: dict[int, dict[str, Any]] = {}
    for key, tensor in state.tensors.items():
        index, name = key.split(".", 1)
        entries.setdefault(int(index), {})[name] = tensor
    for key, number in state.numbers.items():
        kind, index, name = key.split(".", 2)
        if kind == "state":
            entries.setdefault(int(index), {})[name] = number
        elif int(index) < len(content["param_groups"]):
            content["param_groups"][int(index)][name] = number
    if entries and max(entries) >= count:
        raise StateError(
            f"The saved optimizer has {max(entries) + 1} parameters, but the LoRA has {count}. "
            "Resume with the same model and LoRA settings as before."
        )
    content["state"] = entries
    try:
        optimizer.load_state_dict(content)
    except (ValueError, KeyError, RuntimeError) as error:
        raise StateError(
            f"The saved optimizer does not fit: {error}. Resume with the same settings as before."
        ) from error


def reset_optimizer(optimizer: torch.optim.Optimizer, d: float | None) -> None:
    """Forget all that the optimizer has learned but Prodigy's estimate `d`, where it is known."""
    optimizer.state.clear()
    for group in optimizer.param_groups:
        if "d" not in group:
            continue
        group["k"], group["d_numerator"] = 0, 0.0
        if d is not None:
            group["d"] = group["d_max"] = d


def _is_number(value: object) -> bool:
    return isinstance(value, (bool, int, float))


def _make_adamw(
    settings: OptimizerSettings, parameters: list[torch.Tensor]
) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        parameters,
        lr=settings.base_learning_rate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.eps,
        weight_decay=settings.weight_decay,
    )


def _make_prodigy(
    settings: OptimizerSettings, parameters: list[torch.Tensor]
) -> torch.optim.Optimizer:
    try:
        package = importlib.import_module("prodigyopt")
    except ImportError as error:
        raise ConfigError(
            "The optimizer 'prodigy' needs the package prodigyopt, which is not installed. Run "
            "'python -m pip install prodigyopt' with ComfyUI's Python, or set 'optimizer.name' "
            "to adamw."
        ) from error
    optimizer: torch.optim.Optimizer = package.Prodigy(
        parameters,
        lr=settings.base_learning_rate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.eps,
        decouple=settings.decouple,
        use_bias_correction=settings.use_bias_correction,
        safeguard_warmup=settings.safeguard_warmup,
        d0=settings.d0,
        d_coef=settings.d_coef,
        slice_p=settings.slice_p,
    )
    # Given to the constructor, a decoupled weight decay makes it print to the console.
    for group in optimizer.param_groups:
        group["weight_decay"] = settings.weight_decay
    return optimizer
