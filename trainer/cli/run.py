"""The command line's own way to a run: base weights and caches from files instead of the graph."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch

from ..config import RunConfig
from ..errors import ConfigError
from ..model.hunyuan_video import HunyuanVideo, HunyuanVideoConfig
from ..model.weights import SafetensorsSource
from ..training.network import make_network
from ..training.reports import TrainRequest
from ..training.workload import COMPUTE_DTYPES
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
    source = SafetensorsSource(Path(config.model.path))
    device = parse_device(config.model.device)
    dtype = COMPUTE_DTYPES[config.train.compute_dtype]
    model_config = HunyuanVideoConfig.from_shapes(source.shapes)
    return TrainRequest(
        run_folder=run_folder,
        config=config,
        items=data.items,
        model=HunyuanVideo(model_config, source, dtype, device),
        network=make_network(source.shapes, config.lora, config.train.seed, device),
        latent_scale=config.model.latent_scale,
        metadata=data.metadata,
        validation_items=data.held_out,
        empty_text_path=data.empty_text_path,
        device=device,
    )


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
