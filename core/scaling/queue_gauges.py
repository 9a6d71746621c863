"""Shows Prometheus how many messages are in each queue, how long they wait, and dead letters."""

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
    waits : mapping
        Return for how many seconds the oldest message has waited; None where the queue does not
        tell. May raise the same.
    """

    queues: Mapping[str, Callable[[], Depth]]
    dead_letters: Mapping[str, Callable[[], Depth]]
    waits: Mapping[str, Callable[[], float | None]]

    def look(self) -> None:
        """Look at all queues; raises what the counters raise."""
        for name, count in self.queues.items():
            depth = count()
            metrics().queue_messages.labels(name, "waiting").set(depth.visible)
            metrics().queue_messages.labels(name, "in_flight").set(depth.in_flight)
        for name, count in self.dead_letters.items():
            metrics().dead_letters.labels(name).set(count().jobs)
        for name, wait in self.waits.items():
            if (waited_s := wait()) is not None:
                metrics().waited.labels(name).set(waited_s)
