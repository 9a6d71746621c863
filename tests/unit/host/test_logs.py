"""Logs are JSON lines that carry the job they belong to."""

import json
import logging

import pytest

from core.host.logs import configure_logs, log_fields


@pytest.fixture(autouse=True)
def restored_logging() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


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
