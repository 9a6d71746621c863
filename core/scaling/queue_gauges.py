"""Shows Prometheus how many messages are in each queue and among its dead letters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.host.metrics import metrics
from core.scaling.policy import Depth


@dataclass(frozen=True, kw_only=True)
class QueueGauges:
    """What is in the queues, by the names of their lanes.

    Parameters
    ----------
    queues, dead_letters : mapping
        Count messages; may raise ``ServiceUnavailable``.
    """

    queues: Mapping[str, Callable[[], Depth]]
    dead_letters: Mapping[str, Callable[[], Depth]]

    def look(self) -> None:
        """Count all messages; raises what the counters raise."""
        for name, count in self.queues.items():
            depth = count()
            metrics().queue_messages.labels(name, "waiting").set(depth.visible)
            metrics().queue_messages.labels(name, "in_flight").set(depth.in_flight)
        for name, count in self.dead_letters.items():
            metrics().dead_letters.labels(name).set(count().jobs)
