"""Numbers of processes: added up, compared with earlier ones, and as quantiles."""

import pytest
from efr_cli.status.numbers import NotShown, Numbers, most, read, together
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from tests.support.services.http_service import HttpService


class Shown(HttpService):
    """What a process shows, whatever is asked."""

    def __init__(self, text: str, status: int = 200) -> None:
        super().__init__()
        self.text, self.status = text, status

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        return self.status, self.text


def numbers(text: str) -> Numbers:
    with Shown(text) as shown:
        return read(f"127.0.0.1:{shown.port}")


ONE = numbers(
    """
efr_jobs_total{queue="bulk",outcome="done"} 4.0
efr_jobs_total{queue="interactive",outcome="done"} 3.0
efr_jobs_total{queue="interactive",outcome="failed"} 1.0
efr_workers{state="there"} 2.0
python_info{version="3"} 1.0
"""
)


def test_sums_are_those_of_the_series_with_the_labels() -> None:
    assert ONE.total("efr_jobs_total") == 8
    assert ONE.total("efr_jobs_total", queue="interactive") == 4
    assert ONE.by("efr_jobs_total", "outcome") == {"done": 7, "failed": 1}
    assert ONE.has("efr_workers")
    assert not ONE.has("python_info")


def test_processes_are_added_up_and_gauges_compared() -> None:
    other = numbers('efr_jobs_total{queue="bulk",outcome="done"} 5.0\nefr_workers{state="there"} 1')

    assert together([ONE, other]).total("efr_jobs_total") == 13
    assert most([ONE, other], "efr_workers", state="there") == 2
    assert most([ONE, other], "efr_workers", state="wanted") is None


def test_counter_that_fell_has_begun_again() -> None:
    earlier = numbers('efr_errors_total{code="A"} 7.0\nefr_errors_total{code="B"} 7.0')
    later = numbers('efr_errors_total{code="A"} 9.0\nefr_errors_total{code="B"} 2.0')

    assert later.since(earlier).by("efr_errors_total", "code") == {"A": 2, "B": 2}


def test_quantile_is_the_one_of_prometheus() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("efr_x", "", ["stage"], buckets=(1, 2, 4), registry=registry)
    for value in (0.5, 1.5, 1.6, 3, 9):
        histogram.labels("embed").observe(value)
    found = numbers(generate_latest(registry).decode())

    assert found.quantile(0.5, "efr_x", stage="embed") == 1.75  # 1.5 of the 2 between 1 and 2
    assert found.quantile(0.95, "efr_x", stage="embed") == 4  # beyond, the last bound is told
    assert found.quantile(0.5, "efr_x", stage="align") is None


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        (Shown("<html>", 200), "something else"),
        (Shown("", 404), "something else"),
        (Shown("efr_children NaN\n"), "something else"),
        (Shown("efr_jobs_total 1e999\n"), "something else"),
        (Shown('efr_errors_total{code="\x1b[2J"} 5.0\n'), "something else"),
        (Shown('efr_x_bucket{le="all of them!"} 5.0\n'), "something else"),
    ],
)
def test_what_is_no_metrics_is_told_apart(shown: Shown, says: str) -> None:
    with shown, pytest.raises(NotShown, match=says):
        read(f"127.0.0.1:{shown.port}")


def test_closed_port_is_told() -> None:
    with Shown("") as shown:
        port = shown.port

    with pytest.raises(NotShown, match=f"nothing answers at 127.0.0.1:{port}"):
        read(f"127.0.0.1:{port}")
