"""Makes poor photos from good ones: blurred, tiny, dark, burnt out, covered, cut off.

Every kind takes a photo, where its face is, and a generator, so that the same
seed gives the same photo.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from core.faces.geometry import Box, Point

Colour = tuple[int, int, int]
Worsen = Callable[[Image.Image, "Frame", np.random.Generator], Image.Image]

_FINER: Final = 4
"""Shapes are drawn this many times larger, so that their edges are smooth."""

_MASK_COLOURS: Final = (
    (238, 240, 240),
    (150, 190, 215),
    (120, 185, 200),
    (25, 25, 28),
    (60, 70, 95),
    (205, 170, 180),
)
_LENS_COLOURS: Final = ((8, 8, 10), (25, 22, 20), (45, 32, 22), (30, 40, 45))
_HAT_COLOURS: Final = ((30, 30, 35), (120, 30, 35), (40, 60, 110), (190, 180, 150))


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where a face is: lengths are in distances of its eyes, from the middle between them.

    ``axis`` leads from the person's right eye to the left one, in pixels.
    """

    middle: Point
    axis: Point
    box: Box

    @classmethod
    def of(cls, landmarks: dict[str, Point], box: Box) -> Self:
        """Return the frame of a face that was found."""
        (lx, ly), (rx, ry) = landmarks["left_eye"], landmarks["right_eye"]
        return cls(middle=((lx + rx) / 2, (ly + ry) / 2), axis=(lx - rx, ly - ry), box=box)

    def at(self, across: float, down: float) -> Point:
        """Return the pixel of a place on the face."""
        (x, y), (dx, dy) = self.middle, self.axis
        return (x + across * dx - down * dy, y + across * dy + down * dx)


def _blurred(sigma_px: float) -> Worsen:
    return lambda photo, _frame, _random: photo.filter(ImageFilter.GaussianBlur(sigma_px))


def _moved(length_px: int) -> Worsen:
    def worsen(photo: Image.Image, _frame: Frame, random: np.random.Generator) -> Image.Image:
        angle = random.uniform(0, np.pi)
        steps = np.arange(length_px) - (length_px - 1) / 2
        pixels = np.pad(np.asarray(photo, np.float32), ((length_px,) * 2,) * 2 + ((0, 0),), "edge")
        moved = [
            np.roll(pixels, (round(step * np.sin(angle)), round(step * np.cos(angle))), (0, 1))
            for step in steps
        ]
        mean = np.mean(moved, axis=0)[length_px:-length_px, length_px:-length_px]
        return Image.fromarray(mean.round().astype(np.uint8))

    return worsen


def _with_face_of(side_px: float) -> Worsen:
    def worsen(photo: Image.Image, frame: Frame, _random: np.random.Generator) -> Image.Image:
        factor = side_px / min(frame.box.width, frame.box.height)
        width, height = (max(1, round(side * factor)) for side in photo.size)
        return photo.resize((width, height), Image.Resampling.LANCZOS)

    return worsen


def _exposed(factor: float, *, noise: float = 0.0) -> Worsen:
    def worsen(photo: Image.Image, _frame: Frame, random: np.random.Generator) -> Image.Image:
        pixels = np.asarray(photo, np.float32) * factor
        if noise:
            pixels = pixels + random.normal(0, noise, pixels.shape)
        return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))

    return worsen


def _half_in_shadow(photo: Image.Image, frame: Frame, random: np.random.Generator) -> Image.Image:
    across, _ = _places(photo.size, frame)
    side = random.choice([-1, 1])
    light = 1 / (1 + np.exp(-12 * side * across))
    darkest = random.uniform(0.1, 0.25)
    factor = (darkest + (1 - darkest) * light)[:, :, None]
    return Image.fromarray((np.asarray(photo, np.float32) * factor).round().astype(np.uint8))


