"""What is refused by a look at header and end."""

import pytest
from PIL import Image

from core.errors import (
    AnimatedImage,
    EmptyFile,
    InvalidPhoto,
    TooManyPixels,
    TruncatedImage,
    UnsupportedImage,
)
from core.faces.photos.photo_header import inspect_photo
from tests.support.photos import made_photo, shared_folder

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP")
LIMIT = 50_000_000


@pytest.mark.parametrize("image_format", FORMATS)
def test_photo_is_accepted_with_its_size(image_format: str) -> None:
    header = inspect_photo(made_photo(image_format), max_pixels=LIMIT)

    # This HEIC writer stores whole blocks, of which readers cut off a part once decoded.
    size = (64, 64) if image_format == "HEIF" else (64, 48)
    assert (header.format, header.width, header.height) == (image_format, *size)


def test_two_image_jpeg_of_a_phone_is_accepted() -> None:
    second = Image.new("RGB", (64, 48))
    photo = made_photo("MPO", save_all=True, append_images=[second])

    assert inspect_photo(photo, max_pixels=LIMIT).format == "MPO"


@pytest.mark.parametrize("image_format", FORMATS)
def test_trailing_bytes_are_no_truncation(image_format: str) -> None:
    photo = made_photo(image_format) + b"appended by a phone"

    assert inspect_photo(photo, max_pixels=LIMIT).format == image_format


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("kept", [0.99, 0.8, 0.6])
def test_cut_off_photo_is_truncated(image_format: str, kept: float) -> None:
    photo = made_photo(image_format, size=(200, 200))

    with pytest.raises((TruncatedImage, UnsupportedImage)):
        inspect_photo(photo[: int(len(photo) * kept)], max_pixels=LIMIT)


def test_thumbnail_does_not_hide_that_a_jpeg_is_cut_off() -> None:
    thumbnail = made_photo("JPEG", size=(32, 32))
    photo = made_photo("JPEG", size=(300, 300), exif=b"Exif\x00\x00" + thumbnail)

    with pytest.raises(TruncatedImage):
        inspect_photo(photo[:-40], max_pixels=LIMIT)


def test_junk_between_jpeg_segments_is_no_truncation() -> None:
    photo = made_photo("JPEG")
    first_segment_end = 4 + int.from_bytes(photo[4:6], "big")
    junk = photo[:first_segment_end] + b"\x00\x00" + photo[first_segment_end:]

    assert inspect_photo(junk, max_pixels=LIMIT).format == "JPEG"


def test_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFile):
        inspect_photo(b"", max_pixels=LIMIT)


@pytest.mark.parametrize(
    "content", [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x00" * 999]
)
def test_other_content_is_unsupported(content: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        inspect_photo(content, max_pixels=LIMIT)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (made_photo("GIF"), "a GIF"),
        (made_photo("TIFF"), "a TIFF"),
        (made_photo("JPEG2000"), "a JPEG 2000"),
        (made_photo("ICO"), "an icon"),
        (b"\xff\x0a\xff", "a JPEG XL"),
        (b"\x00\x00\x02\x00\x00\x00\x00\x00", "a Targa"),
        (b"\x00\x00\x0a\x00\x00\x00\x00\x00", "a Targa"),
        (b"\x00\x00\x02\x00\x01\x00 \x20", "a cursor"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "a video"),
        (b"\x00\x00\x00\x18ftypcrx ", "a camera's raw file"),
        (b"hello", "text"),
        (bytes(100), "no image that is known here"),
    ],
)
def test_refusal_says_what_the_file_is_and_what_is_accepted(content: bytes, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=f"it is {name}.*; accepted are JPEG, PNG, .*BMP"):
        inspect_photo(content, max_pixels=LIMIT)


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "AVIF"])
def test_animation_is_refused(image_format: str) -> None:
    second = Image.new("RGB", (64, 48), "white")
    photo = made_photo(image_format, save_all=True, append_images=[second])

    with pytest.raises(AnimatedImage):
        inspect_photo(photo, max_pixels=LIMIT)


def test_more_pixels_than_the_limit_are_refused() -> None:
    photo = made_photo("PNG", size=(100, 100))

    assert inspect_photo(photo, max_pixels=10_000).width == 100
    with pytest.raises(TooManyPixels, match="100 x 100"):
        inspect_photo(photo, max_pixels=9_999)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("derived/bomb_1bit_30000x30000.png", TooManyPixels),
        ("derived/bomb_header_60000x60000_rgb.png", TooManyPixels),
        ("derived/jpeg_header_claims_65000x65000.jpg", TooManyPixels),
        ("derived/face_truncated_10pct.jpg", TruncatedImage),
        ("derived/face_truncated_99pct.jpg", TruncatedImage),
        ("derived/face.gif", UnsupportedImage),
        ("derived/text_named.jpg", UnsupportedImage),
    ],
)
def test_hostile_file_is_refused(name: str, error: type[InvalidPhoto]) -> None:
    photo = (shared_folder("broken-half") / name).read_bytes()

    with pytest.raises(error):
        inspect_photo(photo, max_pixels=LIMIT)


def test_every_broken_file_is_accepted_or_refused_with_a_typed_error() -> None:
    for path in sorted(shared_folder("broken-half").glob("*/*")):
        try:
            header = inspect_photo(path.read_bytes(), max_pixels=LIMIT)
        except InvalidPhoto:
            continue
        assert header.width * header.height <= LIMIT, path.name
