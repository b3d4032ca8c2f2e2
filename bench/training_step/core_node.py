"""ComfyUI core's own Train LoRA node as a contender, through its real classes and as it ships.

Runs inside the Python of the ComfyUI that the variable COMFYUI_PATH names. The node's loop is held
up behind each optimizer step until the next command comes, so one measured step is one whole round
of that loop: noise, sigma, forward, backward, optimizer.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from .case import DTYPES, GUIDANCE, LEARNING_RATE, RANK, StepCase, make_inputs, make_weights
from .turns import PipeClosedError, Turns

MANY_STEPS = 100_000
"""The most that the node allows; the parent closes the pipe long before."""


def run_core_node(case: StepCase, turns: Turns) -> None:
    """Train with the node until the parent closes the pipe."""
    root = os.path.abspath(os.environ["COMFYUI_PATH"])
    sys.path.insert(0, root)
    os.chdir(root)
    sys.argv = sys.argv[:1]
    import comfy.cli_args

    # Before anything imports comfy.model_management, which looks for a graphics card.
    comfy.cli_args.args.cpu = True
    import comfy.sd
    import comfy.utils
    from comfy_extras.nodes_train import TrainLoraNode

    comfy.utils.PROGRESS_BAR_ENABLED = False
    options = {"dtype": DTYPES[case.dtype]}
    model = comfy.sd.load_diffusion_model_state_dict(make_weights(case), model_options=options)
    paused = _PausedLoop(turns)
    handle = register_optimizer_step_post_hook(paused.after_step)
    try:
        TrainLoraNode.execute(**_arguments(case, model))
    except PipeClosedError:
        return
    finally:
        handle.remove()


class _PausedLoop:
    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._is_first = True

    def after_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """Answer for the step that has just ended and wait for the next command."""
        if self._is_first:
            self._is_first = False
            trained = [x for group in optimizer.param_groups for x in group["params"]]
            numbers = sum(x.numel() for x in trained)
            self._turns.ready({"trained_tensors": len(trained), "trained_numbers": numbers})
        else:
            self._turns.end()
        self._turns.begin()


def _arguments(case: StepCase, model: Any) -> dict[str, list[Any]]:
    """The node's inputs; every one is a list.

    Two entries of the same picture, because the node refuses one; each step takes one of them.
    """
    inputs = make_inputs(case)
    condition = [[inputs.text, {"pooled_output": inputs.pooled, "guidance": GUIDANCE}]]
    return {
        "model": [model],
        "latents": [{"samples": inputs.latents}] * 2,
        "positive": [condition],
        "batch_size": [1],
        "steps": [MANY_STEPS],
        "grad_accumulation_steps": [1],
        "learning_rate": [LEARNING_RATE],
        "rank": [RANK],
        "optimizer": ["AdamW"],
        "loss_function": ["MSE"],
        "seed": [0],
        "training_dtype": [case.dtype],
        "lora_dtype": [case.dtype],
        "algorithm": ["LoRA"],
        "gradient_checkpointing": [True],
        "existing_lora": ["[None]"],
    }
