"""Cache Latents and Cache Text."""

from __future__ import annotations

from comfy_api.latest import io

from ...trainer.data.cache.caching import cache_latents, cache_text
from ...trainer.data.dataset.building import Dataset
from .. import wires
from ..host.encoders import ClipTextEncoder, VaeLatentEncoder
from ..host.folders import cache_folder
from ..host.progress import Progress, is_cancelled, raise_if_cancelled


class CacheLatents(io.ComfyNode):
    """Pictures to latents, once."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraCacheLatents",
            display_name="Cache Latents",
            category=wires.CATEGORY,
            description="Encodes every picture with the VAE. A picture that was encoded before "
            "is not encoded again; cancel keeps what is done.",
            is_output_node=True,
            inputs=[
                wires.Dataset.Input("dataset", tooltip="From Build Dataset or Load Dataset."),
                io.Vae.Input("vae", tooltip="The HunyuanVideo VAE."),
            ],
            outputs=[wires.out(wires.LatentCache, "latents", "For training.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, dataset: Dataset, vae: object) -> io.NodeOutput:
        """Encode what is new."""
        progress = Progress(cls.hidden.unique_id, len(dataset.items))
        cache = cache_latents(
            dataset,
            VaeLatentEncoder(vae),
            cache_folder(),
            on_progress=progress.show,
            should_stop=is_cancelled,
        )
        raise_if_cancelled()
        lines = [f"{cache.encoded} pictures encoded, {cache.reused} reused"]
        extra = {"cache": [{"encoded": cache.encoded, "reused": cache.reused}]}
        return io.NodeOutput(cache, ui=wires.show(lines=lines, extra=extra))


class CacheText(io.ComfyNode):
    """Captions to text features, once."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraCacheText",
            display_name="Cache Text",
            category=wires.CATEGORY,
            description="Encodes every caption with both text encoders. A caption that was "
            "encoded before is not encoded again; an edited one always is.",
            is_output_node=True,
            inputs=[
                wires.Dataset.Input("dataset", tooltip="From Build Dataset or Load Dataset."),
                io.Clip.Input("clip", tooltip="Llama and CLIP-L, as DualCLIPLoader gives them."),
            ],
            outputs=[wires.out(wires.TextCache, "text", "For training.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, dataset: Dataset, clip: object) -> io.NodeOutput:
        """Encode what is new."""
        progress = Progress(cls.hidden.unique_id, len(dataset.items))
        cache = cache_text(
            dataset,
            ClipTextEncoder(clip),
            cache_folder(),
            on_progress=progress.show,
            should_stop=is_cancelled,
        )
        raise_if_cancelled()
        lines = [f"{cache.encoded} captions encoded, {cache.reused} reused"]
        extra = {"cache": [{"encoded": cache.encoded, "reused": cache.reused}]}
        return io.NodeOutput(cache, ui=wires.show(lines=lines, extra=extra))
