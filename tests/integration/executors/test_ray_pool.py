"""What Ray's actors do beyond the contract of all children."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from core.errors import InvalidImage, InvalidSettings, ModelMissing, RecognizerDied
from core.executors.ray_pool import RayPool
from harness.localstack import free_port
from tests.support.photos import ROOT
from tests.support.ray_cluster import CORES
from tests.support.recognizers import ObedientRecognizer, SharingRecognizer


def test_arrays_of_what_was_prepared_lie_once_in_memory_for_all_actors(ray_address: str) -> None:
    array = np.arange(1_000_000, dtype=np.uint8)
    pool = RayPool(
        lambda: partial(SharingRecognizer, array), actors=2, timeout_s=30, address=ray_address
    )
    pool.start()

    places = []
    for _ in range(2):  # one photo each
        with pytest.raises(InvalidImage, match=r"^r.-s .*(/dev/shm|plasma)") as raised:
            pool.recognise(b"a photo")
        places.append(str(raised.value))

    assert places[0] == places[1]
    pool.stop()


def test_cluster_without_a_free_core_is_reported_and_not_waited_for(ray_address: str) -> None:
    pool = RayPool(
        lambda: ObedientRecognizer,
        actors=CORES + 1,
        timeout_s=1,
        address=ray_address,
        start_timeout_s=4,
    )

    with pytest.raises(RecognizerDied, match="did not start in 4 s; each needs a free core"):
        pool.start()

    pool.stop()


def test_address_where_nobody_listens_is_named_at_once() -> None:
    address = f"127.0.0.1:{free_port()}"
    pool = RayPool(lambda: ObedientRecognizer, actors=1, timeout_s=1, address=address)

    with pytest.raises(RecognizerDied, match=f"no Ray cluster at RAY_ADDRESS {address}: .*refused"):
        pool.start()

    pool.stop()


def test_models_that_are_missing_here_are_reported_before_a_cluster_starts() -> None:
    def prepare() -> type[ObedientRecognizer]:
        raise ModelMissing("the model file does not exist")

    pool = RayPool(prepare, actors=1, timeout_s=1)

    with pytest.raises(ModelMissing, match="does not exist"):
        pool.start()

    pool.stop()


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(
        InvalidSettings,
        match=r"EXECUTOR=ray needs: pip install '\.\[ray\]'",
    ):
        RayPool(lambda: ObedientRecognizer, actors=1, timeout_s=1)


def test_worker_without_the_extra_ends_with_the_exit_code_of_a_setting() -> None:
    script = (
        "import sys; sys.modules['ray'] = None; "
        "from core.bootstrap.run_worker import main; sys.exit(main())"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"EXECUTOR": "ray"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 2
    assert "EXECUTOR=ray needs: pip install" in finished.stdout
