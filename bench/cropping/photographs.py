"""Pictures like those of a 24-megapixel camera, made from seeds.

Light falls off with frequency as in photographs (amplitude 1/f), with hard edges, cloth-like
texture and the noise of a sensor on top; so JPEG and PNG files get the sizes that they have.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 6000, 4000
JPEG_QUALITY = 92
OF_EACH_KIND = 2
SENSOR_NOISE = 2.0
_ORIENTATION_TAG, _TURNED_RIGHT = 274, 6

Floats = NDArray[np.float32]
# The figure's parts on a canvas one wide and 1.5 high: (shape, corners, colour).
_PARTS = (
    ("polygon", ((0.40, 0.30), (0.60, 0.30), (0.57, 0.62), (0.43, 0.62)), (96, 40, 120)),
    ("polygon", ((0.43, 0.60), (0.57, 0.60), (0.55, 1.38), (0.51, 1.38)), (40, 50, 90)),
    ("polygon", ((0.43, 0.60), (0.50, 0.60), (0.49, 1.38), (0.45, 1.38)), (44, 54, 96)),
    ("polygon", ((0.40, 0.31), (0.36, 0.68), (0.39, 0.69), (0.44, 0.36)), (190, 140, 115)),
    ("polygon", ((0.60, 0.31), (0.64, 0.68), (0.61, 0.69), (0.56, 0.36)), (186, 136, 112)),
    ("ellipse", ((0.435, 0.12), (0.565, 0.31)), (60, 40, 30)),
    ("ellipse", ((0.45, 0.15), (0.55, 0.30)), (205, 155, 130)),
)


def write_photographs(folder: Path, scale: float = 1.0, count: int = OF_EACH_KIND) -> list[Path]:
    """Write figures in a studio (upright, by the camera's note) and scenes (lying), as JPEG files.

    Args:
        folder: Where they go.
        scale: Size of the sides; 1 means 6000x4000.
        count: Pictures of each of the two kinds, at least 1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = round(WIDTH * scale), round(HEIGHT * scale)
    paths = []
    for number in range(count):
        path = folder / f"figure_{number + 1}.jpg"
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = _TURNED_RIGHT
        picture = _figure(number, (size[1], size[0])).transpose(Image.Transpose.ROTATE_90)
        picture.save(path, quality=JPEG_QUALITY, exif=exif)
        paths.append(path)
    for number in range(count):
        path = folder / f"scene_{number + 1}.jpg"
        _scene(100 + number, size).save(path, quality=JPEG_QUALITY)
        paths.append(path)
    return paths


def fractal_noise(seed: int, size: tuple[int, int], power: float = 1.0) -> Floats:
    """Noise [H,W] whose amplitude falls as 1/f^power; mean 0, deviation 1.

    Source: the known 1/f law of natural images (D. J. Field, "Relations between the statistics of
    natural images and the response properties of cortical cells", 1987); own code.

    Args:
        seed: Gives the noise.
        size: Width and height in pixels.
        power: 0 is white; larger is smoother.
    """
    width, height = size
    white = np.random.default_rng(seed).standard_normal((height, width), dtype=np.float32)
    across, along = np.fft.rfftfreq(width), np.fft.fftfreq(height)
    frequency = np.maximum(np.hypot(along[:, None], across), 1.0 / max(size))
    waves = np.fft.rfft2(white) / frequency**power
    waves[0, 0] = 0.0
    noise = np.fft.irfft2(waves, s=(height, width)).astype(np.float32)
    return noise / noise.std()


def _scene(seed: int, size: tuple[int, int]) -> Image.Image:
    """Light and colour of a landscape with many things in front of each other."""
    light = 118.0 + 42.0 * fractal_noise(seed, size)
    tints = [_enlarged(fractal_noise(seed + 50 + n, _half(size), 1.2), size) for n in range(2)]
    pixels = np.stack([light + 14 * tints[0], light - 7 * tints[0], light + 14 * tints[1]], axis=2)
    random = np.random.default_rng(seed)
    canvas = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(60):  # stems, wires, walls: edges without softness, over the full height
        left = int(random.integers(0, size[0]))
        lean, thick = int(random.integers(-400, 400)), int(random.integers(1, 25))
        shade = tuple(int(value) for value in random.integers(10, 220, 3))
        draw.line((left, 0, left + lean, size[1]), fill=shade, width=thick)
    return _with_sensor_noise(np.asarray(canvas, dtype=np.float32), seed)


def _figure(seed: int, size: tuple[int, int]) -> Image.Image:
    """A standing figure with cloth and skin before a plain backdrop that darkens downwards."""
    width, height = size
    canvas = Image.new("RGB", size, (0, 0, 0))
    mask = Image.new("L", size, 0)
    for shape, corners, colour in _PARTS:
        points = [(x * width, y * width) for x, y in corners]
        getattr(ImageDraw.Draw(canvas), shape)(points, fill=colour)
        getattr(ImageDraw.Draw(mask), shape)(points, fill=255)
    body = np.asarray(canvas, dtype=np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    weave = 6.0 * np.sin(x * 0.9) * np.sin(y * 0.9)
    body = body + (18.0 * fractal_noise(seed, size) + weave)[..., None]
    backdrop = 214.0 - 14.0 * y / height
    inside = (np.asarray(mask) > 0)[..., None]
    return _with_sensor_noise(np.where(inside, body, backdrop[..., None]), seed)


def _with_sensor_noise(pixels: Floats, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed + 7).standard_normal(pixels.shape, dtype=np.float32)
    return Image.fromarray(np.clip(pixels + SENSOR_NOISE * noise, 0, 255).astype(np.uint8))


def _half(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] // 2, size[1] // 2


def _enlarged(noise: Floats, size: tuple[int, int]) -> Floats:
    image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32)
