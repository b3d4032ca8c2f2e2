"""Load Training Images and Crop to Buckets."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ...trainer.data.crops.by_hand.edits import parse_crop_edits
from ...trainer.data.crops.crop_settings import CropSettings
from ...trainer.data.crops.given_boxes import GivenBoxes, parse_given_boxes
from ...trainer.data.crops.planning import CropPlan, plan_crops
from ...trainer.data.crops.shots import parse_shots
from ...trainer.data.pictures.buckets import parse_buckets
from ...trainer.data.pictures.media import TrainingMedia, merge_media, save_batch, scan_folder
from ...trainer.data.sheets.contact_sheet import draw_contact_sheet, draw_thumbnails
from ...trainer.errors import DatasetError
from .. import wires
from ..host.editing.crop_plans import keep_plan
from ..host.folders import batch_folder, find_source

_BOX_TYPES = [
    io.BBOX,
    *(io.Custom(kind) for kind in ("BOUNDING_BOX", "BOUNDING_BOXES", "BBOX_LIST", "SEGS")),
    io.String,
]
"""What detectors send; see `parse_given_boxes`."""
_BACKGROUNDS = {"white": (255, 255, 255), "grey": (128, 128, 128), "black": (0, 0, 0)}


class LoadImages(io.ComfyNode):
    """Pictures from a folder, from the graph, or both."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraLoadImages",
            display_name="Load Training Images",
            category=wires.CATEGORY,
            description="Finds the pictures to train on, turns them upright and reports "
            "duplicates, pictures that are too small and files that cannot be used.",
            is_output_node=True,
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="A folder of pictures: its full path, or its name below ComfyUI's "
                    "input folder. May stay empty when 'images' is connected. A .txt file beside "
                    "a picture is its caption.",
                ),
                io.Int.Input(
                    "minimum_side",
                    default=256,
                    min=16,
                    max=8192,
                    tooltip="Pictures whose shorter side has fewer pixels are left out and named.",
                ),
                io.Image.Input(
                    "images",
                    optional=True,
                    tooltip="Pictures from the graph; they are kept as PNG files in the output "
                    "folder, so that the dataset can be made again.",
                ),
            ],
            outputs=[
                wires.out(
                    wires.Media,
                    "media",
                    "The pictures found, for Crop to Buckets.",
                ),
                wires.out(io.Image, "thumbnails", "All pictures on one sheet."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, folder: str, minimum_side: int, **_linked: object) -> str:
        """Run again when a file in the folder was added, removed or changed."""
        if not folder.strip():
            return str(minimum_side)
        try:
            files = sorted(find_source(folder, "folder").iterdir())
            marks = [f"{f.name}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files]
        except (DatasetError, OSError):
            marks = ["missing"]
        return f"{minimum_side}|" + "|".join(marks)

    @classmethod
    def execute(
        cls, folder: str, minimum_side: int, images: torch.Tensor | None = None
    ) -> io.NodeOutput:
        """Scan the folder, keep the batch as files, and report both."""
        parts: list[TrainingMedia] = []
        if folder.strip():
            parts.append(scan_folder(find_source(folder, "folder"), min_side_px=minimum_side))
        if images is not None:
            paths = save_batch(images, batch_folder(), "graph")
            parts.append(scan_folder(batch_folder(), min_side_px=minimum_side, only=paths))
        if not parts:
            raise DatasetError(
                "No pictures given. Name a folder in 'folder' or connect pictures to 'images'."
            )
        media = merge_media(parts)
        sheet = wires.to_image_batch(draw_thumbnails(media))
        count = len(media.items)
        lines = ["1 picture" if count == 1 else f"{count} pictures"]
        lines += [problem.text for problem in media.problems]
        return io.NodeOutput(media, sheet, ui=wires.show(lines=lines, image=sheet))


class CropToBuckets(io.ComfyNode):
    """From each picture several crops, each in a size the model trains on."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraCropToBuckets",
            display_name="Crop to Buckets",
            category=wires.CATEGORY,
            description="Cuts named shots (full body, waist up, torso, headshot, detail) out of "
            "every picture, each into the bucket that suits it. Crops, never stretches.",
            is_output_node=True,
            inputs=_crop_inputs(),
            outputs=[
                wires.out(wires.Crops, "crops", "For Caption Template."),
                wires.out(
                    io.Image,
                    "contact_sheet",
                    "Every picture with its boxes and crops.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        media: TrainingMedia,
        buckets: str,
        shots: str,
        max_enlargement: float,
        margin: float,
        background: str,
        boxes: str,
        heads_tall: float,
        subject_mask: torch.Tensor | None = None,
        subject_boxes: object = None,
        face_boxes: object = None,
    ) -> io.NodeOutput:
        """Plan the crops and draw them."""
        settings = CropSettings(
            buckets=parse_buckets(buckets),
            shots=parse_shots(shots),
            max_enlargement=max_enlargement,
            margin=margin,
            heads_tall=heads_tall,
            background=_BACKGROUNDS[background],
            by_hand=parse_crop_edits(boxes),
        )
        given = _given_boxes(media, subject_boxes, face_boxes)
        plan: CropPlan = plan_crops(media, settings, _masks(media, subject_mask), given)
        sheet = wires.to_image_batch(draw_contact_sheet(plan))
        lines = [f"{len(plan.crops)} crops from {len(media.items)} pictures"]
        lines += [
            f"left out: {skipped.item.path.name}, {skipped.shot}: {skipped.reason}"
            for skipped in plan.skipped
        ]
        lines += [f"bucket {empty.bucket}: {empty.reason}" for empty in plan.empty_buckets]
        lines += [
            f"boxes by hand for {name} are kept, but that picture is not here"
            for name in settings.by_hand.strangers(media.items)
        ]
        extra: dict[str, object] = {"hunyuan_crop_plan": [keep_plan(media, settings, plan)]}
        return io.NodeOutput(plan, sheet, ui=wires.show(lines=lines, image=sheet, extra=extra))


def _crop_inputs() -> list[io.Input]:
    return [
        wires.Media.Input("media", tooltip="From Load Training Images."),
        io.String.Input(
            "buckets",
            default="960x1707, 768x1024, 1024x1024, 1024x768",
            tooltip="Sizes to train on, width x height in pixels, separated by commas. "
            "Each side is taken to the nearest multiple of 16 (1707 becomes 1712).",
        ),
        io.String.Input(
            "shots",
            default="full_body, waist_up, torso, headshot, detail",
            tooltip="Which shots to cut: any of full_body, waist_up, torso, headshot, "
            "detail, separated by commas.",
        ),
        io.Float.Input(
            "max_enlargement",
            default=1.5,
            min=1.0,
            max=4.0,
            step=0.05,
            tooltip="A crop that would have to be enlarged more than this is left out, "
            "with the reason.",
        ),
        io.Float.Input(
            "margin",
            default=0.05,
            min=0.0,
            max=0.5,
            step=0.01,
            tooltip="Space around the subject, as a share of its height.",
        ),
        io.Combo.Input(
            "background",
            options=list(_BACKGROUNDS),
            default="white",
            tooltip="Colour behind transparent pictures.",
        ),
        io.String.Input(
            "boxes",
            default="",
            multiline=True,
            tooltip="Crops set by hand; press 'Edit crops' to draw them. A list may be typed too, "
            'as JSON: [{"picture": "front.png", "box": [0.1, 0, 0.8, 0.5], "shot": "waist_up", '
            '"bucket": "768x1024"}]; a box is left, top, width and height as shares of the '
            "picture, from 0 to 1.",
        ),
        io.Float.Input(
            "heads_tall",
            default=7.5,
            min=2.0,
            max=9.0,
            step=0.1,
            tooltip="How many heads tall the figure is: 7.5 for people, about 6 for "
            "anime, 3 for chibi.",
        ),
        io.Mask.Input(
            "subject_mask",
            optional=True,
            tooltip="Where the subjects are: one mask per picture, in order, or one for all, of "
            "any size of the pictures' shape, hard or soft. Without it they are found from boxes, "
            "transparency, a plain background, or what stands out.",
        ),
        io.MultiType.Input(
            "subject_boxes",
            types=_BOX_TYPES,
            optional=True,
            tooltip="One box around each subject, from a detector: a list for each picture, in "
            "order. They part subjects that touch, and find them where the mask is not connected.",
        ),
        io.MultiType.Input(
            "face_boxes",
            types=_BOX_TYPES,
            optional=True,
            tooltip="One box around each face, from a face detector: a list for each picture, in "
            "order. They place the headshot and tell how many heads tall the figure is.",
        ),
    ]


def _given_boxes(media: TrainingMedia, subjects: object, faces: object) -> GivenBoxes:
    sizes = [(item.width_px, item.height_px) for item in media.items]
    digests = [item.digest for item in media.items]
    return GivenBoxes(
        dict(zip(digests, parse_given_boxes(subjects, sizes, "subject_boxes"), strict=True)),
        dict(zip(digests, parse_given_boxes(faces, sizes, "face_boxes"), strict=True)),
    )


def _masks(media: TrainingMedia, mask: torch.Tensor | None) -> dict[str, object]:
    if mask is None:
        return {}
    values = mask.detach().float().cpu()
    if values.ndim == 2:
        values = values[None]
    if len(values) not in (1, len(media.items)):
        raise DatasetError(
            f"'subject_mask' holds {len(values)} masks for {len(media.items)} pictures. "
            "Connect one mask for each picture, in the same order, or one for all."
        )
    return {
        item.digest: values[index if len(values) > 1 else 0].numpy()
        for index, item in enumerate(media.items)
    }
