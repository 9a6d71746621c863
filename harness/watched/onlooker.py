"""A Prometheus that looks on while something else is tried, where it is installed."""

import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from harness.localstack import free_port
from harness.service_stack import ServiceStack
from harness.watched.counted import counted
from harness.watched.prometheus import MISSING, Prometheus, binary
from harness.watched.shown_numbers import ShownNumbers


class Onlooker:
    """Looks at a stack whose workers a trial starts itself, from ``begin`` on.

    Without Prometheus it sees nothing, and says so.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = ExitStack()
        self._server: Prometheus | None = None
        self.settings: dict[str, Any] = {}
        """What the stack has to be made with."""
        self.numbers: Path | None = None
        """Where its workers have to count."""
        self._is_there = binary() is not None
        if not self._is_there:
            print(f"\n{MISSING}: NO COUNTER IS COMPARED\n", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        if self._is_there:
            port = free_port()
            shown = ShownNumbers(self._folder / "exposition.log", port=port + 1)
            self._shown = self._parts.enter_context(shown)
            self.settings, self.numbers = {"metrics_port": port}, shown.folder
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def begin(self, stack: ServiceStack) -> None:
        if self._is_there:
            self._shown.show(stack.settings)
            server = Prometheus(stack.settings, self._folder / "prometheus")
            self._server = self._parts.enter_context(server)

    def report(self, stack: ServiceStack) -> dict[str, Any]:
        """Return which alerts fired, and what the workers counted, once no job is left."""
        if self._server is None:
            return {"prometheus": "missing", "is_exact": None}
        found = counted(stack, self._server)
        fired = self._server.over_time(
            'ALERTS{alertstate="firing",pace=""}', since=self._server.began
        )
        return {
            "alerts": sorted({each["metric"]["alertname"] for each in fired}),
            "counted": asdict(found),
            "is_exact": found.is_exact,
        }
