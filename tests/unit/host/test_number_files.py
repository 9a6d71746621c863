"""Numbers that can't be written are lost, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.host.number_files import write_numbers
from harness.faults import small_tmp

COUNTS = """
import os, sys
from pathlib import Path
from core.host.metrics import metrics
folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
outcomes = metrics().jobs
outcomes.labels("interactive", "done").inc()
"""
COUNTS_ON = """
for number in range(1000):  # more than a file holds at first
    outcomes.labels("interactive", str(number)).inc()
outcomes.labels("interactive", "done").inc()
"""
IS_SHOWN = """
from prometheus_client import CollectorRegistry
from core.host.shared_numbers import SharedNumbers
registry = CollectorRegistry(auto_describe=False)
registry.register(SharedNumbers(folder))
done = {"queue": "interactive", "outcome": "done"}
print(outcomes.labels("interactive", "done")._value.get())
print(registry.get_sample_value("efr_jobs_total", done))
"""
FILLS = """
def fill():
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
"""
ENDS = """
for file in folder.glob("*.db"):
    file.rename(str(file).replace(str(os.getpid()), "5000000"))  # no process has such an id
"""
needs_mount = pytest.mark.skipif(
    not small_tmp.is_possible(), reason="this machine lets no process have a mount of its own"
)


def said(code: str, folder: Path, *before: str) -> list[str]:
    """Return the lines that a process prints which shares its numbers in a folder."""
    found = subprocess.run(
        [*before, sys.executable, "-c", code],
        env={
            "PROMETHEUS_MULTIPROC_DIR": str(folder),
            "PYTHONPATH": ":".join(sys.path),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return found.stdout.splitlines()


def test_process_counts_on_whose_folder_is_gone(tmp_path: Path) -> None:
    code = COUNTS + COUNTS_ON + "print(outcomes.labels('interactive', 'done')._value.get())"

    assert said(code, tmp_path / "gone") == ["2.0"]


@needs_mount
def test_process_counts_on_whose_folder_becomes_full(tmp_path: Path) -> None:
    code = COUNTS + FILLS + "fill()" + COUNTS_ON + IS_SHOWN

    counted, shown = said(code, tmp_path, *small_tmp.prefix(tmp_path))

    assert counted == "2.0"
    assert shown == "1.0", "what was written last stays"


@needs_mount
def test_process_starts_whose_folder_is_full(tmp_path: Path) -> None:
    code = "import os\nfrom pathlib import Path\n"
    code += "folder = Path(os.environ['PROMETHEUS_MULTIPROC_DIR'])\n"
    code += FILLS + "fill()" + COUNTS + COUNTS_ON + IS_SHOWN

    assert said(code, tmp_path, *small_tmp.prefix(tmp_path)) == ["2.0", "None"]


@needs_mount
def test_counts_of_ended_processes_wait_for_space(tmp_path: Path) -> None:
    code = COUNTS + FILLS + ENDS + "fill()\n" + IS_SHOWN
    code += "(folder / 'filler').unlink()\n" + IS_SHOWN
    code += "print(sorted(file.name for file in folder.glob('*_0.*')))"

    lines = said(code, tmp_path, *small_tmp.prefix(tmp_path))

    assert lines == ["1.0", "1.0", "1.0", "1.0", "['counter_0.db', 'histogram_0.db']"]


def test_numbers_without_a_folder_are_not_written(tmp_path: Path) -> None:
    assert write_numbers(tmp_path / "counter_0.db", {"a": 1.0})
    assert not write_numbers(tmp_path / "gone" / "counter_0.db", {"a": 1.0})
