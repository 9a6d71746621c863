import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.faces.models import embedder_description
from core.faces.models.embedder_description import ARCFACE, EmbedderDescription

_SHIPPED = Path(embedder_description.__file__).parent / "sface.toml"


@pytest.fixture(scope="module")
def sface() -> EmbedderDescription:
    return EmbedderDescription.read("sface")


def _written(folder: Path, **changes: Any) -> str:
    """Write SFace's description with other fields; those that are None are left out."""
    fields = tomllib.loads(_SHIPPED.read_text()) | changes
    file = folder / "own.toml"
    lines = [f"{name} = {value!r}" for name, value in fields.items() if value is not None]
    file.write_text("\n".join(lines))
    return str(file)


def test_sface_is_described_with_its_hash_its_licence_and_the_open_question(
    sface: EmbedderDescription,
) -> None:
    assert sface.sha256 == "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"
    assert sface.licence == "Apache-2.0"
    assert "opencv/opencv_zoo#313" in sface.training_data
    assert sface.points == ARCFACE


def test_description_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    described = EmbedderDescription.read(_written(tmp_path, name="own", max_distance=None))

    assert (described.name, described.max_distance) == ("own", None)


def test_template_grows_with_the_chip(sface: EmbedderDescription) -> None:
    large = replace(sface, side_px=224)

    assert large.points == tuple((2 * x, 2 * y) for x, y in ARCFACE)


def test_template_may_be_five_points(tmp_path: Path) -> None:
    points = [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]]

    described = EmbedderDescription.read(_written(tmp_path, template=points))

    assert described.points == tuple((float(x), float(y)) for x, y in points)


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"side_px": 224},
        {"colours": "BGR"},
        {"range": (-1.0, 1.0)},
        {"template": tuple((x + 1, y) for x, y in ARCFACE)},
        {"name": "other"},
    ],
)
def test_whatever_changes_the_embeddings_makes_another_model(
    sface: EmbedderDescription, changes: dict[str, Any]
) -> None:
    assert replace(sface, **changes).model != sface.model


def test_what_does_not_change_the_embeddings_leaves_the_model(sface: EmbedderDescription) -> None:
    moved = replace(sface, file="sface.onnx", url="", licence="?", max_distance=0.9, range=(0, 255))

    assert moved.model == sface.model


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "My network"),
        ("file", "../own.onnx"),
        ("file", "/etc/passwd"),
        ("sha256", "0BA9"),
        ("url", "http://example.com/own.onnx"),
        ("licence", ""),
        ("training_data", 3),
        ("side_px", 16),
        ("side_px", "112"),
        ("colours", "RGBA"),
        ("range", [0]),
        ("range", [1.0, 1.0]),
        ("range", 255),
        ("template", "dlib"),
        ("template", [[1, 2]] * 4),
        ("template", [[1, 2], [3]] * 2),
        ("width", 0),
        ("max_distance", 0),
        ("max_distance", 2.5),
        ("max_distance", "1"),
    ],
)
def test_value_that_can_not_be_used_names_its_field(
    tmp_path: Path, field: str, value: object
) -> None:
    with pytest.raises(ValueError, match=f"{field} can't be {re.escape(repr(value))}"):
        EmbedderDescription.read(_written(tmp_path, **{field: value}))


def test_unknown_and_missing_fields_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"own\.toml has unknown fields: colour, mean"):
        EmbedderDescription.read(_written(tmp_path, mean=127.5, colour="RGB"))
    with pytest.raises(ValueError, match=r"own\.toml lacks licence, width"):
        EmbedderDescription.read(_written(tmp_path, width=None, licence=None))


@pytest.mark.parametrize("place", ["absent", "absent.toml", "/nowhere/own.toml"])
def test_file_that_is_not_there_is_named(place: str) -> None:
    with pytest.raises(ValueError, match=f"{place}.* can't be read"):
        EmbedderDescription.read(place)


def test_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe = {")

    with pytest.raises(ValueError, match="can't be read"):
        EmbedderDescription.read(str(tmp_path / "own.toml"))
