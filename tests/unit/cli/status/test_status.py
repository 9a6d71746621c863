"""``efr status``: what is there, what is wrong, and what can't be seen."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_cli.status.alerts import AlertName, alerts
from efr_cli.status.figures import figures
from efr_cli.status.look import Look, Observer, Queue
from efr_cli.status.numbers import Numbers
from efr_cli.status.report import Workers, report
from efr_cli.status.screen import duration
from efr_cli.status.status_command import reports

from core.bootstrap.infrastructure import Infrastructure
from core.errors import QueueUnavailable
from core.settings import Settings
from harness.localstack import free_port
from tests.support.backends import home_settings
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import ROOT
from tests.unit.cli.status.test_numbers import Shown

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
WORKER = """
efr_workers{state="there"} 2.0
efr_workers{state="wanted"} 3.0
efr_workers{state="most"} 15.0
efr_children 4.0
efr_children_busy 3.0
efr_jobs_total{queue="interactive",outcome="done"} 1200.0
efr_faces_total{outcome="known"} 90.0
efr_faces_total{outcome="unknown"} 10.0
efr_errors_total{code="INVALID_IMAGE"} 7.0
efr_webhooks_total{outcome="delivered"} 8.0
efr_webhooks_total{outcome="retried"} 2.0
efr_job_stage_seconds_bucket{queue="interactive",stage="wait",le="0.1"} 10.0
efr_job_stage_seconds_bucket{queue="interactive",stage="wait",le="+Inf"} 10.0
efr_job_stage_seconds_count{queue="interactive",stage="wait"} 10.0
efr_job_stage_seconds_bucket{queue="interactive",stage="embed",le="0.5"} 10.0
efr_job_stage_seconds_bucket{queue="interactive",stage="embed",le="+Inf"} 10.0
efr_job_stage_seconds_count{queue="interactive",stage="embed"} 10.0
efr_job_stage_seconds_bucket{queue="interactive",stage="fetch",le="0.01"} 10.0
efr_job_stage_seconds_bucket{queue="interactive",stage="fetch",le="+Inf"} 10.0
efr_job_stage_seconds_count{queue="interactive",stage="fetch"} 10.0
"""
WEB = """
efr_http_requests_total{route="/",method="POST",status="202"} 99.0
efr_http_requests_total{route="/",method="POST",status="503"} 1.0
efr_children 6.0
efr_repeats_total{result="hit"} 1.0
efr_repeats_total{result="miss"} 3.0
"""


@dataclass(kw_only=True)
class Terminal:
    """Where a person types ``efr status``, for a service on a home."""

    settings: Settings
    web: Shown
    worker: Shown
    slept: list[float] = field(default_factory=list)

    @property
    def places(self) -> list[str]:
        ports = (self.web.port, self.worker.port)
        return [word for port in ports for word in ("--metrics", f"127.0.0.1:{port}")]

    def run(self, *arguments: str, **environment: str) -> Result:
        given = {"STORAGE": self.settings.storage, "QUEUE": self.settings.queue, **environment}
        return CliRunner().invoke(main, ["status", *arguments], env=given)

    def send(self, queue: str, *bodies: str) -> None:
        Infrastructure.of(self.settings).queue(queue).send_many(bodies)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with Shown(WEB) as web, Shown(WORKER) as worker:
        terminal = Terminal(settings=home_settings(tmp_path / "home"), web=web, worker=worker)
        monkeypatch.setattr(time, "sleep", terminal.slept.append)
        yield terminal


def rows(text: str) -> dict[str, list[str]]:
    return {line[:22].strip(): line[22:].split("  ") for line in text.splitlines()}


def test_healthy_service_is_on_one_screen_of_eighty_columns(terminal: Terminal) -> None:
    terminal.send(terminal.settings.sqs_index_queue_name)
    shown = terminal.run(*terminal.places)

    lines = shown.stdout.splitlines()
    assert (shown.exit_code, lines[0]) == (0, "All is well.")
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert "2 workers; 3 wanted, 15 at most; 3 of 4 children busy" in lines
    found = {name: row[-1].strip() for name, row in rows(shown.stdout).items()}
    assert found["photos done"] == "1,200"
    assert found["unknown"] == "10 %"
    assert found["slowest stage"] == "embed 250 ms, 475 ms"
    assert found["wait for a worker"] == "50 ms, 95 ms"
    assert found["failed (5xx)"] == "1.0 %"
    assert found["photos seen before"] == "25 %"
    assert found["webhooks that failed"] == "2 of 10"
    assert found["INVALID_IMAGE"] == "7"
    assert terminal.slept == [2.0]


def test_program_reads_the_same_as_json(terminal: Terminal) -> None:
    terminal.send(terminal.settings.sqs_req_queue_name, "a job")

    shown = json.loads(terminal.run(*terminal.places, "--json").stdout)

    assert shown["is_well"] is True
    assert shown["queues"][0] | {"oldest_s": 0} == {
        "queue": "request",
        "waiting": 1,
        "in_flight": 0,
        "dead_letters": 0,
        "oldest_s": 0,
    }
    assert shown["workers"] == {
        "there": 2,
        "wanted": 3,
        "most": 15,
        "children": 4,
        "children_busy": 3,
    }
    assert shown["since_start"]["stages"]["embed"] == {"p50": 0.25, "p95": 0.475}
    assert shown["since_start"]["outcomes"] == {"done": 1200}
    assert shown["lately"]["photos"] == 0


def test_dead_letter_is_told_with_the_command_that_lists_it(terminal: Terminal) -> None:
    terminal.send(terminal.settings.index_dead_letter_queue_name, "given up")

    shown = terminal.run(*terminal.places)

    assert shown.exit_code == 1
    assert shown.stdout.startswith(
        "! 1 message of the index queue was given up.\n  efr dead-letters list --queue index\n"
    )
    assert "docs/metrics.md" in shown.stdout


def test_what_cannot_be_seen_is_told_and_is_not_well(terminal: Terminal) -> None:
    without = terminal.run(METRICS_PORT="")
    closed = terminal.run(METRICS_PORT=str(free_port()))
    half = terminal.run("--metrics", f"127.0.0.1:{terminal.web.port}", "--metrics", "127.0.0.1:1")

    assert (without.exit_code, closed.exit_code, half.exit_code) == (1, 1, 1)
    assert "METRICS_PORT is not set" in without.stdout
    assert "Requests can't be seen: nothing answers at" in closed.stdout
    assert "Jobs and workers can't be seen: nothing answers at" in closed.stdout
    assert "nothing answers at 127.0.0.1:1." in half.stdout
    assert "requests" in rows(half.stdout)
    assert "photos done" not in rows(half.stdout)
    assert all("waiting" in each.stdout for each in (without, closed, half))


def test_watch_looks_again_until_it_is_interrupted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        terminal.slept.append(seconds)
        if len(terminal.slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    shown = terminal.run(*terminal.places, "--watch", "5", "--json")

    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) == 2
    assert terminal.slept == [2.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--server", "http://x", "status"], "--server is not for"),
        (["status", "--metrics", "here"], "HOST:PORT"),
        (["status", "--watch", "0"], "0.5"),
        (["status", "--watch", "nan"], "is no number"),
        (["status", "--watch", "inf"], "3600"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], says: str) -> None:
    refused = CliRunner().invoke(main, arguments)

    assert refused.exit_code == 2
    assert says in refused.stderr


def seen(*queues: Queue, after_s: float = 0, **changes: Any) -> Look:
    look = Look(
        at=NOON + timedelta(seconds=after_s),
        queues=queues,
        queue_problem=None,
        parts={},
        web_tier=set(),
        unseen=[],
    )
    return replace(look, **changes)


def requests(waiting: int, *, oldest_s: float | None = None, in_flight: int = 0) -> Queue:
    return Queue(
        queue="request",
        waiting=waiting,
        in_flight=in_flight,
        dead_letters=0,
        oldest_s=oldest_s,
    )


def counted(name: str, value: float, **labels: str) -> Numbers:
    return Numbers(values={(name, frozenset(labels.items())): value})


def told(before: Look, now: Look) -> dict[str, str]:
    lately = figures(now.since(before), 2)
    return {alert.alert: alert.says for alert in alerts(before, now, lately)}


def test_workers_beside_an_autoscaler_that_only_counts_are_counted() -> None:
    counts = Numbers(
        values={
            ("efr_workers", frozenset({("state", state)})): 0.0
            for state in ("there", "wanted", "most")
        }
    )
    web = Numbers(values={("efr_children", frozenset()): 6.0})
    worker = Numbers(
        values={("efr_children", frozenset()): 2.0, ("efr_children_busy", frozenset()): 1.0}
    )
    parts = {"web": web, "counter": counts, "one": worker, "other": worker}

    found = report(seen(), seen(parts=parts, web_tier={"web"})).workers

    assert found == Workers(there=2, wanted=None, most=None, children=4, children_busy=2)


def test_messages_that_no_worker_takes_are_told() -> None:
    idle = seen(requests(12))

    assert told(idle, idle) == {
        "NoWorkerTakesMessages": "No worker takes any of 12 messages of the request queue."
    }
    assert told(seen(requests(0)), idle) == {}
    assert told(idle, seen(requests(12, in_flight=1))) == {}
    assert told(seen(requests(12, oldest_s=3)), seen(requests(12, oldest_s=5))) == {}


@pytest.mark.parametrize(
    ("now", "alert"),
    [
        (seen(requests(1, oldest_s=31, in_flight=1)), "MessagesWaitLong"),
        (seen(queue_problem=QueueUnavailable("SQS is away")), "DependencyAway"),
        (seen(parts={"a": counted("efr_cache_away", 1, use="limits")}), "CacheAway"),
        (seen(parts={"a": counted("efr_gallery_stale_seconds", 61)}), "GalleryStale"),
    ],
)
def test_state_that_is_wrong_is_told(now: Look, alert: str) -> None:
    assert list(told(seen(), now)) == [alert]


@pytest.mark.parametrize(
    ("name", "labels", "alert"),
    [
        ("efr_http_requests_total", {"status": "503"}, "RequestsFailFast"),
        ("efr_errors_total", {"code": "STORAGE_UNAVAILABLE"}, "DependencyAway"),
        ("efr_webhooks_total", {"outcome": "given_up"}, "WebhookGivenUp"),
    ],
)
def test_only_what_happened_between_two_looks_is_told(
    name: str, labels: dict[str, str], alert: str
) -> None:
    before = seen(parts={"a": counted(name, 5, **labels)})
    now = seen(parts={"a": counted(name, 6, **labels)})

    assert told(before, before) == {}
    assert list(told(before, now)) == [alert]
    assert told(seen(), now) == {}  # a process that was not seen before has counted all its life


@pytest.mark.parametrize(("failed", "alerts"), [(7, set()), (8, {"RequestsFailFast"})])
def test_requests_may_fail_up_to_the_bound_of_the_rule(failed: int, alerts: set[str]) -> None:
    def answered(so_far: int) -> Look:
        values = {
            ("efr_http_requests_total", frozenset({("status", status)})): float(so_far * count)
            for status, count in (("200", 100 - failed), ("503", failed))
        }
        return seen(parts={"a": Numbers(values=values)})

    assert told(answered(1), answered(2)).keys() == alerts


def test_each_alert_is_one_of_the_rules() -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]

    assert {*get_args(AlertName)} <= {rule["alert"] for group in rules for rule in group["rules"]}


def test_watch_counts_over_a_minute_at_most() -> None:
    looks = iter(range(0, 400, 20))

    found = reports(lambda: seen(after_s=next(looks)), 20, lambda _: None)

    assert [next(found).lately.seconds for _ in range(5)] == [20, 40, 60, 60, 60]


def test_wait_comes_from_workers_where_the_queue_does_not_tell() -> None:
    memory = MemoryInfrastructure()
    memory.queue(memory.settings.sqs_req_queue_name).send("a job")
    text = 'efr_oldest_message_seconds{queue="interactive"} 40.0\n'
    with Shown(text) as worker:
        observer = Observer(
            settings=memory.settings,
            infrastructure=memory.joined(),
            places=[f"127.0.0.1:{worker.port}"],
        )
        queues = observer.look().queues

    assert [queue.oldest_s for queue in queues] == [40, None, None]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0314, "31 ms"), (2.14, "2.1 s"), (75, "75 s"), (600, "10 min"), (9000, "2 h")],
)
def test_times_are_short(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
