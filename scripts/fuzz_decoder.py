"""Feed mutated photos to the header's readers or to the decoder, guided by coverage.

Usage: nice python scripts/fuzz_decoder.py header|decoder [--seconds 300] [--runs 0]

`make fuzz` runs both in processes of their own. Any other ending than an answer or one of
`core.errors.InvalidPhoto`, more memory than `--memory-mb`, or more than `--timeout-s` for
one file ends the run with a non-zero status and leaves the file in
``var/fuzz/TARGET/findings``. Such a file, made small, becomes a test. What was learnt stays
in ``var/fuzz/TARGET/corpus`` and makes the next run start where this one ended; `--keep`
puts a part into ``tests/fuzz_corpus``, which holds drawn pictures only.

``python scripts/fuzz_decoder.py decoder --replay FILE...`` only looks at files.
"""

import argparse
import io
import resource
import shutil
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import atheris
import numpy as np

with atheris.instrument_imports(include=["core", "PIL", "pi_heif"]):
    import pillow_heif
    from PIL import ExifTags, Image, PngImagePlugin

    Image.init()  # each format's reader, which would else be imported later, uninstrumented

    from core.errors import InvalidPhoto
    from core.faces.geometry import Box
    from core.faces.photos import decoding, images, stored
    from core.faces.photos.images import Photo
    from core.faces.photos.photo_header import inspect_photo

# Small pictures must take the ways of large ones, too.
for _module, _name, _pixels in (
    (decoding, "_LARGE_PIXELS", 300),
    (decoding, "KEPT_PIXELS", 1_000),
    (images, "KEPT_PIXELS", 1_000),
    (stored, "_STRIP_PIXELS", 400),
):
    setattr(_module, _name, _pixels)

_MAX_PIXELS: Final = 4_000_000
_LARGEST_BYTES: Final = 65_536
_LARGEST_KEPT_BYTES: Final = 2_048
_KEPT_FILES: Final = 120
"""Of each target; less than 200 kB in all."""

_SIZE: Final = (48, 32)
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_ROOT: Final = Path("var/fuzz")
_CORPUS: Final = Path("tests/fuzz_corpus")


class OutOfBounds(Exception):
    """Raised when an answer is wrong, or took too much memory."""


def main() -> None:
    """Fuzz, replay files, or keep what was learnt."""
    options = _options()
    warnings.simplefilter("ignore")
    check = _Check(_STEPS[options.target], memory_bytes=options.memory_mb << 20)
    folder = _ROOT / options.target
    if options.replay:
        for file in options.replay:
            check(file.read_bytes())
    elif options.keep:
        _keep(folder / "corpus", _CORPUS / options.target)
    else:
        _fuzz(check, folder, options)


def _fuzz(check: Callable[[bytes], None], folder: Path, options: argparse.Namespace) -> None:
    places = {name: folder / name for name in ("corpus", "seeds", "findings")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    _write_seeds(places["seeds"], [_CORPUS / options.target, *options.seeds])
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={options.seconds}",
            f"-runs={options.runs or -1}",
            f"-seed={options.seed}",
            f"-timeout={options.timeout_s}",
            f"-rss_limit_mb={options.memory_mb}",
            f"-max_len={_LARGEST_BYTES}",
            f"-artifact_prefix={places['findings']}/",
            "-print_final_stats=1",
            str(places["corpus"]),
            str(places["seeds"]),
        ],
        check,
        custom_mutator=_mutated,
    )
    atheris.Fuzz()


