"""Data of a newer version: no process starts on them, and none is started again and again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.ground.storage_keys import FORMAT
from core.settings import Settings
from harness.localstack import free_port
from harness.processes import environment
from tests.support.backends import home_settings, own_names
from tests.support.photos import ROOT
from tests.support.services.auto_scaling import moto_server

PATIENCE_S = 120


@pytest.fixture(params=["home", "S3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Return the settings of a place whose data a newer version has stored."""
    if request.param == "home":
        found = home_settings(tmp_path / "home", web_port=free_port(), auth="off")
        newer(found)
        yield found
        return
    with moto_server() as moto:
        found = moto.model_copy(update={**own_names(), "web_port": free_port(), "auth": "off"})
        provision(found)
        newer(found)
        yield found


def newer(settings: Settings) -> None:
    gallery = Infrastructure.of(settings).bucket(settings.s3_gallery_bucket)
    gallery.put(FORMAT, b"2", content_type="text/plain")


@pytest.mark.parametrize("daemon", ["serve", "worker", "autoscaler"])
def test_daemon_ends_at_once_with_2_and_says_why(settings: Settings, daemon: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "efr_cli", daemon],
        cwd=ROOT,
        env=environment(settings, {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 2
    assert "DATA_TOO_NEW" in done.stdout
    assert "Booting worker" not in done.stdout
