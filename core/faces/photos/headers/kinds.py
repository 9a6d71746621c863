"""Names of files that are no accepted photos, for error messages."""

from typing import Final

_STARTS: Final = {
    b"GIF87a": "a GIF",
    b"GIF89a": "a GIF",
    b"II*\x00": "a TIFF, or a camera's raw file",
    b"MM\x00*": "a TIFF, or a camera's raw file",
    b"II+\x00": "a TIFF",
    b"MM\x00+": "a TIFF",
    b"FUJIFILMCCD-RAW": "a camera's raw file",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000",
    b"\xff\x4f\xff\x51": "a JPEG 2000",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL",
    b"\xff\x0a": "a JPEG XL",
    b"\x00\x00\x01\x00": "an icon (ICO)",
    b"\x00\x00\x02\x00\x00": "a Targa (TGA)",  # would be a cursor without a picture
    b"\x00\x00\x0a\x00\x00": "a Targa (TGA)",
    b"\x00\x00\x02\x00": "a cursor (CUR)",
    b"8BPS": "a Photoshop document",
    b"%PDF": "a PDF",
    b"%!PS": "a PostScript document",
    b"\x1aE\xdf\xa3": "a video (Matroska or WebM)",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"<svg": "an SVG",
    b"<?xml": "an XML document",
    b"<!DOCTYPE": "an HTML page",
    b"<html": "an HTML page",
    b"qoif": "a QOI",
    b"\x0a\x05\x01": "a PCX",
}

_BRANDS: Final = {b"crx ": "a camera's raw file", b"jxl ": "a JPEG XL"}


def name_of(content: bytes) -> str:
    """Return what a file is, judged by its first bytes, with its article."""
    if not content:
        return "an empty file"
    for start, name in _STARTS.items():
        if content.startswith(start):
            return name
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "a video (MP4 or QuickTime)")
    if content.startswith(b"RIFF") and content[8:12] == b"AVI ":
        return "a video (AVI)"
    if content[:256].isascii() and b"\x00" not in content[:256]:
        return "text"
    return "no image that is known here"
