"""Build Dataset and Load Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from comfy_api.latest import io

from ...trainer.data.captions.captioning import Captioned
from ...trainer.data.dataset.building import Dataset, build_dataset, load_dataset, summarize
from ...trainer.data.dataset.hand_edits import hand_edits_mark
from ...trainer.data.pictures.buckets import parse_buckets
from ...trainer.errors import ConfigError, DatasetError
from .. import wires
from ..host.folders import dataset_folder, find_source


class BuildDataset(io.ComfyNode):
    """Writes the crops and captions as files that any trainer can read."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraBuildDataset",
            display_name="Build Dataset",
            category=wires.CATEGORY,
            description="Writes PNG and .txt files by bucket and a manifest (dataset.toml) that "
            "musubi-tuner reads too. Repeats are balanced between the buckets.",
            is_output_node=True,
            inputs=[
                wires.Captioned.Input("captioned", tooltip="From Caption Template."),
                io.String.Input(
                    "name",
                    default="my_character",
                    tooltip="Name of the dataset; its folder is made below "
                    "output/hunyuan_lora/datasets.",
                ),
                io.Int.Input(
                    "batch_size",
                    default=1,
                    min=1,
                    max=64,
                    tooltip="Written into the manifest for other trainers; the training node has "
                    "its own setting.",
                ),
            ],
            outputs=[wires.out(wires.Dataset, "dataset", "For the caches and for training.")],
        )

    @classmethod
    def fingerprint_inputs(cls, name: str, **_others: object) -> str:
        """Run again when a caption in the dataset's folder was edited by hand."""
        try:
            return hand_edits_mark(dataset_folder(name))
        except ConfigError:
            return "no folder"

    @classmethod
    def execute(cls, captioned: Sequence[Captioned], name: str, batch_size: int) -> io.NodeOutput:
        """Write the dataset and show its balance."""
        dataset = build_dataset(captioned, dataset_folder(name), batch_size=batch_size)
        return io.NodeOutput(dataset, ui=wires.show(lines=_describe(dataset)))


class LoadDataset(io.ComfyNode):
    """A dataset made earlier, or by hand, or by another tool."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraLoadDataset",
            display_name="Load Dataset",
            category=wires.CATEGORY,
            description="Reads a dataset manifest (.toml) in musubi-tuner's dialect, or a plain "
            "folder of pictures with .txt captions.",
            is_output_node=True,
            inputs=[
                io.String.Input(
                    "path",
                    default="",
                    tooltip="A .toml manifest or a folder: full path, or below ComfyUI's input "
                    "or output folder.",
                ),
                io.String.Input(
                    "resolution",
                    default="960x544",
                    tooltip="For a plain folder: its pictures go to buckets of about this many "
                    "pixels (width x height). A manifest brings its own.",
                ),
            ],
            outputs=[wires.out(wires.Dataset, "dataset", "For the caches and for training.")],
        )

    @classmethod
    def fingerprint_inputs(cls, path: str, resolution: str) -> str:
        """Run again when a file of the dataset changed."""
        try:
            source = find_source(path, "path")
            folder = source if source.is_dir() else source.parent
            files = sorted(f for f in folder.rglob("*") if f.is_file())
            marks = [f"{f}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files]
        except (DatasetError, OSError):
            marks = ["missing"]
        return f"{resolution}|" + "|".join(marks)

    @classmethod
    def execute(cls, path: str, resolution: str) -> io.NodeOutput:
        """Read the dataset and show its balance."""
        bucket = parse_buckets(resolution)[0]
        source: Path = find_source(path, "path")
        dataset = load_dataset(source, resolution=(bucket.width_px, bucket.height_px))
        return io.NodeOutput(dataset, ui=wires.show(lines=_describe(dataset)))


def _describe(dataset: Dataset) -> list[str]:
    return [*summarize(dataset).split("\n"), f"in {dataset.folder}"]
