"""LoRA files: names, metadata, conversion."""
