"""Real children of every kind: deadline, death, replacement."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import (
    InvalidImage,
    ModelMissing,
    RecognitionTimedOut,
    RecognizerDied,
    TooBusy,
)
from core.executors.pool import WarmPool
from core.faces.results import NO_EMBEDDING
from harness.waiting import wait_until
from tests.support.executors import PROCESSES, Executor, is_alive, on_ray
from tests.support.photos import ROOT
from tests.support.ray_cluster import access
from tests.support.recognizers import ObedientRecognizer, UnloadableRecognizer


@pytest.fixture(params=["processes", "ray"])
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "processes":
        return PROCESSES
    return on_ray(request.getfixturevalue("ray_address"))


@pytest.fixture
def pool_of(executor: Executor) -> Iterator[Callable[..., WarmPool]]:
    """Make pools that are stopped in the end, so that a failure leaves none in Ray's cluster."""
    with ExitStack() as stack:

        def made(*args: Any, **options: Any) -> WarmPool:
            pool = executor.pool(*args, **options)
            stack.callback(pool.stop)
            return pool

        yield made
    wait_until(lambda: not executor.children(), what="the children to end")


@pytest.fixture
def pool(pool_of: Callable[..., WarmPool]) -> WarmPool:
    pool = pool_of(ObedientRecognizer, timeout_s=2)
    pool.start()
    return pool


def test_photo_is_recognised_in_a_child(pool: WarmPool) -> None:
    assert len(pool.recognise(b"a photo").faces) == 1


def test_child_does_no_more_than_is_needed(pool: WarmPool) -> None:
    answer = pool.recognise(b"a photo", NO_EMBEDDING)

    assert [face.embedding.size for face in answer.faces] == [0]


def test_one_warm_child_serves_all_photos(executor: Executor, pool: WarmPool) -> None:
    before = executor.children()

    for _ in range(5):
        pool.recognise(b"a photo")

    assert executor.children() == before


def test_error_of_the_recogniser_keeps_its_type_and_text(pool: WarmPool) -> None:
    with pytest.raises(InvalidImage, match=r"^the image data is damaged$"):
        pool.recognise(b"damaged")
    with pytest.raises(ZeroDivisionError, match=r"^a bug$"):
        pool.recognise(b"surprise")
    with pytest.raises(RuntimeError, match=r"^dlib does not like it$"):
        pool.recognise(b"runtime")


def test_child_over_its_deadline_is_killed_and_replaced(executor: Executor, pool: WarmPool) -> None:
    before = executor.children()
    started_s = time.monotonic()

    with pytest.raises(RecognitionTimedOut, match="JOB_TIMEOUT_SECONDS"):
        pool.recognise(b"hang")

    assert time.monotonic() - started_s >= 2
    wait_until(lambda: not before & executor.children(), what="the old child to end")
    assert len(pool.recognise(b"a photo").faces) == 1


def test_stopped_child_is_killed_and_replaced(executor: Executor, pool: WarmPool) -> None:
    (pid,) = executor.children()
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(RecognitionTimedOut):
        pool.recognise(b"a photo")

    assert len(pool.recognise(b"a photo").faces) == 1


def test_child_that_dies_at_work_is_replaced(pool: WarmPool) -> None:
    with pytest.raises(RecognizerDied):
        pool.recognise(b"die")

    assert len(pool.recognise(b"a photo").faces) == 1


def test_child_killed_while_idle_is_replaced(executor: Executor, pool: WarmPool) -> None:
    (pid,) = executor.children()
    os.kill(pid, signal.SIGKILL)

    answers = []
    for _ in range(2):  # the death may be noticed only by the first photo
        try:
            answers.append(pool.recognise(b"a photo"))
        except RecognizerDied:
            continue

    assert answers


def test_hanging_child_does_not_hold_up_its_neighbour(pool_of: Callable[..., WarmPool]) -> None:
    pool = pool_of(ObedientRecognizer, processes=2, timeout_s=5)
    pool.start()
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(pool.recognise, b"hang")

        for _ in range(10):
            pool.recognise(b"a photo")

        assert not hanging.done()
        assert isinstance(hanging.exception(), RecognitionTimedOut)
    pool.stop()


