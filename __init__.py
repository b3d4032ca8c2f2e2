"""Hunyuan LoRA Studio: a ComfyUI custom node pack that trains HunyuanVideo LoRAs in the graph."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """Entry point that ComfyUI calls; imports inside, so that tests can import the trainer alone."""
    from .nodes import HunyuanLoraStudio

    return HunyuanLoraStudio()


__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]
