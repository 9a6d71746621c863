"""Whether the process is alive, and whether the service can be used."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.errors import ServiceUnavailable
from efr_web.caller import visible
from efr_web.middleware import error_answer
from efr_web.openapi.operation import Answer, Api, Operation
from efr_web.schemas.service import Health, Readiness

log = logging.getLogger(__name__)


_TRUSTED_S: Final = 1.0
"""How old the answer of ``/ready`` may be; faster polls cost no further requests."""


def add_health_routes(
    api: Api, parts: WebParts, clock: Callable[[], float] = time.monotonic
) -> None:
    """Add ``/health`` and ``/ready``."""
    dependencies = Dependencies(parts.checks, clock)

    @api.route("GET", "/health", HEALTH)
    def health() -> ResponseReturnValue:
        return Health().model_dump()

    @api.route("GET", "/ready", READY)
    def ready() -> ResponseReturnValue:
        missing = dependencies.missing()
        if not missing:
            return Readiness(
                galleries=visible(parts).index_states(), limits=parts.limits.state()
            ).model_dump()
        text = f"missing: {', '.join(missing)}"
        return error_answer(ServiceUnavailable.code, text, 503, retryable=True)


class Dependencies:
    """What the service needs, checked once a second at most, by one thread at a time.

    Parameters
    ----------
    checks : mapping
        Raise ``ServiceUnavailable`` while what they are named for is missing.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self, checks: Mapping[str, Callable[[], None]], clock: Callable[[], float]
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._lock = threading.Lock()
        self._missing: list[str] = []
        self._checked_at_s: float | None = None
        self._threads = ThreadPoolExecutor(len(checks), thread_name_prefix="readiness")

    def missing(self) -> list[str]:
        """Return the names of what was missing a second ago or later."""
        with self._lock:
            now_s = self._clock()
            if self._checked_at_s is None or now_s - self._checked_at_s >= _TRUSTED_S:
                problems = self._threads.map(_problem, self._checks.values())
                pairs = zip(self._checks, problems, strict=True)
                self._missing = [name for name, problem in pairs if problem is not None]
                self._checked_at_s = self._clock()
            return self._missing


def _problem(check: Callable[[], None]) -> ServiceUnavailable | None:
    try:
        check()
    except ServiceUnavailable as error:
        log.warning("dependency is missing", extra={"reason": str(error)})
        return error
    return None


HEALTH = Operation(
    tag="Service",
    access="open",
    summary="Is the process alive?",
    answers={200: Answer(text="The process is alive.", models=(Health,))},
    curl="/health",
)
READY = Operation(
    tag="Service",
    access="any key",
    limit="none",
    summary="Can the service be used?",
    text=(
        "Asks S3 and SQS for every bucket and queue. `galleries` has the state of each gallery "
        "in this process's memory: `loading`, `exact`, `building` or `index`. `limits` says where "
        "requests are counted: `shared` by all processes in Redis, in this `process`, or `away` if "
        "Redis is, so that this process counts by itself. `none` are set."
    ),
    answers={200: Answer(text="The service can be used.", models=(Readiness,))},
    errors=(ServiceUnavailable,),
    curl="/ready",
)
