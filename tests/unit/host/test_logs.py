"""Logs are JSON lines that carry the job they belong to."""

import io
import json
import logging

import pytest
from PIL import Image
from PIL.ExifTags import Base

from core.host.logs import _OURS, configure_logs, log_fields

ImageDescription = Base.ImageDescription


@pytest.fixture(autouse=True)
def restored_logging() -> object:
    root = logging.getLogger()
    handlers = root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("root", *_OURS)}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_record_is_json_with_fields_and_job_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO")

    with log_fields(job_id="a job"):
        logging.getLogger("here").info("something happened", extra={"count": 3})

    record = json.loads(capsys.readouterr().out)
    assert record["message"] == "something happened"
    assert record["job_id"] == "a job"
    assert record["count"] == 3
    assert record["level"] == "INFO"


def test_fields_end_with_their_block(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO")

    with log_fields(job_id="outer"), log_fields(request_id="inner"):
        pass
    logging.getLogger("here").warning("later")

    assert "job_id" not in json.loads(capsys.readouterr().out)


def test_libraries_do_not_say_what_a_photo_holds(capsys: pytest.CaptureFixture[str]) -> None:
    photo = io.BytesIO()
    tags = Image.Exif()
    tags[ImageDescription] = "Ada Lovelace at home"
    Image.new("RGB", (8, 8)).save(photo, "JPEG", exif=tags)
    configure_logs("DEBUG")

    logging.getLogger("core.faces").debug("decoding")
    with Image.open(photo) as opened:
        assert opened.getexif()[ImageDescription] == "Ada Lovelace at home"

    said = capsys.readouterr().out
    assert "decoding" in said
    assert "Ada" not in said
