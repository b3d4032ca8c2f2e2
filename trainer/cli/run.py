"""The command line's own way to a run: base weights and caches from files instead of the graph."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch

from ..config import ModelSettings, RunConfig
from ..data.batches import TrainingItem
from ..errors import ConfigError
from ..model.activation_policy import ActivationPolicy
from ..model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
from ..model.resident import ResidentSource
from ..model.streaming.source import PrefetchingSource
from ..model.weights import SafetensorsSource, WeightSource
from ..planning.budget import GIB, Budget
from ..planning.choosing import make_plan
from ..planning.weight_kinds import WeightKind
from ..training.network import make_network
from ..training.reports import TrainRequest
from ..training.workload import COMPUTE_DTYPES, run_workload
from .data import prepare_data


class StopFlag:
    """Set by Ctrl-C, so that the run ends after the batch it is in."""

    def __init__(self) -> None:
        """Not set."""
        self.is_set = False

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.is_set

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C for as long as the block runs; a second one ends the program at once."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.is_set = True
            signal.signal(signal.SIGINT, signal.default_int_handler)

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def load_run(path: Path) -> tuple[RunConfig, Path]:
    """A configuration with its paths made absolute, and the run folder it asks for.

    Raises:
        ConfigError: The file or a setting in it is not usable.
    """
    config = RunConfig.load(path)
    base = path.resolve().parent
    missing = [
        f"{section}.{name}"
        for section, name in (
            ("model", "path"),
            ("data", "dataset"),
            ("data", "latent_cache"),
            ("data", "text_cache"),
        )
        if not getattr(getattr(config, section), name)
    ]
    if missing:
        raise ConfigError(
            f"'{path}' does not set {', '.join(missing)}. On the command line these must be given."
        )
    data = config.data
    folder = base / (config.output.folder or f"runs/{config.output.name}")
    config = replace(
        config,
        model=replace(config.model, path=str(base / config.model.path)),
        data=replace(
            data,
            dataset=str(base / data.dataset),
            latent_cache=str(base / data.latent_cache),
            text_cache=str(base / data.text_cache),
        ),
        output=replace(config.output, folder=str(folder)),
    )
    return config, folder


def make_request(config: RunConfig, run_folder: Path) -> TrainRequest:
    """Everything a run needs, from the files that the configuration names.

    Raises:
        TrainerError: One of the files is missing or does not fit.
    """
    data = prepare_data(config)
    file = SafetensorsSource(Path(config.model.path))
    device = parse_device(config.model.device)
    dtype = COMPUTE_DTYPES[config.train.compute_dtype]
    policy, source = _planned(config, file, data.items, device)
    policy = replace(policy, compiled=config.train.compile)
    sizes = HunyuanVideoConfig.from_shapes(file.shapes)
    return TrainRequest(
        run_folder=run_folder,
        config=config,
        items=data.items,
        model=HunyuanVideo(sizes, source, dtype, device, policy),
        network=make_network(source.shapes, config.lora, config.train.seed, device),
        latent_scale=config.model.latent_scale,
        metadata=data.metadata,
        validation_items=data.held_out,
        empty_text_path=data.empty_text_path,
        device=device,
    )


def file_kind(source: SafetensorsSource) -> WeightKind:
    """The number format of a file's matrices, by its size."""
    return WeightKind("as stored", source.matrix_bytes, is_packed=source.is_scaled)


def budget_of(model: ModelSettings, device: torch.device) -> Budget:
    """Memory that a run may take: the setting, else what is free on the device.

    On a CPU there is no other memory to bring weights from, and without a setting no limit.
    """
    limit = int(model.device_memory_gib * GIB) or None
    if device.type != "cuda":
        return Budget(limit)
    free, _ = torch.cuda.mem_get_info(device)
    # The driver's part is taken already, and so not free.
    return Budget(limit or free, can_stream=True)


def _planned(
    config: RunConfig,
    file: SafetensorsSource,
    items: Sequence[TrainingItem],
    device: torch.device,
) -> tuple[ActivationPolicy, WeightSource]:
    """How a step is run, and the file's weights kept on the device or brought ahead of use."""
    budget = budget_of(config.model, device)
    if budget.device_bytes is None:
        return ActivationPolicy(), file  # nothing to choose
    plan = make_plan(run_workload(config, file.shapes, items), file_kind(file), budget)
    if not plan.budget.can_stream:
        return plan.policy, file
    kept = ResidentSource(file, plan.residency.resident, device)
    if not plan.residency.streamed_bytes:
        return plan.policy, kept
    ring, depth = plan.residency.ring_bytes, plan.prefetch_depth
    return plan.policy, PrefetchingSource(kept, device, ring, depth)


def parse_device(name: str) -> torch.device:
    """The device of a name such as "cpu" or "cuda:1".

    Raises:
        ConfigError: There is no such device here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"'model.device' is '{name}', which cannot be used here: {reason} Use cpu, or cuda on "
            "a machine with an NVIDIA card."
        ) from error
    return device
