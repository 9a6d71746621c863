"""One look at a running service: its queues, and what its processes show."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from core.errors import FaceServiceError
from efr_cli.status.numbers import NotShown, Numbers, most, read, together

if TYPE_CHECKING:
    from core.bootstrap.infrastructure import Infrastructure
    from core.settings import Settings

_LANES: Final = {"request": "interactive", "index": "bulk", "webhook": "events"}
"""What metrics call the queues."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What a queue holds; ``oldest_s`` is how long a message has waited, None if unknown."""

    queue: str
    waiting: int
    in_flight: int
    dead_letters: int
    oldest_s: float | None


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen at a time, and what could not be: ``unseen``, in words.

    ``parts`` are the numbers of each process, by address; those of ``web_tier`` are its, which has
    children of its own.
    """

    at: datetime
    queues: Sequence[Queue]
    queue_problem: FaceServiceError | None
    parts: dict[str, Numbers]
    web_tier: Collection[str]
    unseen: Sequence[str]

    @property
    def numbers(self) -> Numbers:
        """The numbers of all processes together."""
        return together(self.parts.values())

    @property
    def workers(self) -> list[Numbers]:
        """The numbers of each worker or autoscaler."""
        return [part for address, part in self.parts.items() if address not in self.web_tier]

    def most(self, name: str, **labels: str) -> float | None:
        """Return the largest value that any process shows of a gauge; None without any."""
        return most(self.parts.values(), name, **labels)

    def since(self, earlier: "Look") -> Numbers:
        """Return what those processes have counted since then that were seen both times."""
        return together(
            numbers.since(earlier.parts[address])
            for address, numbers in self.parts.items()
            if address in earlier.parts
        )


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Looks at the service of the settings.

    Parameters
    ----------
    places : sequence of str
        Addresses of metrics, as ``HOST:PORT``; without any, those of this machine.
    """

    settings: "Settings"
    infrastructure: "Infrastructure"
    places: Sequence[str] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def look(self) -> Look:
        """Look once; what can't be seen is in the answer."""
        parts, problems = self._parts()
        try:
            queues, problem = self._queues(parts.values()), None
        except FaceServiceError as error:
            queues, problem = [], error
        return Look(
            at=self.now(),
            queues=queues,
            queue_problem=problem,
            parts=parts,
            web_tier={
                address
                for address, part in parts.items()
                if address == self._own().get("web tier") or part.has("efr_http_requests_total")
            },
            unseen=list(self._unseen(parts, problems)),
        )

    def _parts(self) -> tuple[dict[str, Numbers], dict[str, str]]:
        parts, problems = {}, {}
        for address in self.places or self._own().values():
            try:
                parts[address] = read(address)
            except NotShown as error:
                problems[address] = str(error)
        return parts, problems

    def _own(self) -> dict[str, str]:
        """Return where the processes of this machine show their numbers."""
        port, reached = self.settings.metrics_port, self.settings.metrics_address
        if port is None:
            return {}
        names = ("web tier", "autoscaler", "worker")
        return {name: f"{reached}:{port + place}" for place, name in enumerate(names)}

    def _unseen(self, parts: dict[str, Numbers], problems: dict[str, str]) -> list[str]:
        if self.places:
            return [f"{problem}." for problem in problems.values()]
        own, port = self._own(), self.settings.metrics_port
        if not own:
            return [
                "Requests, jobs and workers can't be seen: METRICS_PORT is not set. "
                "Set it, to 9464 for example, and start the service again."
            ]
        unseen = []
        if own["web tier"] not in parts:
            unseen.append(
                f"Requests can't be seen: {problems[own['web tier']]}. "
                f"Does the web tier run, with METRICS_PORT={port}?"
            )
        if not {own["autoscaler"], own["worker"]} & parts.keys():
            unseen.append(
                f"Jobs and workers can't be seen: {problems[own['autoscaler']]}, nor at "
                f"{own['worker']}. Does an autoscaler or a worker run, with METRICS_PORT={port}?"
            )
        return unseen

    def _queues(self, parts: Collection[Numbers]) -> list[Queue]:
        settings = self.settings
        names = (
            ("request", settings.sqs_req_queue_name, settings.dead_letter_queue_name),
            ("index", settings.sqs_index_queue_name, settings.index_dead_letter_queue_name),
            ("webhook", settings.sqs_webhook_queue_name, settings.webhook_dead_letter_queue_name),
        )
        return [self._queue(kind, name, dead, parts) for kind, name, dead in names]

    def _queue(self, kind: str, name: str, dead_letters: str, parts: Collection[Numbers]) -> Queue:
        depth = self.infrastructure.depth([name], [])()
        waited_s = self.infrastructure.waiting_s(name)
        if waited_s is None and depth.visible:
            waited_s = most(parts, "efr_oldest_message_seconds", queue=_LANES[kind])
        return Queue(
            queue=kind,
            waiting=depth.visible,
            in_flight=depth.in_flight,
            dead_letters=self.infrastructure.depth([dead_letters], [])().jobs,
            oldest_s=waited_s if depth.visible else None,
        )
