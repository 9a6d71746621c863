"""What a process tells of its buckets in the log when it starts."""

import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from core.errors import ServiceUnavailable
from core.ports import Bucket

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_MAX_PAUSE_S: Final = 600


def tell_of_versions(buckets: Mapping[str, Bucket]) -> None:
    """Log which buckets keep versions, once S3 answers."""
    for name, bucket in buckets.items():
        if _once_s3_answers(bucket.keeps_versions):
            log.warning("bucket keeps versions", extra={"bucket": name})


def tell_of_obstacles(buckets: Mapping[str, Bucket]) -> None:
    """Log which buckets of callers can't be read, once S3 answers; they may be made later."""
    for name, bucket in buckets.items():
        obstacle = _once_s3_answers(bucket.obstacle)
        if obstacle is not None:
            log.warning(
                "bucket of ALLOWED_BUCKETS could not be read",
                extra={"bucket": name, "reason": obstacle},
            )


def _once_s3_answers(ask: Callable[[], _T]) -> _T:
    patience = Retrying(
        retry=retry_if_exception_type(ServiceUnavailable),
        wait=wait_exponential(max=_MAX_PAUSE_S),
        before_sleep=_note_failure,
    )
    answer: _T = patience(ask)
    return answer


def _note_failure(state: RetryCallState) -> None:
    reason = state.outcome.exception() if state.outcome else None
    log.info("bucket could not be looked at", extra={"reason": str(reason)})
