"""Pictures of faces: upright, with a margin, in the photo's own colours."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.faces.geometry import Box
from core.faces.photos.face_crops import CROP_SIDE_PX, face_crop
from core.faces.photos.images import Photo

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 40), (20, 30, 210)
BOX = Box(left=150, top=100, right=250, bottom=200)


def flag() -> Image.Image:
    """Return a photo of a red face with a green right half, on blue."""
    image = Image.new("RGB", (400, 300), BLUE)
    image.paste(RED, (150, 100, 200, 200))
    image.paste(GREEN, (200, 100, 250, 200))
    return image


def photo(image: Image.Image, **options: Any) -> Photo:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return Photo(file.getvalue(), max_pixels=10_000_000)


def seen(crop: bytes) -> NDArray[np.float64]:
    return np.asarray(Image.open(io.BytesIO(crop)), dtype=np.float64)


def test_face_is_in_the_middle_with_a_margin_and_in_its_colours() -> None:
    pixels = seen(face_crop(photo(flag()), BOX, roll=0))

    assert pixels.shape == (CROP_SIDE_PX, CROP_SIDE_PX, 3)
    for place, colour in {(80, 45): RED, (80, 115): GREEN, (80, 8): BLUE, (8, 80): BLUE}.items():
        assert pixels[place] == pytest.approx(colour, abs=12)


@pytest.mark.parametrize("roll", [-170, -90, -30, 20, 90, 135, 180])
def test_face_that_is_turned_is_upright(roll: float) -> None:
    about = BOX.middle
    turned = flag().rotate(-roll, Image.Resampling.BICUBIC, center=about, fillcolor=BLUE)

    pixels = seen(face_crop(photo(turned), BOX, roll=roll))

    for place, colour in {(80, 45): RED, (80, 115): GREEN, (80, 8): BLUE}.items():
        assert pixels[place] == pytest.approx(colour, abs=12)


def test_photo_that_says_how_it_is_turned_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the stored rows are columns
    stored = flag().transpose(Image.Transpose.ROTATE_90)

    pixels = seen(face_crop(photo(stored, exif=exif), BOX, roll=0))

    assert pixels[80, 45] == pytest.approx(RED, abs=12)


@pytest.mark.parametrize("face_px", [6, 100, 800])
def test_faces_of_every_size_have_one_size(face_px: int) -> None:
    scale = face_px / 100
    image = flag().resize((round(400 * scale), round(300 * scale)), Image.Resampling.NEAREST)

    pixels = seen(face_crop(photo(image), BOX.scaled(scale), roll=0))

    assert pixels.shape == (CROP_SIDE_PX, CROP_SIDE_PX, 3)
    assert pixels[80, 45] == pytest.approx(RED, abs=25)


def test_what_lies_outside_of_the_photo_is_black() -> None:
    pixels = seen(face_crop(photo(flag()), Box(left=-40, top=10, right=60, bottom=110), roll=0))

    assert pixels[80, 5] == pytest.approx((0, 0, 0), abs=12)
    assert pixels[80, 150] == pytest.approx(BLUE, abs=12)


@pytest.mark.parametrize(
    "image", [flag().convert("L"), flag().convert("P"), flag().convert("RGBA")]
)
def test_photos_of_every_kind_become_jpegs(image: Image.Image) -> None:
    crop = face_crop(photo(image), BOX, roll=0)

    assert Image.open(io.BytesIO(crop)).format == "JPEG"
    assert len(crop) < 20_000


def test_profile_of_the_colours_goes_with_the_picture_if_it_is_small() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    kept = face_crop(photo(flag(), icc_profile=profile), BOX, roll=0)
    long = face_crop(photo(flag(), icc_profile=profile + bytes(5000)), BOX, roll=0)
    grey = face_crop(photo(flag().convert("L"), icc_profile=profile), BOX, roll=0)

    assert Image.open(io.BytesIO(kept)).info["icc_profile"] == profile
    assert "icc_profile" not in Image.open(io.BytesIO(long)).info
    assert "icc_profile" not in Image.open(io.BytesIO(grey)).info


def test_picture_holds_nothing_else_that_the_photo_says() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where Ada lives"

    crop = face_crop(photo(flag(), exif=exif), BOX, roll=0)

    assert b"Ada" not in crop
