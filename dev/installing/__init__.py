"""Set-up: ComfyUI, the Python environment, the browser."""
