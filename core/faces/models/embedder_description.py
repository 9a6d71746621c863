"""The small file that describes an embedding network which users bring."""

import hashlib
import math
import re
import tomllib
from dataclasses import dataclass
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any, Final, Self

from core.faces.results import Model

ARCFACE: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where ArcFace and SFace want the person's right eye, left eye, nose, right and left corner
of the mouth: pixels of a chip of 112 x 112, whole numbers at their middles.
"""

_ARCFACE_SIDE_PX: Final = 112
_SIDES_PX: Final = range(32, 513)
_WIDTHS: Final = range(8, 4097)
_VERSION_DIGITS: Final = 12
_SHIPPED: Final = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class EmbedderDescription:
    """An embedding network, and what it wants to see.

    Parameters
    ----------
    name : str
        Name of the embeddings' model: small letters, digits, ``.``, ``_`` and ``-``.
    file : str
        Name of the ONNX file in ``FACE_MODELS_DIR``.
    sha256 : str
        Its SHA-256, in hexadecimal digits.
    url : str
        Where to fetch it by HTTPS; empty where it can't be fetched.
    licence, training_data : str
        Of the file, and what is known of where its training data come from.
    side_px : int
        Side of the square chip.
    colours : str
        ``RGB`` or ``BGR``.
    range : tuple of float
        What black and white are to the network.
    template : str or sequence of pairs of float
        Where the five points lie in the chip: ``arcface``, or as `ARCFACE` for this side.
    width : int
        Numbers of an embedding.
    max_distance : float, optional
        Largest distance between two faces of one person, as embeddings of length 1.
        ``MATCH_MAX_DISTANCE`` replaces it.

    Raises
    ------
    ValueError
        If a field has a value that can't be used; the message names it.
    """

    name: str
    file: str
    sha256: str
    licence: str
    training_data: str
    side_px: int
    colours: str
    range: tuple[float, float]
    template: str | tuple[tuple[float, float], ...]
    width: int
    url: str = ""
    max_distance: float | None = None

    @classmethod
    def read(cls, place: str) -> Self:
        """Read a description: a file's path, or the name of one that comes with the service.

        Raises
        ------
        ValueError
            If it can't be read, or a field is missing, unknown, or can't be used.
        """
        file = _SHIPPED / f"{place}.toml" if re.fullmatch("[a-z0-9]+", place) else Path(place)
        try:
            fields = tomllib.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise ValueError(f"{file} can't be read: {error}") from error
        known = {field.name for field in fields_of(cls)}
        needed = known - {"url", "max_distance"}
        if unknown := sorted(fields.keys() - known):
            raise ValueError(f"{file} has unknown fields: {', '.join(unknown)}")
        if missing := sorted(needed - fields.keys()):
            raise ValueError(f"{file} lacks {', '.join(missing)}")
        return cls(**fields)

    def __post_init__(self) -> None:
        wrong = {
            "name": not _matches(self.name, r"[a-z0-9][a-z0-9._-]{0,39}"),
            "file": not _matches(self.file, r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"),
            "sha256": not _matches(self.sha256, "[0-9a-f]{64}"),
            "url": not _matches(self.url, r"(https://\S+)?"),
            "licence": not _matches(self.licence, ".+"),
            "training_data": not _matches(self.training_data, ".+"),
            "side_px": self.side_px not in _SIDES_PX,
            "colours": self.colours not in ("RGB", "BGR"),
            "range": not _are_numbers(self.range, 2) or self.range[0] == self.range[1],
            "template": self.template != "arcface" and not _are_points(self.template),
            "width": self.width not in _WIDTHS,
            "max_distance": self.max_distance is not None
            and not (_is_number(self.max_distance) and 0 < self.max_distance <= 2),
        }
        for name, is_wrong in wrong.items():
            if is_wrong:
                raise ValueError(f"{name} can't be {getattr(self, name)!r}")

    @property
    def model(self) -> Model:
        """The embeddings' model: another version for whatever changes them."""
        decisive = (self.sha256, self.side_px, self.colours, *map(float, self.range), self.points)
        digest = hashlib.sha256(repr(decisive).encode()).hexdigest()
        return Model(name=self.name, version=digest[:_VERSION_DIGITS])

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """Where the five points lie in the chip."""
        if isinstance(self.template, str):
            factor = self.side_px / _ARCFACE_SIDE_PX
            return tuple((x * factor, y * factor) for x, y in ARCFACE)
        return tuple((float(x), float(y)) for x, y in self.template)


def _matches(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _are_numbers(values: Any, count: int) -> bool:
    is_list = isinstance(values, list | tuple)
    return is_list and len(values) == count and all(map(_is_number, values))


def _are_points(values: Any) -> bool:
    is_list = isinstance(values, list | tuple)
    return is_list and len(values) == len(ARCFACE) and all(_are_numbers(pair, 2) for pair in values)