def test_impatient_caller_is_told_that_all_children_are_busy(pool: WarmPool) -> None:
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(pool.recognise, b"hang")
        wait_until(lambda: is_busy(pool), what="the child to be busy")

        with pytest.raises(TooBusy):
            pool.recognise(b"a photo", patience_s=0.05)

        assert isinstance(hanging.exception(), RecognitionTimedOut)
    assert len(pool.recognise(b"a photo", patience_s=5).faces) == 1


def is_busy(pool: WarmPool) -> bool:
    try:
        pool.recognise(b"a photo", patience_s=0.001)
    except TooBusy:
        return True
    return False


def test_patient_caller_gets_the_child_that_becomes_free(pool: WarmPool) -> None:
    with ThreadPoolExecutor(1) as other:
        hanging = other.submit(pool.recognise, b"hang")
        wait_until(lambda: is_busy(pool), what="the child to be busy")

        assert len(pool.recognise(b"a photo", patience_s=30).faces) == 1

        assert hanging.exception() is not None


def test_missing_model_is_reported_at_the_start(pool_of: Callable[..., WarmPool]) -> None:
    pool = pool_of(UnloadableRecognizer, processes=1, timeout_s=1)

    with pytest.raises(ModelMissing, match="does not exist"):
        pool.start()
    pool.stop()


def test_stop_leaves_no_child_behind(executor: Executor, pool_of: Callable[..., WarmPool]) -> None:
    pool = pool_of(ObedientRecognizer, processes=2, timeout_s=1)
    before = executor.children()
    pool.start()
    assert len(executor.children() - before) == 2

    pool.stop()

    wait_until(lambda: executor.children() <= before, what="the children to end")


def test_stop_ends_a_running_photo_at_once(pool_of: Callable[..., WarmPool]) -> None:
    pool = pool_of(ObedientRecognizer, processes=1, timeout_s=60)
    pool.start()
    with ThreadPoolExecutor(1) as other:
        running = other.submit(pool.recognise, b"hang")
        with pytest.raises(TimeoutError):
            running.result(timeout=1)

        pool.stop()

        assert isinstance(running.exception(timeout=30), RecognizerDied)


def test_stopped_pool_stays_stopped(executor: Executor, pool_of: Callable[..., WarmPool]) -> None:
    pool = pool_of(ObedientRecognizer, processes=1, timeout_s=60)
    before = executor.children()
    pool.start()
    pool.stop()

    with pytest.raises(RecognizerDied, match="stopped"):
        pool.recognise(b"a photo")

    wait_until(lambda: executor.children() <= before, what="the children to end")


@pytest.mark.parametrize("kind", ["processes", "ray", "own ray"])
def test_children_die_with_a_killed_parent(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("ray_address") if kind == "ray" else None
    executor = PROCESSES if kind == "processes" else on_ray(address)
    script = (
        "from tests.support.executors import PROCESSES, on_ray\n"
        "from tests.support.recognizers import ObedientRecognizer\n"
        "if __name__ == '__main__':\n"
        f"    executor = {'PROCESSES' if kind == 'processes' else f'on_ray({address!r})'}\n"
        "    pool = executor.pool(ObedientRecognizer, timeout_s=60)\n"
        "    pool.start()\n"
        "    print('ready', flush=True)\n"
        "    pool.recognise(b'hang')\n"
    )
    path = tmp_path / "killed_parent.py"
    path.write_text(script)
    parent = subprocess.Popen(
        [sys.executable, path],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)} | access(),
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    family = executor.children(psutil.Process(parent.pid) if executor.are_own else None)
    assert family

    parent.kill()
    parent.wait()

    wait_until(lambda: not any(is_alive(pid) for pid in family), what="the children to end")
    parent.stdout.close()
    for left in Path(tempfile.gettempdir()).glob(f"ray-{parent.pid}-*"):  # Ray's logs
        shutil.rmtree(left, ignore_errors=True)
