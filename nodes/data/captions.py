"""Caption Template."""

from __future__ import annotations

from comfy_api.latest import io

from ...trainer.data.captions.captioning import DEFAULT_TEMPLATE, CaptionFields, caption_crops
from ...trainer.data.captions.checks.checking import check_captions
from ...trainer.data.captions.checks.findings import finding_lines
from ...trainer.data.crops.planning import CropPlan
from .. import wires
from ..host.encoders import ClipTokenCounter


class CaptionTemplate(io.ComfyNode):
    """Captions from a few fields; framing, view and ratio come from each crop."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraCaptionTemplate",
            display_name="Caption Template",
            category=wires.CATEGORY,
            description="Writes a caption for every crop. Name what should stay changeable "
            "(hair colour, outfit) and leave out what belongs to the character.",
            is_output_node=True,
            inputs=_inputs(),
            outputs=[
                wires.out(wires.Captioned, "captioned", "For Build Dataset."),
                wires.out(io.String, "captions", "All captions, one a line."),
                wires.out(io.String, "warnings", "What the caption check found."),
                wires.out(wires.CaptionFields, "fields", "Fills the slots of preview prompts."),
            ],
        )

    @classmethod
    def execute(cls, crops: CropPlan, clip: object = None, **fields: object) -> io.NodeOutput:
        """Fill the template for every crop and check the result."""
        template = str(fields.pop("template")).strip() or DEFAULT_TEMPLATE
        overrides = str(fields.pop("overrides"))
        keep_existing = bool(fields.pop("keep_existing"))
        described = CaptionFields(**{name: str(value) for name, value in fields.items()})
        captioned = caption_crops(
            crops.crops,
            described,
            template=template,
            overrides=overrides,
            keep_existing=keep_existing,
        )
        counter = None if clip is None else ClipTokenCounter(clip)
        warnings = finding_lines(check_captions(captioned, described, counter))
        texts = [entry.caption for entry in captioned]
        lines = [*warnings, "", *texts] if warnings else texts
        return io.NodeOutput(
            captioned,
            "\n".join(texts),
            "\n".join(warnings),
            described,
            ui=wires.show(lines=lines),
        )


def _inputs() -> list[io.Input]:
    def text(name: str, default: str, tooltip: str, multiline: bool = False) -> io.Input:
        return io.String.Input(name, default=default, multiline=multiline, tooltip=tooltip)

    return [
        wires.Crops.Input("crops", tooltip="From Crop to Buckets."),
        text("style", "", "Style of the pictures, such as 'Anime style'. May stay empty."),
        text("trigger", "", "The word that will call the character, such as 'alva'. Unusual is "
             "best."),
        text("class_word", "woman", "What it is: woman, man, girl, robot, dress, ..."),
        text("named_traits", "", "What should stay changeable and so must be named: hair colour, "
             "outfit."),
        text("omitted_traits", "", "What belongs to the character and must not be named, "
             "separated by commas: horns, freckles. The check warns when one is mentioned."),
        text("pose", "", "Pose, such as 'standing'."),
        text("background", "", "Background, such as 'plain white background'."),
        text("extra", "", "Anything more, at the end."),
        text("template", "", "Your own sentence with slots such as {trigger} and {framing}; empty "
             "means the built-in one.", multiline=True),
        text("overrides", "", 'Exceptions by picture, as JSON: {"front.png": {"pose": "sitting"}}.',
             multiline=True),
        io.Boolean.Input("keep_existing", default=True,
                         tooltip="Keep the caption of a .txt file that lies beside a picture."),
        io.Clip.Input("clip", optional=True, tooltip="When connected, captions are counted in "
                      "tokens and what falls off the end is shown."),
    ]  # fmt: skip
