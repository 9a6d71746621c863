"""How a trial counts: answers, costs, requests in a log, faces of an album."""

import mmap
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.service.bench_pipeline_goals import cpu_over_engine, share_of_engine
from core.faces.results import Recognition
from harness.aws_prices import usd_per_million
from harness.load_clients import Answer, Pattern
from harness.photo_set import People
from harness.report import answers_summary, costs_summary, page
from harness.resource_meter import CpuMeter, RequestLog, written_mb
from tests.support.faces import TIMINGS_MS, face, recognition
from tests.support.photos import made_photo

LINE = "2026-11-27T09:19:16.819  INFO --- [et.reactor-3] localstack.request.aws : AWS {} => 200\n"


def answer(seconds: float, *, status: str = "done", result: str | None = "Ada") -> Answer:
    return Answer(
        photo="a.jpg", expected="Ada", due_s=0, seconds=seconds, status=status, result=result
    )


def test_only_a_done_answer_with_the_expected_name_is_right() -> None:
    answers = [
        answer(1),
        answer(2, result="Bob"),
        answer(3, status="failed", result=None),
        answer(4, status="unanswered", result=None),
    ]

    summary = answers_summary(answers, wall_s=2)

    counted = {key: summary[key] for key in ("right", "wrong", "failed", "refused", "unanswered")}
    assert counted == {"right": 1, "wrong": 1, "failed": 1, "refused": 0, "unanswered": 1}
    assert summary["latency_s"]["mean"] == 2.5
    assert summary["photos_per_s"] == 2


def test_requests_of_onlookers_are_not_a_cost_of_the_jobs() -> None:
    requests = Counter({"s3.GetObject": 30, "sqs.SendMessage": 10, "sqs.GetQueueAttributes": 99})

    costs = costs_summary(10, {"web": 0.5}, requests)

    assert (costs["s3_per_job"], costs["sqs_per_job"]) == (3, 1)
    assert costs["cpu_s_per_job"] == {"web": 0.05}


def test_requests_are_counted_from_now_on_and_beyond_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "localstack.log"
    file.write_text(LINE.format("s3.PutObject"))
    log = RequestLog(file)

    with file.open("a") as more:
        more.write(LINE.format("s3.GetObject") + "no request\n" + LINE.format("sqs.SendMessage"))
    log.follow()
    with file.open("a") as more:
        more.write(LINE.format("s3.GetObject"))
    file.rename(tmp_path / "localstack.log.1")
    file.write_text(LINE.format("s3.GetObject"))
    log.follow()
    log.follow()

    assert log.counts == {"s3.GetObject": 3, "sqs.SendMessage": 1}


def test_half_a_line_is_counted_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "localstack.log"
    file.touch()
    log = RequestLog(file)
    line = LINE.format("s3.GetObject")

    for part in (line[:90], line[90:]):
        with file.open("a") as more:
            more.write(part)
        log.follow()

    assert log.counts == {"s3.GetObject": 1}


def test_processor_time_is_that_of_the_named_processes() -> None:
    meter = CpuMeter({"me": [os.getpid()], "nobody": [2**22 + 1]})
    while meter.seconds()["clients"] < 0.02:
        pass

    seconds = meter.seconds()

    assert seconds["me"] > 0
    assert seconds["nobody"] == 0


@pytest.mark.parametrize(
    ("pattern", "threads", "third_due_s"),
    [
        (Pattern(clients=10), 10, 0),
        (Pattern(rate=4), 100, 0.5),
        (Pattern(), 100, 0),
    ],
    ids=["clients", "rate", "at once"],
)
def test_pattern_says_how_many_and_when(pattern: Pattern, threads: int, third_due_s: float) -> None:
    assert pattern.threads(100) == threads
    assert pattern.due_s(2) == third_due_s


