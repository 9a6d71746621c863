"""A model of KEDA and of the HPA that it makes, at the times at which they look.

From KEDA's pkg/scaling/executor/scale_scaledobjects.go and pkg/scaling/modifiers/formula.go, and
from Kubernetes' pkg/controller/podautoscaler (replica_calculator.go, horizontal.go). Only what the
chart uses is here: one metric, no policy that slows a change, and the stabilisation window.
"""

import math
from dataclasses import dataclass, field
from typing import Any

TOLERANCE = 0.1
"""Of the HPA: a smaller change is left alone."""


def metric(formula: str, *, requests: int, photos: int, events: int) -> float:
    """Return the value of the chart's formula, which is Python's but for one operator."""
    assert formula == "(requests + photos + (events > 0 ? 1 : 0)) * 1.1"
    return int((requests + photos + (1 if events > 0 else 0)) * 1.1 * 1000) / 1000


@dataclass
class Keda:
    """Sizes a Deployment as a ScaledObject says."""

    spec: dict[str, Any]
    workers: int = 0
    _wanted: list[tuple[float, int]] = field(default_factory=list)
    _active_at_s: float | None = None

    @property
    def target(self) -> int:
        # KEDA has no fallback where this fails.
        return int(self.spec["advanced"]["scalingModifiers"]["target"])

    def look(self, now_s: float, *, requests: int, photos: int, events: int) -> int:
        """Bring the workers to what the queues need now; return how many there are."""
        formula = self.spec["advanced"]["scalingModifiers"]["formula"]
        load = metric(formula, requests=requests, photos=photos, events=events)
        is_active = load > float(self.spec["advanced"]["scalingModifiers"]["activationTarget"])
        if is_active:
            self._active_at_s = now_s
            self.workers = self.workers or 1
        if self.workers:
            self._resize(now_s, load)
        if not is_active and self._is_idle_for_long(now_s):
            self.workers, self._wanted = 0, []
        return self.workers

    def _is_idle_for_long(self, now_s: float) -> bool:
        idle_s = math.inf if self._active_at_s is None else now_s - self._active_at_s
        return idle_s >= float(self.spec["cooldownPeriod"])

    def _resize(self, now_s: float, load: float) -> None:
        ratio = load / (self.target * self.workers)
        wanted = self.workers
        if abs(1.0 - ratio) > TOLERANCE:
            wanted = math.ceil(load / self.target)
        wanted = max(
            1, min(wanted, int(self.spec["maxReplicaCount"]))
        )  # never none: that is KEDA's
        behaviour = self.spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        window_s = behaviour["scaleDown"]["stabilizationWindowSeconds"]
        self._wanted = [each for each in self._wanted if each[0] > now_s - window_s]
        self._wanted.append((now_s, wanted))
        held = max(each for _, each in self._wanted)
        self.workers = max(wanted, min(self.workers, held))
