"""A Prometheus of a trial's own, with the rules and the configuration of ``deploy/prometheus``."""

import json
import math
import re
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, Self

import requests
import yaml

from core.settings import Settings
from harness.localstack import free_port
from harness.service_process import ServiceProcess
from harness.waiting import wait_until
from harness.watched.alert_rules import FACTOR, HURRIED, LONG, hurried
from scripts.grafana.dashboard import FILE
from scripts.grafana.panels import OR_ZERO, filled
from scripts.observe import command, written

MISSING: Final = "PROMETHEUS IS NOT INSTALLED (apt-get install prometheus)"
_TIMEOUT_S: Final = 30
_RATES: Final = "1m"
"""What Grafana puts for ``$__rate_interval``: four scrapes at least."""
_COUNTER: Final = re.compile(r"efr_.*_(total|count|sum|bucket)")
_MOST_POINTS: Final = 10_000


def binary() -> str | None:
    """Return the program, None where it is not installed."""
    return shutil.which("prometheus")


class Prometheus(ServiceProcess):
    """Started and ended by ``with``; reads the service of the settings meanwhile.

    Parameters
    ----------
    settings : Settings
        The service's.
    folder : Path
    every_s : int, optional
        Time between two scrapes, and between two looks at the rules; as shipped unless given.
    names : collection of str
        Alerts of which a quicker copy is watched, too.
    factor : float
        How much quicker it is.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        every_s: int | None = None,
        names: Collection[str] = LONG,
        factor: float = FACTOR,
    ) -> None:
        super().__init__(folder)
        self.names = names
        self._port = free_port()
        self._file = written(settings, folder)
        read = yaml.safe_load(self._file.read_text())
        copies = folder / "hurried.yml"
        copies.write_text(yaml.safe_dump(hurried(names, factor)))
        read["rule_files"].append(str(copies))
        if every_s is not None:
            read["global"] = dict.fromkeys(read["global"], f"{every_s}s")
        self.every_s = int(read["global"]["scrape_interval"].rstrip("s"))
        self._file.write_text(yaml.safe_dump(read))

    def __enter__(self) -> Self:
        program = binary()
        if program is None:
            raise FileNotFoundError(MISSING)
        self.began = time.time()
        self._run(command(program, self._file, port=self._port), "prometheus.log")
        wait_until(self._is_up, seconds=60, what="Prometheus to start")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series that a query finds now."""
        return self._asked("query", query=query)

    def value(self, query: str) -> float:
        """Return the only value that a query finds; 0 if it finds none."""
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else 0.0

    def over_time(self, query: str, *, since: float) -> list[dict[str, Any]]:
        """Return what a query finds from a time on, in seconds since 1970."""
        now = time.time()
        step_s = max(1, math.ceil((now - since) / _MOST_POINTS))
        return self._asked("query_range", query=query, start=since, end=now, step=step_s)

    def active(self, state: str = "") -> set[tuple[str, str]]:
        """Return names and paces of the alerts that fire or are about to, or that do as said."""
        found = requests.get(f"{self._address}/api/v1/alerts", timeout=_TIMEOUT_S).json()
        return {
            (each["labels"]["alertname"], each["labels"].get("pace", ""))
            for each in found["data"]["alerts"]
            if state in ("", each["state"])
        }

    def pace(self, alert: str) -> str:
        """Return which copy of an alert is looked at, empty for the shipped one."""
        return HURRIED["pace"] if alert in self.names else ""

    def panels_without_data(self) -> list[str]:
        """Return the queries of the dashboard that found nothing since this was started."""
        return [query for query in panel_queries() if not self._has_data(query)]

    def fallen(self, part: str = ".*") -> list[dict[str, str]]:
        """Return the labels of counters that fell between any two scrapes."""
        seconds = round(time.time() - self.began) + 1
        counters = [name for name in self._names() if _COUNTER.fullmatch(name)]
        return [
            {"name": name} | found["metric"]
            for name in counters
            for found in self.ask(f'resets({name}{{part=~"{part}"}}[{seconds}s]) > 0')
        ]

    def _has_data(self, query: str) -> bool:
        found = self.over_time(query, since=self.began)
        values = (float(value) for series in found for _, value in series["values"])
        return any(math.isfinite(value) for value in values)

    def _names(self) -> list[str]:
        address = f"{self._address}/api/v1/label/__name__/values"
        names: list[str] = requests.get(address, timeout=_TIMEOUT_S).json()["data"]
        return names

    def _asked(self, what: str, **parameters: Any) -> list[dict[str, Any]]:
        address = f"{self._address}/api/v1/{what}"
        found = requests.get(address, params=parameters, timeout=_TIMEOUT_S).json()
        if found["status"] != "success":
            raise ValueError(f"{parameters['query']}: {found['error']}")
        result: list[dict[str, Any]] = found["data"]["result"]
        return result

    @property
    def _address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self._address}/-/ready", timeout=5).ok
        except requests.RequestException:
            return False


def panel_queries() -> list[str]:
    """Return all queries of the dashboard that are about our metrics, as Grafana asks them.

    Without the zeros that stand in for what was never counted: they would be data in any case.
    """
    panels = json.loads(FILE.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [filled(query.replace(OR_ZERO, ""), _RATES) for query in queries if "efr_" in query]
