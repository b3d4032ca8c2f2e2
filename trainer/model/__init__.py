"""The HunyuanVideo forward pass on borrowed weights, and the LoRA."""
