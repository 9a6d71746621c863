"""What a child that was taken over could do."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.bootstrap import recognizers
from core.errors import InvalidImage, RecognizerDied
from core.executors.confinement import Confinement
from core.executors.process_pool import TimedPool
from core.settings import Settings
from tests.support.photos import ROOT
from tests.support.probes import ProbingRecognizer


def probed(pool: TimedPool, probe: str) -> str:
    with pytest.raises(InvalidImage) as answer:
        pool.recognise(probe.encode())
    return str(answer.value)


@pytest.fixture(scope="module")
def lacks() -> set[str]:
    """Return in which ways this system can't confine a child."""
    code = (
        "from core.executors.confinement import Confinement; print(*Confinement().apply(), sep=',')"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(finished.stdout.strip().split(",")) - {""}


@pytest.fixture(scope="module")
def pool() -> Iterator[TimedPool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        pool = TimedPool(
            ProbingRecognizer,
            processes=1,
            timeout_s=60,
            confinement=Confinement(memory_bytes=1_500_000_000),
        )
        pool.start()
    yield pool
    pool.stop()


def test_child_has_no_keys_in_its_environment(pool: TimedPool) -> None:
    assert probed(pool, "environment AWS_SECRET_ACCESS_KEY") == "None False"


def test_child_reaches_no_network(pool: TimedPool, lacks: set[str]) -> None:
    if {"network namespace", "landlock"} <= lacks:
        pytest.skip("this kernel confines no network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = probed(pool, f"connect {server.getsockname()[1]}")

    assert answer in ("PermissionError", "OSError", "ConnectionRefusedError")


@pytest.mark.parametrize(
    "probe",
    [
        "run /bin/true",
        f"write {ROOT / 'written-by-a-child'}",
        "parent",
        f"signal {os.getpid()}",
    ],
    ids=lambda probe: probe.split()[0],
)
def test_child_can_do_nothing_to_the_rest_of_the_system(
    pool: TimedPool, lacks: set[str], probe: str
) -> None:
    if "landlock" in lacks:
        pytest.skip("this kernel has no landlock, or an old one")

    assert probed(pool, probe) == "PermissionError"


def test_child_may_write_temporary_files(pool: TimedPool, tmp_path: Path) -> None:
    assert probed(pool, f"write {tmp_path / 'file'}") == "written"


def test_child_opens_a_bounded_number_of_files(pool: TimedPool) -> None:
    assert probed(pool, "files") == "OSError"


def test_photo_that_fills_memory_ends_as_a_dead_child(pool: TimedPool) -> None:
    with pytest.raises(RecognizerDied):
        pool.recognise(b"fill 2000")

    assert probed(pool, "fill 100") == str(100 * 2**20)


def test_gaps_are_the_names_of_steps(lacks: set[str]) -> None:
    assert lacks <= {"network namespace", "parent's death", "no new privileges", "landlock"}


def test_folder_for_models_is_made_and_may_be_written_to(lacks: set[str]) -> None:
    folder = ROOT / "var" / "written-by-a-child"
    code = (
        "import sys; from pathlib import Path; from core.executors.confinement import Confinement\n"
        "folder = Path(sys.argv[1])\n"
        "Confinement(writable=(folder,)).apply()\n"
        "(folder / 'file').write_text('by the child')\n"
        "(folder.parent / 'elsewhere').write_text('by the child')\n"
    )
    try:
        finished = subprocess.run(
            [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True
        )

        assert (folder / "file").read_text() == "by the child"
        assert ("PermissionError" in finished.stderr) is ("landlock" not in lacks)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / "elsewhere").unlink(missing_ok=True)


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what each pool is given that is built, in place of the pool."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(
        recognizers, "TimedPool", lambda load, **rest: given.append(rest | {"load": load})
    )
    return given


@pytest.mark.parametrize("cuda", [False, True])
def test_only_a_child_with_a_gpu_may_write_to_devices(
    pools: list[dict[str, Any]], tmp_path: Path, cuda: bool
) -> None:
    settings = Settings(_env_file=None, face_models_dir=tmp_path, face_cuda=cuda)

    recognizers.build_pool(settings, processes=1)

    writable = pools[0]["confinement"].writable
    assert (Path("/dev") in writable) is cuda
    assert tmp_path in writable


def test_children_of_the_service_are_given_no_keys(
    pools: list[dict[str, Any]], tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None,
        aws_access_key_id="id-in-settings",
        aws_secret_access_key="key-in-settings",
        face_models_dir=tmp_path,
    )

    recognizers.build_pool(settings, processes=1)

    assert "key-in-settings" not in repr(pools)
    assert pools[0]["confinement"].memory_bytes
