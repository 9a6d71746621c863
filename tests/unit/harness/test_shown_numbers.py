"""A trial shows the numbers of the workers that it starts itself."""

import subprocess
import sys
from pathlib import Path

import requests

from core.settings import Settings
from harness.watched.shown_numbers import ShownNumbers

COUNTS = "from core.host.metrics import metrics; metrics().notices.inc(3)"


def test_numbers_of_a_process_that_ended_are_shown(tmp_path: Path) -> None:
    with ShownNumbers(tmp_path / "exposition.log") as numbers:
        numbers.show(Settings(_env_file=None))
        environment = {
            "PROMETHEUS_MULTIPROC_DIR": str(numbers.folder),
            "PYTHONPATH": ":".join(sys.path),
        }
        subprocess.run([sys.executable, "-c", COUNTS], env=environment, check=True)

        shown = requests.get(numbers.address, timeout=10).text

    assert "efr_spot_notices_total 3.0" in shown
