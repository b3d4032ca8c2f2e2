"""Trackers beside a run: TensorBoard files, wandb, and whatever else accelerate knows."""
