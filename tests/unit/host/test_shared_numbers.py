"""Numbers of processes that come and go are shown together, and none falls."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from core.host.shared_numbers import SharedNumbers

COUNTS = """
import sys
from core.host.metrics import metrics
metrics().jobs.labels("interactive", "done").inc(3)
metrics().request_seconds.labels("/").observe(0.02)
metrics().children.set(2)
if sys.argv[1:] == ["wait"]:
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def shown(tmp_path: Path) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SharedNumbers(tmp_path))
    return registry


def run(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", COUNTS, *arguments],
        env={"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_counts_of_ended_processes_stay_and_their_gauges_go(
    shown: CollectorRegistry, tmp_path: Path
) -> None:
    living = run(tmp_path, "wait")
    assert living.stdout is not None
    living.stdout.readline()
    run(tmp_path).communicate()
    done = ("efr_jobs_total", {"queue": "interactive", "outcome": "done"})

    assert shown.get_sample_value(*done) == 6
    assert shown.get_sample_value("efr_children") == 2

    living.kill()  # with no word of warning
    living.communicate()
    assert shown.get_sample_value(*done) == 6
    assert shown.get_sample_value("efr_children") is None
    assert shown.get_sample_value("efr_http_request_seconds_count", {"route": "/"}) == 2
    held = {"route": "/", "le": "0.025"}
    assert shown.get_sample_value("efr_http_request_seconds_bucket", held) == 2


def test_folder_does_not_grow_with_processes_that_ended(
    shown: CollectorRegistry, tmp_path: Path
) -> None:
    run(tmp_path).communicate()
    made = {file.stem.rpartition("_")[0]: file.read_bytes() for file in tmp_path.iterdir()}
    for restart in range(200):
        for kind, numbers in made.items():
            # No process has such an id: the highest that Linux gives is 4,194,304.
            (tmp_path / f"{kind}_{5_000_000 + restart}.db").write_bytes(numbers)
        generate_latest(shown)

    assert len(list(tmp_path.iterdir())) == 2
    done = {"queue": "interactive", "outcome": "done"}
    assert shown.get_sample_value("efr_jobs_total", done) == 3 * 201


SHARES = """
import sys
from core.host import shared_numbers
print(shared_numbers.share_numbers(), flush=True)
sys.stdin.read()
"""


def test_folder_of_a_process_that_was_killed_goes_with_the_next_start(
    tmp_path: Path,
) -> None:
    names = "shared_numbers._SHARED_MEMORY, shared_numbers._YOUNG_S"
    shared_memory = f"{names} = {str(tmp_path)!r}, -1"

    def sharing() -> "tuple[subprocess.Popen[str], Path]":
        code = SHARES.replace("print", f"{shared_memory}\nprint", 1)
        started = subprocess.Popen(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert started.stdout is not None
        return started, Path(started.stdout.readline().strip())

    killed, left = sharing()
    living, held = sharing()
    assert left.is_dir(), "it is held"

    killed.kill()
    killed.communicate()
    last, own = sharing()

    assert {*tmp_path.iterdir()} == {held, own}
    for process in (living, last):
        process.communicate()
