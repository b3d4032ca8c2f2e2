"""One training step of a small HunyuanVideo: the contenders, each in a process of its own."""
