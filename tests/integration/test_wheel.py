"""What ``pip install .`` brings: every process of the service, without the checkout."""

import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest
import requests

from harness.localstack import LocalStack, free_port
from harness.processes import environment as environment_of
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.models import models_dir
from tests.support.photos import ROOT

PACKAGES = ("core", "elastic_face", "web-tier/efr_web", "cli/efr_cli")
PATIENCE_S = 60


def files_of_the_packages() -> list[PurePosixPath]:
    """Return the packages' files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES]
    listing = subprocess.check_output(command, cwd=ROOT, text=True)
    return [PurePosixPath(name) for name in listing.splitlines() if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a copy, because setuptools leaves its folders beside the source."""
    folder = tmp_path_factory.mktemp("wheel")
    names = [str(path) for path in files_of_the_packages()]
    for name in (*names, "pyproject.toml", "README.md", "LICENSE"):
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "source" / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in a virtual environment that borrows this one's libraries."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip("--python", folder / "bin" / "python", "install", "--no-deps", wheel)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A folder named in a .pth file has its own .pth files ignored, so that the checkout,
    # which is installed there as editable, is not found.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--no-input", *arguments, "--no-index"]
    subprocess.run(command, check=True)


def environment(**settings: str) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "FACE_MODELS_DIR": str(models_dir()), **settings}


@contextmanager
def started(command: list[str | Path], folder: Path, **settings: str) -> Iterator[Path]:
    """Run a daemon that must end with 0 after SIGTERM; give its log."""
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(**settings), stdout=output, stderr=output
        )
    try:
        yield log
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def test_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    tiers = ("web-tier", "cli")
    wanted = {
        str(path.relative_to(path.parts[0]) if path.parts[0] in tiers else path)
        for path in files_of_the_packages()
    }

    names = zipfile.ZipFile(wheel).namelist()
    there = {name for name in names if ".dist-info/" not in name}

    assert there == wanted


def test_installed_help_lists_the_commands(bin_folder: Path, tmp_path: Path) -> None:
    script = "import core, efr_cli, efr_web, elastic_face as e; print(core.__file__, e.__file__)"

    shown = run([bin_folder / "efr", "--help"], tmp_path)
    places = run([bin_folder / "python", "-c", script], tmp_path)

    assert shown.returncode == 0
    assert {"serve", "worker", "autoscaler", "dead-letters"} <= set(shown.stdout.split())
    assert str(ROOT) not in places.stdout.replace(str(bin_folder), "")


def test_web_tier_answers_in_an_empty_folder(bin_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    port = free_port()

    with started([bin_folder / "efr", "serve"], folder, WEB_PORT=str(port)):
        wait_until(lambda: answers(port, "/health"), seconds=PATIENCE_S, what="the web tier")
        assert answers(port, "/openapi.json")
        assert answers(port, "/docs")
        assert answers(port, "/docs/docs.js")
        assert answers(port, "/docs/swagger-ui-bundle.js")

    assert list(folder.iterdir()) == []


def test_worker_starts_in_an_empty_folder(
    bin_folder: Path, tmp_path: Path, localstack: LocalStack
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    settings = localstack.settings(
        **own_names(), worker_processes=1, face_models_dir=str(models_dir())
    )

    with started([bin_folder / "efr", "worker"], folder, **environment_of(settings, {})) as log:
        wait_until(lambda: "worker started" in log.read_text(), seconds=PATIENCE_S, what="it")

    assert "worker stopped" in log.read_text()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("daemon", ["serve", "worker", "autoscaler"])
def test_bad_setting_ends_a_daemon_with_2(daemon: str, bin_folder: Path, tmp_path: Path) -> None:
    done = run([bin_folder / "efr", daemon], tmp_path, FACE_ENGINE="guesswork")

    assert done.returncode == 2
    assert "FACE_ENGINE" in done.stdout


def run(
    command: list[str | Path], folder: Path, **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def answers(port: int, path: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).ok
    except requests.RequestException:
        return False
