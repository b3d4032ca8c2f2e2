"""The layers of the transformer, written for training."""
