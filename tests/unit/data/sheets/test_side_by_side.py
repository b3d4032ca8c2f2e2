"""Pictures beside each other under their labels."""

from __future__ import annotations

import numpy as np

from trainer.data.sheets.side_by_side import draw_side_by_side


def test_side_by_side_keeps_every_pixel_of_both_pictures() -> None:
    red = np.zeros((64, 48, 3), np.float32)
    red[..., 0] = 1.0
    ramp = np.linspace(0, 1, 64 * 48 * 3, dtype=np.float32).reshape(64, 48, 3)
    sheet = np.asarray(draw_side_by_side((red, ramp), ("without", "with"), gap_px=4))
    assert sheet.shape[1] == 2 * 48 + 3 * 4
    top = sheet.shape[0] - 64 - 4
    assert (sheet[top : top + 64, 4:52] == (255, 0, 0)).all()
    assert np.abs(sheet[top : top + 64, 56:104] / 255.0 - ramp).max() < 0.51 / 255 + 1e-6


def test_side_by_side_shortens_a_label_that_is_too_wide() -> None:
    picture = np.zeros((32, 40, 3), np.float32)
    short = draw_side_by_side((picture, picture), ("ab", "cd"))
    long = draw_side_by_side((picture, picture), ("a" * 200, "cd"))
    assert long.size == short.size
    right_label = np.asarray(long)[:, 40 + 2 * 8 :]
    assert (right_label == np.asarray(short)[:, 40 + 2 * 8 :]).all()
