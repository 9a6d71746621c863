"""The units of systemd: whether it reads them, and whether they let the service end in time."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.bootstrap.run_autoscaler import drain_seconds
from core.bootstrap.run_worker import EXIT_MODELS, EXIT_SETTINGS
from core.settings import Settings
from tests.support.photos import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
EXAMPLE = FOLDER / "efr.env.example"


def entries(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), flags=re.MULTILINE)


@pytest.fixture
def settings() -> Settings:
    """Return what the units' processes read."""
    return Settings(_env_file=EXAMPLE)


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.stem for unit in UNITS] == ["efr-autoscaler", "efr-web", "efr-worker"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_reads_the_unit_without_a_remark(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units of systemd are not verified")
    # The service is not installed here, and systemd looks for what it would start.
    for each in UNITS:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", each.read_text(), flags=re.M)
        (tmp_path / each.name).write_text(text)

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in verified.stderr.splitlines() if "efr-" in line] == []
    assert verified.returncode == 0


def test_settings_name_the_folder_that_the_units_own(settings: Settings) -> None:
    for unit in UNITS:
        assert entries(unit, "EnvironmentFile") == ["/etc/efr/efr.env"]
        (folder,) = entries(unit, "StateDirectory")
        for place in (settings.home_folder, settings.queue_file, settings.face_models_dir):
            assert str(place).startswith(f"/var/lib/{folder}/")
    assert settings.auth == "keys"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_process_may_finish_before_systemd_kills_it(unit: Path, settings: Settings) -> None:
    needed_s = {
        "efr-web": settings.max_wait_seconds + 5,
        "efr-autoscaler": drain_seconds(settings),
        "efr-worker": drain_seconds(settings),
    }[unit.stem]

    assert int(entries(unit, "TimeoutStopSec")[0]) > needed_s
    # Only the first process is told: it tells its own, which would lose their jobs otherwise.
    assert entries(unit, "KillMode") == ["mixed"]


def test_start_is_not_repeated_that_can_not_succeed() -> None:
    for unit in UNITS:
        codes = entries(unit, "RestartPreventExitStatus")[0].split()
        assert codes[0] == str(EXIT_SETTINGS)
        assert (str(EXIT_MODELS) in codes) == (unit.stem == "efr-worker")


def test_all_processes_are_shut_in_alike() -> None:
    shut_in = [unit.read_text().partition("NoNewPrivileges")[2].partition("[")[0] for unit in UNITS]

    assert len(set(shut_in)) == 1
    for entry in ("ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "SystemCallFilter=@system"):
        assert entry in shut_in[0]
