"""How many children fit into the memory that a worker may use."""

import json
import os
import sys
from pathlib import Path

import pytest

from core.faces.engines.profiles import PROFILES
from core.host.memory import CHILD_BYTES, WORKER_BYTES, children_that_fit, usable_memory_bytes
from tests.support.photos import ROOT

GB = 10**9
ARTIFACT = json.loads((ROOT / "docs" / "benchmarks" / "child-memory.json").read_text())


def rounded_up(size_bytes: int) -> int:
    """Round up to ten million."""
    return -(-size_bytes // 10_000_000) * 10_000_000


def test_sizes_are_those_that_were_measured() -> None:
    assert rounded_up(ARTIFACT["worker_bytes"]) == WORKER_BYTES
    measured = ARTIFACT["child_bytes"].items()
    assert dict(CHILD_BYTES) == {
        engine: rounded_up(max(stages.values())) for engine, stages in measured
    }


def test_no_photo_takes_450_megabytes_of_a_child_of_the_default_engine() -> None:
    kinds = ARTIFACT["child_bytes"]["balanced"]

    assert len(kinds) > 15
    assert max(kinds.values()) < 450_000_000


def test_every_profile_was_measured() -> None:
    assert set(CHILD_BYTES) == set(PROFILES)


@pytest.mark.parametrize(
    ("cores", "memory_bytes", "engine", "children"),
    [
        (4, 64 * GB, "balanced", 4),
        (4, GB, "balanced", 1),
        (16, 4 * GB, "accurate", 4),
        (16, 4 * GB, "dlib", 7),
        (16, 4 * GB, "insightface", 4),
        (2, WORKER_BYTES + 2 * CHILD_BYTES["fast"], "fast", 2),
        (2, WORKER_BYTES + 2 * CHILD_BYTES["fast"] - 1, "fast", 1),
        (2, 100_000_000, "balanced", 1),
        (2, 0, "balanced", 1),
        (8, sys.maxsize, "balanced", 8),
    ],
)
def test_children_fit_cores_and_memory(
    cores: int, memory_bytes: int, engine: str, children: int
) -> None:
    assert children_that_fit(cores=cores, memory_bytes=memory_bytes, engine=engine) == children


def machine(folder: Path, *, membership: str, limits: dict[str, str]) -> int:
    """Return the usable bytes of a machine with 8,000,000 kB available, in such cgroups."""
    proc, cgroups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(
        "MemTotal:       16000000 kB\nMemFree:  1000 kB\nMemAvailable:    8000000 kB\n"
    )
    (proc / "self" / "cgroup").write_text(membership)
    for name, limit in limits.items():
        (cgroups / name).parent.mkdir(parents=True, exist_ok=True)
        (cgroups / name).write_text(f"{limit}\n")
    return usable_memory_bytes(proc, cgroups)


@pytest.mark.parametrize(
    ("membership", "limits", "usable"),
    [
        ("0::/\n", {}, 8_192_000_000),
        ("0::/\n", {"memory.max": "max"}, 8_192_000_000),
        ("0::/\n", {"memory.max": "512000000"}, 512_000_000),
        ("0::/\n", {"memory.max": "64000000000"}, 8_192_000_000),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "3000000000"}, 3_000_000_000),
        ("0::/a/b\n", {"a/b/memory.max": "2000000000", "a/memory.max": "max"}, 2_000_000_000),
        ("0::/../of/the/host\n", {"memory.max": "512000000"}, 512_000_000),
        (
            "4:memory:/docker/1\n1:cpu:/\n0::/\n",
            {"memory/docker/1/memory.limit_in_bytes": "1000000000"},
            1_000_000_000,
        ),
        (
            "4:memory:/docker/1\n",
            {"memory/memory.limit_in_bytes": "9223372036854771712"},
            8_192_000_000,
        ),
    ],
)
def test_least_of_what_is_available_and_the_limits_around_is_usable(
    tmp_path: Path, membership: str, limits: dict[str, str], usable: int
) -> None:
    assert machine(tmp_path, membership=membership, limits=limits) == usable


def test_without_files_memory_bounds_nothing(tmp_path: Path) -> None:
    assert usable_memory_bytes(tmp_path, tmp_path) == sys.maxsize


def test_this_machine_has_no_more_memory_than_the_kernel_says() -> None:
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    assert 0 < usable_memory_bytes() <= installed
