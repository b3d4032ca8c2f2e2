"""Training runs inside ComfyUI."""
