"""Whether the process is alive, and whether the service can be used."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from edge import error_answer
from flask.typing import ResponseReturnValue
from operations import Answer, Api, Operation
from schemas import Health, Readiness

from core.bootstrap.web import WebParts
from core.errors import ServiceUnavailable

log = logging.getLogger(__name__)


def add_health_routes(api: Api, parts: WebParts) -> None:
    """Add ``/health`` and ``/ready``."""

    @api.route("GET", "/health", HEALTH)
    def health() -> ResponseReturnValue:
        return Health().model_dump()

    @api.route("GET", "/ready", READY)
    def ready() -> ResponseReturnValue:
        with ThreadPoolExecutor(max_workers=len(parts.checks)) as threads:
            problems = list(threads.map(_problem, parts.checks.values()))
        missing = [name for name, problem in zip(parts.checks, problems, strict=True) if problem]
        if not missing:
            return Readiness(galleries=parts.index_states()).model_dump()
        text = f"missing: {', '.join(missing)}"
        return error_answer(ServiceUnavailable.code, text, 503, retryable=True)


def _problem(check: Callable[[], None]) -> ServiceUnavailable | None:
    try:
        check()
    except ServiceUnavailable as error:
        log.warning("dependency is missing", extra={"reason": str(error)})
        return error
    return None


HEALTH = Operation(
    tag="Service",
    summary="Is the process alive?",
    answers={200: Answer(text="It is.", models=(Health,))},
    curl="/health",
)
READY = Operation(
    tag="Service",
    summary="Can the service be used?",
    text=(
        "Asks S3 and SQS for every bucket and queue. `galleries` has the state of each gallery "
        "that lies in this process's memory: `loading`, `exact`, `building` or `index`."
    ),
    answers={200: Answer(text="It can.", models=(Readiness,))},
    errors=(ServiceUnavailable,),
    curl="/ready",
)
