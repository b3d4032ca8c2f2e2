"""Boxes in the forms that other nodes send; everything else is refused with its place."""

from __future__ import annotations

import json
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
import torch

from trainer.data.crops.given_boxes import parse_given_boxes
from trainer.data.pictures.boxes import Box
from trainer.errors import DatasetError

SIZE = (200, 100)
ONE, OTHER = Box(20, 10, 60, 50), Box(100, 30, 40, 60)
ONE_EDGES, OTHER_EDGES = [20, 10, 80, 60], [100, 30, 140, 90]
ONE_SIZES = {"x": 20, "y": 10, "width": 60, "height": 50}
OTHER_SIZES = {"x": 100, "y": 30, "width": 40, "height": 60}
SEG = namedtuple("SEG", ["cropped_image", "cropped_mask", "confidence", "crop_region", "bbox"])


def seg(edges: list[int]) -> SEG:
    return SEG(None, None, 0.9, [0, 0, 200, 100], np.array(edges))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([ONE_EDGES, OTHER_EDGES], id="BBOX of KJNodes or SAM2"),
        pytest.param([[ONE_EDGES, OTHER_EDGES]], id="a list for each picture"),
        pytest.param([[[ONE_EDGES, OTHER_EDGES]]], id="wrapped once more"),
        pytest.param([ONE_SIZES, OTHER_SIZES], id="BOUNDING_BOXES of ComfyUI"),
        pytest.param(
            [[ONE_SIZES | {"label": "face", "score": 0.9}, OTHER_SIZES]], id="RT-DETR of ComfyUI"
        ),
        pytest.param([{"bboxes": [ONE_EDGES, OTHER_EDGES], "labels": ["a", "b"]}], id="Florence2"),
        pytest.param({"boxes": [ONE_EDGES, OTHER_EDGES]}, id="an object that holds them"),
        pytest.param(json.dumps([ONE_EDGES, OTHER_EDGES]), id="JSON text"),
        pytest.param(np.array([ONE_EDGES, OTHER_EDGES], np.float32), id="array"),
        pytest.param([np.array([ONE_EDGES, OTHER_EDGES])], id="array for each picture"),
        pytest.param(torch.tensor([ONE_EDGES, OTHER_EDGES]), id="tensor"),
        pytest.param([torch.tensor(ONE_EDGES), torch.tensor(OTHER_EDGES)], id="tensors"),
        pytest.param(np.array([[*ONE_EDGES, 0.8], [*OTHER_EDGES, 0.7]]), id="InsightFace, scores"),
        pytest.param([{"bbox": ONE_EDGES}, {"bbox": tuple(OTHER_EDGES)}], id="bbox in objects"),
        pytest.param(
            [
                dict(zip(("x1", "y1", "x2", "y2"), ONE_EDGES, strict=True)),
                dict(zip(("xmin", "ymin", "xmax", "ymax"), OTHER_EDGES, strict=True)),
            ],
            id="edges by name",
        ),
        pytest.param(((100, 200), [seg(ONE_EDGES), seg(OTHER_EDGES)]), id="SEGS of Impact Pack"),
        pytest.param([[0.1, 0.1, 0.4, 0.6], [0.5, 0.3, 0.7, 0.9]], id="shares"),
        pytest.param([{"x": 0.1, "y": 0.1, "w": 0.3, "h": 0.5}, OTHER_EDGES], id="a mixture"),
    ],
)
def test_parse_known_forms_for_one_picture(value: Any) -> None:
    assert parse_given_boxes(value, [SIZE], "face_boxes") == ((ONE, OTHER),)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([[ONE_EDGES], [], [OTHER_EDGES, ONE_EDGES]], id="lists"),
        pytest.param([[ONE_SIZES], None, [OTHER_SIZES, ONE_SIZES]], id="one of them missing"),
        pytest.param([[[ONE_EDGES], [], [OTHER_EDGES, ONE_EDGES]]], id="wrapped"),
        pytest.param(json.dumps([[ONE_SIZES], [], [OTHER_SIZES, ONE_SIZES]]), id="text"),
    ],
)
def test_parse_lists_for_several_pictures(value: Any) -> None:
    found = parse_given_boxes(value, [SIZE] * 3, "subject_boxes")
    assert found == ((ONE,), (), (OTHER, ONE))


def test_parse_as_many_plain_boxes_as_pictures_are_one_for_each() -> None:
    found = parse_given_boxes([ONE_EDGES, OTHER_EDGES], [SIZE] * 2, "face_boxes")
    assert found == ((ONE,), (OTHER,))


@pytest.mark.parametrize("value", [None, [], "", "  ", "[]", np.zeros((0, 4)), [[], []]])
def test_parse_nothing_gives_no_boxes(value: Any) -> None:
    assert parse_given_boxes(value, [SIZE] * 2, "face_boxes") == ((), ())


def test_parse_box_a_little_beyond_the_edge_is_cut_there() -> None:
    found = parse_given_boxes([[-6, 10.4, 80, 104]], [SIZE], "face_boxes")
    assert found == ((Box(0, 10, 80, 90),),)


@pytest.mark.parametrize(
    ("value", "count", "named"),
    [
        ("[1, 2", 1, "not JSON"),
        (5, 1, "5, which is no list"),
        ("3", 1, "3, which is no list"),
        ([[1, 2, 3]], 1, r"picture 1, box 1 is \[1, 2, 3\], which is no box"),
        ([ONE_EDGES, [1, 2, 3, 4, 5, 6, 7]], 1, "box 2"),
        ([[ONE_EDGES], [["a", 1, 2, 3]]], 2, "picture 2"),
        ([{"x": 1, "y": 2}], 1, "box 1"),
        ([{"x": "a", "y": 2, "w": 3, "h": 4}], 1, "box 1"),
        ([{}], 1, "box 1"),
        ([[80, 60, 20, 10]], 1, "beyond its left and upper"),
        ([[20, 10, 20, 60]], 1, "by name"),
        ([[20, 10, float("nan"), 60]], 1, "must be numbers"),
        ([[20, 10, float("inf"), 60]], 1, "must be numbers"),
        ([[20, 10, True, 60]], 1, "box"),
        ([[500, 400, 600, 500]], 1, "picture is 200x100"),
        ([[-1e300, 10, 1e300, 60]], 1, "picture is 200x100"),
        ([[0, 0, 2000, 1000]], 1, "same order and size"),
        ([ONE_EDGES] * 3, 2, "3 boxes for 2 pictures"),
        ([[ONE_EDGES], [ONE_EDGES]], 3, "2 lists of boxes for 3 pictures"),
        (ONE_SIZES, 2, "1 boxes for 2 pictures"),
        ("[" * 100_000 + "]" * 100_000, 1, "nested too deep"),
    ],
)
def test_parse_what_cannot_be_is_refused_with_its_place(value: Any, count: int, named: str) -> None:
    with pytest.raises(DatasetError, match=named) as caught:
        parse_given_boxes(value, [SIZE] * count, "face_boxes")
    assert "'face_boxes'" in str(caught.value)
    assert len(str(caught.value)) < 1000
