"""Hunyuan LoRA Studio: a ComfyUI custom node pack that trains HunyuanVideo LoRAs in the graph."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """Entry point that ComfyUI calls; it imports inside, so that tests can do without ComfyUI."""
    from .nodes import HunyuanLoraStudio

    return HunyuanLoraStudio()


__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]
