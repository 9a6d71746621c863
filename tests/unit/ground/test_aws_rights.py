"""A right that is missing is said in the log, once, with no file's name."""

import logging

import pytest

from core.ground.aws_rights import MissingRights
from core.testing import ManualClock

WHO = "User: arn:aws:sts::123456789012:assumed-role/efr-worker/i-1 is not authorized to perform: "
REFUSED = f'{WHO}sqs:ReceiveMessage on resource: "arn:aws:sqs:us-east-1:1:jobs" because no policy'


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    lines = [each for each in caplog.records if each.message == "right is missing"]
    assert all(line.levelno == logging.ERROR for line in lines)
    return [(vars(line)["action"], vars(line)["resource"]) for line in lines]


def test_refusal_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    rights = MissingRights(clock)

    rights.note(REFUSED)
    rights.note(REFUSED)
    clock.advance(61)
    rights.note(REFUSED)

    assert said(caplog) == [("sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:1:jobs")] * 2


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        ("arn:aws:s3:::in/0b7e6b52_ada.jpg", "arn:aws:s3:::in/*"),
        ("arn:aws:s3:::gallery/keys/ada.json", "arn:aws:s3:::gallery/keys/*"),
        ("arn:aws:s3:::gallery", "arn:aws:s3:::gallery"),
    ],
)
@pytest.mark.parametrize("quote", ['"', "&quot;", '\\"', ""])
def test_no_file_is_named_however_a_client_quotes_the_answer(
    caplog: pytest.LogCaptureFixture, resource: str, place: str, quote: str
) -> None:
    MissingRights().note(f"403: {WHO}s3:PutObject on resource: {quote}{resource}{quote} because")

    assert said(caplog) == [("s3:PutObject", place)]


def test_other_failures_are_no_missing_rights(caplog: pytest.LogCaptureFixture) -> None:
    MissingRights().note("An error occurred (SlowDown) when calling the PutObject operation")

    assert not said(caplog)
