"""Real child processes: deadline, death, replacement."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from trial.waiting import wait_until

from core.errors import (
    InvalidImage,
    ModelMissing,
    RecognitionTimedOut,
    RecognizerDied,
    TooBusy,
)
from core.timed_pool import TimedPool
from tests.support.photos import ROOT
from tests.support.recognizers import ObedientRecognizer, UnloadableRecognizer


@pytest.fixture
def pool() -> Iterator[TimedPool]:
    pool = TimedPool(ObedientRecognizer, processes=1, timeout_s=2)
    pool.start()
    yield pool
    pool.stop()


def children() -> set[int]:
    """Return the pids of the pool's children."""
    own = psutil.Process()
    return {child.pid for child in own.children() if "multiprocessing.spawn" in command(child)}


def command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has just ended
        return ""


def test_photo_is_recognised_in_a_child(pool: TimedPool) -> None:
    assert len(pool.recognise(b"a photo").faces) == 1


def test_one_warm_child_serves_all_photos(pool: TimedPool) -> None:
    before = children()

    for _ in range(5):
        pool.recognise(b"a photo")

    assert children() == before


def test_error_of_the_recogniser_keeps_its_type(pool: TimedPool) -> None:
    with pytest.raises(InvalidImage, match="damaged"):
        pool.recognise(b"damaged")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        pool.recognise(b"surprise")
    with pytest.raises(RuntimeError, match="dlib does not like it"):
        pool.recognise(b"runtime")


def test_child_over_its_deadline_is_killed_and_replaced(pool: TimedPool) -> None:
    before = children()
    started_s = time.monotonic()

    with pytest.raises(RecognitionTimedOut, match="JOB_TIMEOUT_SECONDS"):
        pool.recognise(b"hang")

    assert time.monotonic() - started_s >= 2
    wait_until(lambda: not before & children(), what="the old child to end")
    assert len(pool.recognise(b"a photo").faces) == 1


def test_stopped_child_is_killed_and_replaced(pool: TimedPool) -> None:
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(RecognitionTimedOut):
        pool.recognise(b"a photo")

    assert len(pool.recognise(b"a photo").faces) == 1


def test_child_that_dies_at_work_is_replaced(pool: TimedPool) -> None:
    with pytest.raises(RecognizerDied):
        pool.recognise(b"die")

    assert len(pool.recognise(b"a photo").faces) == 1


def test_child_killed_while_idle_is_replaced(pool: TimedPool) -> None:
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)

    answers = []
    for _ in range(2):  # the death may be noticed only by the first photo
        try:
            answers.append(pool.recognise(b"a photo"))
        except RecognizerDied:
            continue

    assert answers


def test_hanging_child_does_not_hold_up_its_neighbour() -> None:
    pool = TimedPool(ObedientRecognizer, processes=2, timeout_s=5)
    pool.start()
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(pool.recognise, b"hang")

        for _ in range(10):
            pool.recognise(b"a photo")

        assert not hanging.done()
        assert isinstance(hanging.exception(), RecognitionTimedOut)
    pool.stop()


def test_impatient_caller_is_told_that_all_children_are_busy(pool: TimedPool) -> None:
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(pool.recognise, b"hang")
        wait_until(lambda: is_busy(pool), what="the child to be busy")

        with pytest.raises(TooBusy):
            pool.recognise(b"a photo", patience_s=0.05)

        assert isinstance(hanging.exception(), RecognitionTimedOut)
    assert len(pool.recognise(b"a photo", patience_s=5).faces) == 1


def is_busy(pool: TimedPool) -> bool:
    try:
        pool.recognise(b"a photo", patience_s=0.001)
    except TooBusy:
        return True
    return False


def test_patient_caller_gets_the_child_that_becomes_free(pool: TimedPool) -> None:
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(pool.recognise, b"hang")
        wait_until(lambda: is_busy(pool), what="the child to be busy")

        assert len(pool.recognise(b"a photo", patience_s=30).faces) == 1

        assert hanging.exception() is not None


def test_missing_model_is_reported_at_the_start() -> None:
    pool = TimedPool(UnloadableRecognizer, processes=1, timeout_s=1)

    with pytest.raises(ModelMissing, match="does not exist"):
        pool.start()
    pool.stop()


def test_stop_leaves_no_child_behind() -> None:
    pool = TimedPool(ObedientRecognizer, processes=2, timeout_s=1)
    before = children()
    pool.start()
    assert len(children() - before) == 2

    pool.stop()

    wait_until(lambda: children() <= before, what="the children to end")
    assert children() <= before


def test_stop_ends_a_running_photo_at_once() -> None:
    pool = TimedPool(ObedientRecognizer, processes=1, timeout_s=60)
    pool.start()
    with ThreadPoolExecutor(1) as other:
        running = other.submit(pool.recognise, b"hang")
        with pytest.raises(TimeoutError):
            running.result(timeout=1)

        pool.stop()

        assert isinstance(running.exception(timeout=30), RecognizerDied)


def test_stopped_pool_stays_stopped() -> None:
    pool = TimedPool(ObedientRecognizer, processes=1, timeout_s=60)
    before = children()
    pool.start()
    pool.stop()

    with pytest.raises(RecognizerDied, match="stopped"):
        pool.recognise(b"a photo")

    assert children() <= before


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "from core.timed_pool import TimedPool\n"
        "from tests.support.recognizers import ObedientRecognizer\n"
        "if __name__ == '__main__':\n"
        "    pool = TimedPool(ObedientRecognizer, processes=1, timeout_s=60)\n"
        "    pool.start()\n"
        "    print('ready', flush=True)\n"
        "    pool.recognise(b'hang')\n"
    )
    path = tmp_path / "killed_parent.py"
    path.write_text(script)
    parent = subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    family = psutil.Process(parent.pid).children(recursive=True)
    assert family

    parent.kill()
    parent.wait()

    wait_until(lambda: not any(alive(child) for child in family), what="the children to end")
    parent.stdout.close()


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