def _keep(learnt: Path, kept: Path) -> None:
    """Replace the kept corpus by small files of what was learnt, of every size alike."""
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    small = sorted(
        (file for file in learnt.iterdir() if file.stat().st_size <= _LARGEST_KEPT_BYTES),
        key=lambda file: (file.stat().st_size, file.name),
    )
    for file in small[:: -(-len(small) // _KEPT_FILES)]:
        shutil.copy(file, kept)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", choices=_STEPS)
    parser.add_argument("--seconds", type=int, default=300, help="0 for no bound")
    parser.add_argument("--seed", type=int, default=0, help="0 for another one each time")
    parser.add_argument("--runs", type=int, default=0, help="0 for no bound")
    parser.add_argument("--timeout-s", type=int, default=5, help="for one file")
    parser.add_argument("--memory-mb", type=int, default=700, help="of the whole process")
    parser.add_argument("--seeds", type=Path, nargs="+", default=[], help="folders of photos")
    parser.add_argument("--replay", type=Path, nargs="+", help="only look at these files")
    parser.add_argument("--keep", action="store_true", help="only keep what was learnt")
    return parser.parse_args()


class _Check:
    """Takes one step with a file, and raises what must not happen."""

    def __init__(self, step: Callable[[bytes], None], *, memory_bytes: int) -> None:
        self._step = step
        self._memory_bytes = memory_bytes

    def __call__(self, content: bytes) -> None:
        with suppress(InvalidPhoto):
            self._step(content)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if peak > self._memory_bytes:
            raise OutOfBounds(f"{peak} bytes of memory; at most {self._memory_bytes} are allowed")


def _inspect(content: bytes) -> None:
    inspect_photo(content, max_pixels=_MAX_PIXELS)


def _decode(content: bytes) -> None:
    """Decode a reduced copy, a part and the whole, as the engine does."""
    photo = Photo(content, max_pixels=_MAX_PIXELS)
    photo.resized(0.2)
    middle = Box(
        left=photo.width / 4,
        top=photo.height / 4,
        right=photo.width / 2,
        bottom=photo.height / 2,
    )
    photo.region(middle, factor=0.5)
    pixels = photo.resized(1.0)
    if pixels.shape != (photo.height, photo.width, 3) or pixels.dtype != np.uint8:
        raise OutOfBounds(f"{pixels.shape} of {pixels.dtype} for {photo.width} x {photo.height}")


_STEPS: Final = {"header": _inspect, "decoder": _decode}


def _mutated(content: bytes, max_size: int, seed: int) -> bytes:
    """Change some bytes; a PNG's checksums follow, or nothing behind them would be reached."""
    changed: bytes = atheris.Mutate(content, max_size)
    if seed % 8 and changed.startswith(_PNG_SIGNATURE):
        return _with_checksums(changed)
    return changed


def _with_checksums(png: bytes) -> bytes:
    repaired = bytearray(png)
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, position)
        end = position + 8 + length
        if end + 4 > len(png):
            break
        struct.pack_into(">I", repaired, end, zlib.crc32(png[position + 4 : end]))
        position = end + 4
    return bytes(repaired)


def _write_seeds(folder: Path, given: list[Path]) -> None:
    for number, content in enumerate(_made_photos()):
        (folder / f"made-{number}").write_bytes(content)
    files = (file for place in given for file in sorted(place.rglob("*")))
    for number, file in enumerate(files):
        if file.is_file() and file.stat().st_size <= _LARGEST_BYTES:
            (folder / f"given-{number}").write_bytes(file.read_bytes())


def _made_photos() -> Iterator[bytes]:
    """Yield a small photo of every kind that is accepted."""
    columns, rows = np.meshgrid(np.linspace(0, 255, _SIZE[0]), np.linspace(0, 255, _SIZE[1]))
    scene = Image.fromarray(np.stack([columns, rows, rows[::-1]], axis=2).astype(np.uint8))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "camera"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "made", zip=True)
    text.add_itxt("Title", "made", zip=True)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield _encoded(scene.convert(mode), "PNG", pnginfo=text, exif=exif)
    yield _encoded(Image.fromarray(columns.astype(np.uint16) * 257), "PNG")
    yield _encoded(scene.quantize(4), "PNG", transparency=1)
    yield _encoded(scene, "PNG", save_all=True, append_images=[scene.rotate(90)])
    for mode in ("L", "RGB", "CMYK"):
        for progressive in (False, True):
            yield _encoded(scene.convert(mode), "JPEG", progressive=progressive, exif=exif)
    yield _encoded(scene, "JPEG", restart_marker_blocks=2, icc_profile=b"\0" * 128, dpi=(72, 72))
    yield _encoded(scene, "MPO", save_all=True, append_images=[scene.resize((24, 16))])
    yield _encoded(scene, "WEBP", exif=exif)
    yield _encoded(scene.convert("RGBA"), "WEBP", lossless=True)
    yield _encoded(scene, "WEBP", save_all=True, append_images=[scene.rotate(90)])
    yield _encoded(scene, "WEBP", lossless=True)
    yield _encoded(scene.convert("RGBA"), "WEBP")
    for mode in ("RGB", "RGBA"):
        yield _encoded(scene.convert(mode), "AVIF", exif=exif)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield _encoded(scene.convert(mode), "BMP")
    for mode in ("L", "RGB", "RGBA"):
        yield _heic(scene.convert(mode), exif=exif.tobytes())


def _encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _heic(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.encode(image.mode, image.size, image.tobytes(), buffer, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