def _places(size: tuple[int, int], frame: Frame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far across and down the face each pixel lies, as `Frame.at` takes it."""
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    (x, y), (dx, dy) = frame.middle, frame.axis
    square = dx * dx + dy * dy
    across = ((columns - x) * dx + (rows - y) * dy) / square
    down = ((rows - y) * dx - (columns - x) * dy) / square
    return across, down


def _compressed(quality: int) -> Worsen:
    def worsen(photo: Image.Image, _frame: Frame, _random: np.random.Generator) -> Image.Image:
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return worsen


def _cut_off(photo: Image.Image, frame: Frame, random: np.random.Generator) -> Image.Image:
    x = round(frame.middle[0])
    left = bool(random.integers(2))
    return photo.crop((0, 0, x, photo.height) if left else (x, 0, photo.width, photo.height))


def _masked(photo: Image.Image, frame: Frame, random: np.random.Generator) -> Image.Image:
    top = random.uniform(0.3, 0.6)
    half = [(0.5, top + 0.12), (1.0, top + random.uniform(-0.05, 0.3)), (0.9, 1.2), (0.5, 1.75)]
    outline = [(0.0, top), *half, (0.0, 1.95), *[(-x, y) for x, y in reversed(half)]]
    cloth = _cloth(photo.size, frame, random)
    return covered(photo, frame, cloth, [outline])


def _cloth(size: tuple[int, int], frame: Frame, random: np.random.Generator) -> Image.Image:
    """Return cloth for a mask: plain, or with folds, shadow and grain."""
    colour = np.array(_MASK_COLOURS[random.integers(len(_MASK_COLOURS))], np.float32)
    across, down = _places(size, frame)
    light = np.ones(across.shape)
    if random.integers(2):
        light -= random.uniform(0, 0.3) * np.abs(across - random.uniform(-0.3, 0.3))
        folds = np.cos(2 * np.pi * down / random.uniform(0.2, 0.4)) > 0.85
        light -= random.choice([0.0, 0.15, 0.3]) * folds
        light += random.normal(0, 0.02, across.shape)
    return Image.fromarray((light[:, :, None] * colour).clip(0, 255).astype(np.uint8))


def _in_sunglasses(photo: Image.Image, frame: Frame, random: np.random.Generator) -> Image.Image:
    wide, high = random.uniform(0.36, 0.5), random.uniform(0.22, 0.42)
    power = random.choice([2.0, 2.6, 4.0])  # an ellipse, or nearly a rectangle
    shapes = [_rounded(side * 0.5, 0.08, wide, high, power) for side in (-1, 1)]
    bar = random.uniform(0.02, 0.06)
    for start, end in ((-0.2, 0.2), (-1.15, -0.8), (0.8, 1.15)):
        shapes.append([(start, -0.06), (end, -0.06), (end, bar - 0.04), (start, bar - 0.04)])
    lenses = _glass(photo.size, frame, random)
    return covered(photo, frame, lenses, shapes, opacity=random.uniform(0.8, 1.0))


def _glass(size: tuple[int, int], frame: Frame, random: np.random.Generator) -> Image.Image:
    """Return glass for sunglasses: plain, or lighter below, with the sky in it."""
    colour = np.array(_LENS_COLOURS[random.integers(len(_LENS_COLOURS))], np.float32)
    across, down = _places(size, frame)
    light = np.zeros(across.shape)
    if random.integers(2):
        light += random.uniform(0, 70) * (down + 0.3).clip(0, 0.6)
        slope = random.uniform(-1, 1)
        light += random.uniform(0, 60) * (np.abs(np.abs(across) - 0.5 + slope * down) < 0.08)
    return Image.fromarray((colour + light[:, :, None]).clip(0, 255).astype(np.uint8))


def _in_hat(photo: Image.Image, frame: Frame, random: np.random.Generator) -> Image.Image:
    brim = random.uniform(-0.6, -0.4)
    outline = [(-1.4, brim), (1.4, brim), (1.2, brim - 0.35), (0.9, -1.9), (-0.9, -1.9)]
    outline.append((-1.2, brim - 0.35))
    hat = Image.new("RGB", photo.size, _HAT_COLOURS[random.integers(len(_HAT_COLOURS))])
    return covered(photo, frame, hat, [outline])


def covered(
    photo: Image.Image,
    frame: Frame,
    cloth: Image.Image,
    outlines: Sequence[Sequence[Point]],
    *,
    opacity: float = 1.0,
    softness_px: float = 0.0,
) -> Image.Image:
    """Return the photo with parts of the face under cloth; outlines are places on the face."""
    stencil = Image.new("L", (photo.width * _FINER, photo.height * _FINER))
    draw = ImageDraw.Draw(stencil)
    for outline in outlines:
        pixels = [frame.at(across, down) for across, down in outline]
        draw.polygon([(x * _FINER, y * _FINER) for x, y in pixels], fill=round(255 * opacity))
    stencil = stencil.resize(photo.size, Image.Resampling.BOX)
    if softness_px:
        stencil = stencil.filter(ImageFilter.GaussianBlur(softness_px))
    return Image.composite(cloth, photo, stencil)


def _rounded(across: float, down: float, wide: float, high: float, power: float) -> list[Point]:
    """Return the outline of a superellipse."""
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    cosines, sines = np.cos(turns), np.sin(turns)
    xs = across + wide * np.sign(cosines) * np.abs(cosines) ** (2 / power)
    ys = down + high * np.sign(sines) * np.abs(sines) ** (2 / power)
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _unchanged(photo: Image.Image, _frame: Frame, _random: np.random.Generator) -> Image.Image:
    return photo


GOOD: Final = "good"
KINDS: Final = MappingProxyType(
    {
        GOOD: _unchanged,
        "blur of 1.5 px": _blurred(1.5),
        "blur of 3 px": _blurred(3),
        "motion blur of 7 px": _moved(7),
        "motion blur of 13 px": _moved(13),
        "face of 24 px": _with_face_of(24),
        "face of 18 px": _with_face_of(18),
        "face of 15 px": _with_face_of(15),
        "face of 12 px": _with_face_of(12),
        "mask": _masked,
        "sunglasses": _in_sunglasses,
        "hat": _in_hat,
        "dark × 0.3": _exposed(0.3),
        "dark × 0.15": _exposed(0.15),
        "dark × 0.08": _exposed(0.08),
        "dark × 0.3 with noise": _exposed(0.3, noise=8),
        "dark × 0.15 with noise": _exposed(0.15, noise=8),
        "burnt out × 1.8": _exposed(1.8),
        "burnt out × 2.5": _exposed(2.5),
        "burnt out × 4": _exposed(4),
        "half in shadow": _half_in_shadow,
        "JPEG of quality 10": _compressed(10),
        "JPEG of quality 5": _compressed(5),
        "half cut off": _cut_off,
    }
)
