"""A run's settings and items as the shapes that a memory plan is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ..config import RunConfig
from ..data.batches import TrainingItem
from ..data.cache.cache_files import read_shape
from ..model.architecture import HunyuanVideoConfig
from ..model.lora import select_targets
from ..planning.choosing import largest_batch
from ..planning.workload import SampleShape, Workload

COMPUTE_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def run_workload(
    config: RunConfig, shapes: Mapping[str, tuple[int, ...]], items: Sequence[TrainingItem]
) -> Workload:
    """One step of a run on a batch of its largest items.

    Args:
        config: The run.
        shapes: The base model's weight names and shapes.
        items: At least one; at most the headers of their files are read.

    Raises:
        CacheError: An item's file is missing or damaged.
        ConfigError: The LoRA's targets match no layer.
        ModelMismatchError: The weights are not those of a model that can be trained.
    """
    sizes = HunyuanVideoConfig.from_shapes(shapes)
    train = config.train
    together = train.accumulation if train.accumulate_together else 1
    return Workload(
        config=sizes,
        targets=tuple(select_targets(shapes, config.lora.targets)),
        batch=largest_batch(sizes, _sample_shapes(items), train.batch_size * together),
        lora=config.lora,
        optimizer=config.optimizer,
        accumulation=train.accumulation // together,
        compute_dtype=COMPUTE_DTYPES[train.compute_dtype],
    )


def _sample_shapes(items: Sequence[TrainingItem]) -> list[SampleShape]:
    known = {item.text_path: item.text_tokens for item in items}
    text_tokens = max(count or read_shape(path, "text")[0] for path, count in known.items())
    return [SampleShape(*shape, text_tokens) for shape in {item.shape[1:] for item in items}]
