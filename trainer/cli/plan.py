"""The command `plan`: memory and work of a run, from its file or from sizes alone."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from ..config import LoraSettings, OptimizerSettings, RunConfig
from ..errors import ConfigError
from ..model.weights import SafetensorsSource
from ..planning.budget import GIB, Budget
from ..planning.choosing import make_plan
from ..planning.memory_plan import MemoryPlan
from ..planning.weight_kinds import KINDS, weight_kind
from ..planning.workload import RELEASED, SampleShape, Workload
from ..training.network import LORA_DTYPES
from ..training.workload import run_workload
from .data import prepare_data
from .run import file_kind, load_run

_SIZE = re.compile(r"(\d+)x(\d+)(?:x(\d+))?")


def add_plan_options(plan: argparse.ArgumentParser) -> None:
    """Describe the command's options to the parser."""
    plan.add_argument("config", type=Path, nargs="?", metavar="RUN.toml")
    plan.add_argument("--device-gib", type=float, help="memory of the graphics card")
    plan.add_argument("--host-gib", type=float, help="main memory")
    plan.add_argument("--link", type=float, default=12.0, help="GB/s to the card (default 12)")
    plan.add_argument("--tflops", type=float, default=40.0, help="of the card (default 40)")
    alone = plan.add_argument_group("without RUN.toml: the released 13B model")
    alone.add_argument("--size", action="append", metavar="WxH[xFRAMES]", help="may be repeated")
    alone.add_argument("--weights", default="fp8", help=f"one of {', '.join(KINDS)}")
    alone.add_argument("--rank", type=int, default=32)
    alone.add_argument("--optimizer", default="prodigy", choices=("prodigy", "adamw"))
    alone.add_argument("--lora-dtype", default="fp32", choices=tuple(LORA_DTYPES))
    alone.add_argument("--state-dtype", default="fp32", choices=tuple(LORA_DTYPES))
    alone.add_argument("--batch-size", type=int, default=1)
    alone.add_argument("--accumulation", type=int, default=1)
    plan.set_defaults(run=_plan)


def plan_of_run(config: RunConfig, budget: Budget) -> MemoryPlan:
    """The plan of a run whose files are there; no weight is read.

    Raises:
        TrainerError: The model or the data is missing or does not fit.
    """
    data = prepare_data(config)
    source = SafetensorsSource(Path(config.model.path))
    workload = run_workload(config, source.shapes, data.items)
    return make_plan(workload, file_kind(source), budget)


def _plan(options: argparse.Namespace) -> None:
    budget = _budget(options)
    if options.config is not None:
        config, folder = load_run(options.config)
        plans = {folder.name: plan_of_run(config, budget)}
    else:
        plans = {size: _plan_of_size(options, size, budget) for size in _sizes(options)}
    for name, plan in plans.items():
        print("\n".join([f"== {name}", *plan.lines()]))


def _budget(options: argparse.Namespace) -> Budget:
    for name in ("device_gib", "host_gib", "link", "tflops"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            raise ConfigError(f"--{name.replace('_', '-')} must be above 0, but is {value:g}.")
    speeds = {
        "link_bytes_per_second": options.link * 1e9,
        "flop_per_second": options.tflops * 1e12,
    }
    if options.device_gib is None:
        host = None if options.host_gib is None else int(options.host_gib * GIB)
        return Budget(host_bytes=host, **speeds)
    return replace(Budget.of_card(options.device_gib, options.host_gib), **speeds)


def _sizes(options: argparse.Namespace) -> list[str]:
    if not options.size:
        raise ConfigError("Nothing to plan: name a RUN.toml, or sizes such as --size 1024x1024.")
    return list(options.size)


def _plan_of_size(options: argparse.Namespace, size: str, budget: Budget) -> MemoryPlan:
    found = _SIZE.fullmatch(size)
    if found is None:
        raise ConfigError(f"--size is '{size}', but must look like 1024x768 or 544x960x33.")
    width, height, frames = (int(part or 1) for part in found.groups())
    batch = [SampleShape.of_pixels(width, height, frames)] * options.batch_size
    lora = LoraSettings(rank=options.rank, dtype=options.lora_dtype)
    workload = replace(
        Workload.of_sizes(RELEASED, batch, lora),
        accumulation=options.accumulation,
        optimizer=OptimizerSettings(name=options.optimizer, state_dtype=options.state_dtype),
    )
    return make_plan(workload, weight_kind(options.weights), budget)
