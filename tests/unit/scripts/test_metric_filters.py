"""CloudWatch's metric filters: they count lines that the service really writes."""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from core.errors import (
    InvalidImage,
    MalformedMessage,
    QueueUnavailable,
    RecognizerDied,
    StorageUnavailable,
)
from core.host.logs import configure_logs
from core.worker.dead_letter_sweeper import ABANDONED
from scripts.logs_page import Filter, filters, lines
from tests.support.services.cloudwatch import is_match
from tests.unit.web.web_fixture import PHOTO, SETTINGS, WebFixture, photo_number

FILTERS = {each.name: each for each in filters()}
OF_EVERY_LINE = {"level", "message"}
Lines = list[dict[str, Any]]


@pytest.fixture
def kept_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How many lines of `logged` a filter counts, and what for."""

    name: str
    lines: int
    labels: tuple[str, ...] = ()


@pytest.fixture
def logged(kept_logging: None, capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return what the service logs of four uploads, a body that is no job, and bad requests."""
    configure_logs("INFO")
    web = WebFixture(settings=SETTINGS.model_copy(update={"sqs_max_receive_count": 2}))
    bad, deadly, refused = (photo_number(number) for number in (1, 2, 3))
    web.fails(bad, InvalidImage("the image data is damaged"))
    web.fails(deadly, RecognizerDied("killed"))
    web.fails(refused, StorageUnavailable("S3 is away"))
    for photo in (PHOTO, bad, deadly, refused):
        assert web.upload(photo, Prefer="respond-async").status_code == 202
    web.queue.send("no job")
    for _ in range(5):
        web.worker.run_once()
        web.memory.clock.advance(30)
    web.client.get("/nowhere")
    web.client.get("/status/no-id")
    with mock.patch.object(web.queue, "send", side_effect=QueueUnavailable("SQS is away")):
        assert web.upload(photo_number(4)).status_code == 503
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "expected",
    [
        Expected(name="requests-failed", lines=1),
        Expected(name="requests-by-status", lines=7, labels=("202", "404", "503")),
        Expected(name="request-errors", lines=3, labels=("NOT_FOUND", "QUEUE_UNAVAILABLE")),
        Expected(name="uploads", lines=4),
        Expected(name="jobs-done", lines=1),
        Expected(name="jobs-failed", lines=1),
        Expected(name="dead-letters", lines=2),
    ],
    ids=lambda expected: expected.name,
)
def test_filter_counts_what_happened(expected: Expected, logged: Lines) -> None:
    found = matched(expected.name, logged)
    fields = FILTERS[expected.name].dimensions.values()

    assert len(found) == expected.lines
    values = {str(line[field.removeprefix("$.")]) for field in fields for line in found}
    assert set(expected.labels) <= values


def test_outage_is_counted_with_its_code(logged: Lines) -> None:
    assert {line["code"] for line in matched("dependency-away", logged)} == {"STORAGE_UNAVAILABLE"}
    assert {line["code"] for line in matched("job-errors", logged)} == {
        "INVALID_IMAGE",
        "RECOGNIZER_DIED",
        "STORAGE_UNAVAILABLE",
    }


def test_job_is_counted_with_its_queue_outcome_and_time(logged: Lines) -> None:
    found = matched("jobs-by-outcome", logged)

    outcomes = Counter(line["outcome"] for line in found)
    assert outcomes == {"done": 1, "failed": 1, "retried": 1, "dead-lettered": 1}
    assert {line["queue"] for line in found} == {"interactive"}
    assert matched("job-time", logged) == found
    assert all(line["ms"] >= 0 for line in found)


def matched(name: str, logged: Lines) -> Lines:
    return [line for line in logged if is_match(FILTERS[name].pattern, line)]


def fields_of(message: str) -> set[str]:
    return {field for line in lines() if line.message == message for field in line.fields}


@pytest.mark.parametrize("one", FILTERS.values(), ids=lambda one: one.name)
def test_filter_asks_for_what_is_logged(one: Filter) -> None:
    asked = set(re.findall(r"\$\.(\w+)", one.pattern))
    messages = re.findall(r'\$\.message = "([^"]+)"', one.pattern)

    assert set(messages) <= {line.message for line in lines()}
    known = set.union(OF_EVERY_LINE, *(fields_of(message) for message in messages))
    assert asked <= known


def test_job_that_took_its_workers_down_counts_as_given_up() -> None:
    pattern = FILTERS["dead-letters"].pattern
    line = {"message": "abandoned job was failed", "code": ABANDONED}

    assert is_match(pattern, line)
    assert not is_match(pattern, line | {"code": MalformedMessage.code})  # it was counted before


@pytest.mark.parametrize("one", FILTERS.values(), ids=lambda one: one.name)
def test_filter_takes_its_value_from_a_field_that_it_asks_for(one: Filter) -> None:
    taken = [value for value in (one.value, *one.dimensions.values()) if value != "1"]

    assert all(f"{field} " in one.pattern for field in taken)
    assert one.default is None or not one.dimensions  # CloudWatch refuses both at once


@mock_aws
def test_cloudwatch_takes_each_filter() -> None:
    client = boto3.client(
        "logs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    for group in ("web", "worker", "autoscaler"):
        client.create_log_group(logGroupName=group)

    for one in FILTERS.values():
        transformation: Any = {
            "metricName": one.metric,
            "metricNamespace": "EFR",
            "metricValue": one.value,
            "unit": one.unit,
        }
        if one.default is not None:
            transformation["defaultValue"] = float(one.default)
        if one.dimensions:
            transformation["dimensions"] = one.dimensions
        client.put_metric_filter(
            logGroupName=one.log_group,
            filterName=one.name,
            filterPattern=one.pattern,
            metricTransformations=[transformation],
        )

    there = client.describe_metric_filters()["metricFilters"]
    assert {each["filterName"] for each in there} == set(FILTERS)
