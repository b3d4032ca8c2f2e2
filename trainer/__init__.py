"""Training library of Hunyuan LoRA Studio: works without ComfyUI."""