def test_engine_alone_says_what_is_expected(tmp_path: Path) -> None:
    shown: dict[bytes, Recognition] = {}
    for number, person in enumerate(("Ada", "Bob")):
        home = tmp_path / person
        home.mkdir()
        for photo, shift in (("0.jpg", 0.0), ("1.jpg", 0.01)):
            content = made_photo(size=(64 + number, 48 if photo == "0.jpg" else 50))
            (home / photo).write_bytes(content)
            shown[content] = recognition(face(number + shift))
    stranger = made_photo(size=(90, 90))
    (tmp_path / "Bob" / "2.jpg").write_bytes(stranger)
    shown[stranger] = recognition(face(50))

    people = People.of(tmp_path, shown.__getitem__, people=9, probes=9, max_distance=0.5)

    assert {p.path.name + p.person: p.expected for p in people.probes} == {
        "1.jpgAda": "Ada",
        "1.jpgBob": "Bob",
        "2.jpgBob": "Unknown",
    }
    assert len(people.sequence(7)) == 7
    assert {p.engine_s for p in people.probes} == {sum(TIMINGS_MS.values()) / 1000}


def test_trial_expects_what_the_bounds_of_quality_leave(tmp_path: Path) -> None:
    shown = {}
    for number, (person, quality) in enumerate([("Ada", 49), ("Bob", 50)]):
        (tmp_path / person).mkdir()
        for photo, poor in enumerate([quality, 20, 19]):
            content = made_photo(size=(20 + 10 * number + photo, 20))
            (tmp_path / person / f"{photo}.jpg").write_bytes(content)
            shown[content] = recognition(face(number, quality=poor))

    people = People.of(
        tmp_path,
        shown.__getitem__,
        people=9,
        probes=9,
        max_distance=0.5,
        min_enrol_quality=50,
        min_match_quality=20,
    )

    assert list(people.enrolled) == ["Bob"]
    assert [probe.expected for probe in people.probes] == ["Bob", "Unknown"]


def test_folder_without_two_photos_of_anybody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Ada").mkdir()

    with pytest.raises(ValueError, match="two photos"):
        People.of(tmp_path, lambda _: recognition(), people=1, probes=1, max_distance=0.5)


def test_report_page_shows_plots_and_escapes_what_it_shows() -> None:
    moment = {"at_s": 1.0, "visible": 3, "in_flight": None, "workers": 1}
    report = {"measured_at": "today", "load": "<b>", "timeline": [moment, moment | {"at_s": 2.0}]}

    shown = page(report, [answer(1), answer(2)])

    assert shown.count("<svg") == 3
    assert "&lt;b&gt;" in shown


def test_shares_take_the_emulator_out() -> None:
    part = {
        "backlog": {
            "photos": 100,
            "wall_s": 10.0,
            "engine_cpu_s_per_job": 0.1,
            "cpu_s_per_job": {"web": 0.02, "workers": 0.11, "localstack": 0.04},
        },
        "bare_engine": {"processes": 2, "photos_per_s": 20.0},
    }

    assert share_of_engine(part) == pytest.approx(100 / 8 / 20)
    assert np.isclose(cpu_over_engine(part), 0.3)


def test_a_million_jobs_cost_what_their_requests_and_seconds_cost() -> None:
    requests = {"s3.PutObject": 2.0, "s3.GetObject": 10.0, "s3.DeleteObject": 5.0, "sqs.Send": 1.0}

    usd = usd_per_million(requests, {"web": 0.02, "workers": 0.07, "localstack": 9.0})

    assert usd == {
        "s3": 10 + 4,
        "sqs": 0.4,
        "processors": pytest.approx(0.09 * 1e6 / 3600 * 0.08925 / 2, abs=0.01),
        "total": pytest.approx(14.4 + 1.12, abs=0.01),
    }


def test_listing_costs_as_much_as_writing() -> None:
    assert usd_per_million({"s3.ListObjectsV2": 1.0}, {})["total"] == 5


def test_written_memory_is_what_a_process_wrote_not_what_it_mapped(tmp_path: Path) -> None:
    file = tmp_path / "library"
    file.write_bytes(bytes(40_000_000))
    before_mb = written_mb(os.getpid())

    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert np.frombuffer(mapped, dtype=np.uint8).max() == 0  # every page was read
        mapped_mb = written_mb(os.getpid())
    written = np.ones(80_000_000, dtype=np.uint8)
    after_mb = written_mb(os.getpid())

    assert mapped_mb - before_mb < 20
    assert after_mb - mapped_mb > 60
    assert written[-1] == 1
