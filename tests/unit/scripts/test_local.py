"""What `make up` does before it starts anything, and how many workers it lets come."""

import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from core.settings import Settings
from scripts.local import (
    LocalError,
    default_folder,
    note_home,
    probe,
    require_free,
    workers_here,
)
from tests.support.photos import ROOT
from tests.unit.web.web_fixture import SETTINGS, WebFixture


@pytest.mark.parametrize(
    ("children", "most", "cores", "workers"),
    [(4, 15, 4, 1), (1, 15, 4, 4), (1, 2, 4, 2), (8, 15, 4, 1), (1, 0, 4, 0)],
    ids=["all cores", "one core each", "the maximum", "more than cores", "none wanted"],
)
def test_no_more_workers_than_the_cores_have_children_for(
    children: int, most: int, cores: int, workers: int
) -> None:
    settings = Settings(_env_file=None, worker_processes=children, max_workers=most)

    assert workers_here(settings, cores=cores) == workers


@pytest.mark.parametrize("auth", ["keys", "off", "off-on-purpose"])
@pytest.mark.parametrize("names", [(), ("faces.example",)])
def test_web_tier_is_asked_for_what_it_tells_everybody(auth: str, names: tuple[str, ...]) -> None:
    door = {"auth": auth, "trusted_hosts": names}
    web = WebFixture(settings=SETTINGS.model_copy(update=door))

    assert web.client.get(probe(web.settings)).status_code == 200


def test_settings_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path)

    subprocess.run(["make", "-f", ROOT / "Makefile", ".env"], cwd=tmp_path, check=True)

    made = tmp_path / ".env"
    assert made.read_bytes() == (ROOT / ".env.example").read_bytes()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "::", "::1"])  # noqa: S104
def test_port_that_is_taken_is_told_from_a_free_one(host: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as other:
        try:
            other.bind((host, 0))
        except OSError as error:
            pytest.skip(f"this machine has no {host}: {error}")
        port = other.getsockname()[1]
        other.listen()
        with pytest.raises(LocalError, match=f"port {port} is in use"):
            require_free("web", host, port)

    require_free("web", host, port)


def test_home_is_noted_for_all_that_come_later(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    shutil.copy(ROOT / ".env.example", env_file)

    note_home(env_file, tmp_path / "data")

    settings = Settings(_env_file=env_file)
    assert settings.home_folder == tmp_path / "data"
    assert settings.queue_file == tmp_path / "data" / "queues.sqlite"
    before = (ROOT / ".env.example").read_text().splitlines()
    assert len(set(env_file.read_text().splitlines()) - set(before)) == 2
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_home_is_noted_in_a_file_of_an_older_version(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("AUTH=off\n")

    note_home(env_file, tmp_path / "data")

    assert Settings(_env_file=env_file).home_folder == tmp_path / "data"
    assert env_file.read_text().startswith("AUTH=off\nSTORAGE=")


def test_data_are_kept_where_the_user_keeps_data() -> None:
    assert default_folder({"XDG_DATA_HOME": "/data"}) == Path("/data/efr")
    assert default_folder({}) == Path.home() / ".local" / "share" / "efr"
