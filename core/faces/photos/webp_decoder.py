"""WebP pixels at a fraction of their size, by libwebp itself.

Pillow's reader asks libwebp's decoder of animations, which holds two whole frames in RGBA
while Pillow copies a third and a fourth. The library that Pillow brings can do better:
it scales while it decodes.
"""

import ctypes
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import _webp

_ABI_VERSION: Final = 0x0209
"""Of the structures below; the library refuses another major version, which is the first byte."""

_COLOUR_SPACES: Final = MappingProxyType({3: 0, 4: 1})
"""``MODE_RGB`` and ``MODE_RGBA``, by bytes a pixel."""


class _Features(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("has_alpha", ctypes.c_int),
        ("has_animation", ctypes.c_int),
        ("format", ctypes.c_int),
        ("pad", ctypes.c_uint32 * 5),
    )


class _RgbaBuffer(ctypes.Structure):
    _fields_ = (
        ("rgba", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


class _YuvaBuffer(ctypes.Structure):
    _fields_ = (
        ("planes", ctypes.c_void_p * 4),
        ("strides", ctypes.c_int * 4),
        ("sizes", ctypes.c_size_t * 4),
    )


class _Planes(ctypes.Union):
    _fields_ = (("rgba", _RgbaBuffer), ("yuva", _YuvaBuffer))


class _Output(ctypes.Structure):
    _fields_ = (
        ("colour_space", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("is_external_memory", ctypes.c_int),
        ("u", _Planes),
        ("pad", ctypes.c_uint32 * 4),
        ("private_memory", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        ("bypass_filtering", ctypes.c_int),
        ("no_fancy_upsampling", ctypes.c_int),
        ("use_cropping", ctypes.c_int),
        ("crop", ctypes.c_int * 4),
        ("use_scaling", ctypes.c_int),
        ("scaled_width", ctypes.c_int),
        ("scaled_height", ctypes.c_int),
        ("use_threads", ctypes.c_int),
        ("dithering_strength", ctypes.c_int),
        ("flip", ctypes.c_int),
        ("alpha_dithering_strength", ctypes.c_int),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Config(ctypes.Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


def can_scale() -> bool:
    """Return whether Pillow's libwebp can be reached; one built into Pillow can't."""
    return _library() is not None


def decoded_webp(photo: bytes, *, reduction: int) -> NDArray[np.uint8]:
    """Return the pixels of a still photo at a whole part of its size.

    Parameters
    ----------
    reduction : int
        1 for the whole size, 2 for half the width and height.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3) or (H, W, 4)
        RGB, or RGBA where the photo has transparent parts. What the size leaves over is
        rounded up.

    Raises
    ------
    ValueError
        If the photo is damaged.

    References
    ----------
    libwebp, src/webp/decode.h, "Advanced decoding API".
    """
    library, config = _library(), _Config()
    if library is None or not library.WebPInitDecoderConfigInternal(
        ctypes.byref(config), _ABI_VERSION
    ):
        raise ValueError("this libwebp can't be asked")
    _check(
        library.WebPGetFeaturesInternal(photo, len(photo), ctypes.byref(config.input), _ABI_VERSION)
    )
    width, height = (-(-side // reduction) for side in (config.input.width, config.input.height))
    pixels = np.empty((height, width, 4 if config.input.has_alpha else 3), dtype=np.uint8)
    _direct(config, pixels)
    if reduction > 1:
        config.options.use_scaling = 1
        config.options.scaled_width, config.options.scaled_height = width, height
    _check(library.WebPDecode(photo, len(photo), ctypes.byref(config)))
    return pixels


def _direct(config: _Config, pixels: NDArray[np.uint8]) -> None:
    """Have the pixels written into an array."""
    _, width, channels = pixels.shape
    output = config.output
    output.colour_space = _COLOUR_SPACES[channels]
    output.is_external_memory = 1
    output.u.rgba.rgba = pixels.ctypes.data
    output.u.rgba.stride = width * channels
    output.u.rgba.size = pixels.nbytes


def _check(status: int) -> None:
    if status != 0:
        raise ValueError(f"libwebp ended with status {status}")


@cache
def _library() -> Any:
    # A symbol of a library is also found by whoever was linked with it.
    library = ctypes.CDLL(_webp.__file__)
    try:
        decode, features = library.WebPDecode, library.WebPGetFeaturesInternal
        prepare = library.WebPInitDecoderConfigInternal
    except AttributeError:
        return None
    decode.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
    features.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int)
    prepare.argtypes = (ctypes.c_void_p, ctypes.c_int)
    return library
