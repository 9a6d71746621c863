"""How many processor cores this process may use."""

import os
from pathlib import Path
from typing import Final

_CGROUP_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota_file: Path = _CGROUP_QUOTA) -> int:
    """Return the cores left by CPU affinity and by the container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota_us, period_us = quota_file.read_text().split()
    except (OSError, ValueError):
        return cores
    if quota_us == "max":
        return cores
    return max(1, min(cores, int(quota_us) // int(period_us)))
