"""Caption Template."""

from __future__ import annotations

from comfy_api.latest import io

from ...trainer.data.captions.captioning import (
    DEFAULT_TEMPLATE,
    CaptionFields,
    CaptionSources,
    caption_crops,
)
from ...trainer.data.captions.checks.checking import check_captions
from ...trainer.data.captions.checks.findings import finding_lines
from ...trainer.data.captions.checks.view_traits import parse_view_traits
from ...trainer.data.captions.edits import parse_caption_edits
from ...trainer.data.captions.starting import starting_captions
from ...trainer.data.crops.planning import CropPlan
from .. import wires
from ..host.editing.caption_sheets import Sheet, keep_sheet
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
            # A captioner's list has to come as one list, or the node would run once for each text.
            is_input_list=True,
            inputs=_inputs(),
            outputs=[
                wires.out(wires.Captioned, "captioned", "For Build Dataset."),
                wires.out(io.String, "captions", "All captions, one a line."),
                wires.out(io.String, "warnings", "What the caption check found."),
                wires.out(wires.CaptionFields, "fields", "Fills the slots of preview prompts."),
            ],
        )

    @classmethod
    def execute(
        cls,
        crops: list[CropPlan],
        clip: list[object] | None = None,
        starting_captions: list[str] | None = None,
        **inputs: list[object],
    ) -> io.NodeOutput:
        """Fill the template for every crop and check the result."""
        plan, values = crops[0], {name: listed[0] for name, listed in inputs.items()}
        counter = ClipTokenCounter(clip[0]) if clip and clip[0] is not None else None
        sheet, sources = _read(plan, values, starting_captions or [], counter)
        captioned = caption_crops(plan.crops, sheet.fields, sources)
        view_traits = parse_view_traits(sheet.view_traits)
        own = [entry.fields for entry in captioned]
        found = check_captions(captioned, sheet.fields, counter, view_traits, own)
        warnings = finding_lines(found)
        texts = [entry.caption for entry in captioned]
        lines = [*warnings, "", *texts] if warnings else texts
        extra: dict[str, object] = {"hunyuan_caption_sheet": [keep_sheet(sheet)]}
        return io.NodeOutput(
            captioned,
            "\n".join(texts),
            "\n".join(warnings),
            sheet.fields,
            ui=wires.show(lines=lines, extra=extra),
        )


def _read(
    plan: CropPlan,
    values: dict[str, object],
    texts: list[str],
    counter: ClipTokenCounter | None,
) -> tuple[Sheet, CaptionSources]:
    """The node's inputs, as the captions and the caption editor need them."""
    names = set(CaptionFields.__dataclass_fields__) & set(values)
    fields = CaptionFields(**{name: str(values[name]) for name in names})
    sources = CaptionSources(
        template=str(values["template"]).strip() or DEFAULT_TEMPLATE,
        overrides=str(values["overrides"]),
        keep_existing=bool(values["keep_existing"]),
        starting=starting_captions([str(text) for text in texts], plan),
        edits=parse_caption_edits(str(values.get("edited_captions", ""))),
    )
    traits = str(values.get("view_traits", ""))
    return Sheet(plan, fields, traits, sources.template, sources.starting, counter), sources


def _inputs() -> list[io.Input]:
    def text(name: str, default: str, tooltip: str, **options: bool) -> io.Input:
        return io.String.Input(name, default=default, tooltip=tooltip, **options)

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
             "means the built-in one. {caption} is what a captioner wrote.", multiline=True),
        text("overrides", "", 'Exceptions by picture, as JSON: {"front.png": {"pose": "sitting"}}.',
             multiline=True),
        io.Boolean.Input("keep_existing", default=True,
                         tooltip="Keep the caption of a .txt file that lies beside a picture."),
        io.Clip.Input("clip", optional=True, tooltip="When connected, captions are counted in "
                      "tokens and what falls off the end is shown."),
        text("view_traits", "", "What only one side shows, such as 'front: face, blue eyes; "
             "behind: backless dress'. The check warns when a caption of another view names it.",
             optional=True),
        text("edited_captions", "", "Captions by hand; press 'Edit captions' to write them.",
             multiline=True, optional=True),
        io.String.Input("starting_captions", optional=True, force_input=True,
                        tooltip="Texts of any captioner: one for each crop (see Crops as Images), "
                        "one for each picture, or one for all."),
    ]  # fmt: skip
