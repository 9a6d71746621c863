"""What `make up` does before it starts anything, and how many workers it lets come."""

import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from core.errors import InvalidSettings
from core.settings import Settings, load_settings
from harness.localstack import free_port
from scripts.local import (
    STARTED,
    chosen,
    noted,
    probe,
    require_free,
    workers_here,
    workers_of,
)
from scripts.preflight import default_folder
from scripts.supervision import LocalError
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
            require_free({"web": (host, port)})

    require_free({"web": (host, port)})


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty checkout that has settings and ports; it is the working directory."""
    monkeypatch.setenv("WEB_PORT", str(free_port()))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://localhost:{free_port()}")
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "it's"))
    return tmp_path


def test_start_is_on_a_home_and_up_never_is_and_neither_writes_settings(checkout: Path) -> None:
    home = checkout / "it's" / "efr"

    for _ in range(2):
        assert chosen(home=True).home_folder == home
        assert load_settings().queue_file == home / "queues.sqlite"
        assert chosen(home=False).home_folder is None
        assert load_settings().aws_endpoint_url is not None

    assert (checkout / ".env").read_bytes() == (ROOT / ".env.example").read_bytes()


def test_folder_of_the_settings_is_that_of_start_alone(checkout: Path) -> None:
    (checkout / ".env").write_text("STORAGE=file:///data\nQUEUE=sqlite:///data/queues\n")

    assert chosen(home=True).home_folder == Path("/data")
    assert chosen(home=False).home_folder is None
    assert load_settings().queue_file is None
    assert noted(Settings(_env_file=".env")) == (
        "STORAGE='file:///data'\nQUEUE='sqlite:///data/queues'\n"
    )


def test_variables_that_name_the_other_place_are_refused(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE", "file:///data")
    monkeypatch.setenv("QUEUE", "sqlite:///data/queues")

    with pytest.raises(LocalError, match="unset both"):
        chosen(home=False)


@pytest.mark.parametrize("home", [True, False])
@pytest.mark.parametrize("why", ["setting", "port", "variable"])
def test_start_that_fails_leaves_the_note_of_the_home(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, home: bool, why: str
) -> None:
    assert chosen(home=True).home_folder is not None
    before = STARTED.read_text()
    with socket.create_server(("127.0.0.1", 0)) as other:
        if why == "setting":
            (checkout / ".env").write_text("FACE_ENGINE=guesswork\n")
        elif why == "port":
            monkeypatch.setenv("WEB_PORT", str(other.getsockname()[1]))
        else:
            monkeypatch.setenv("STORAGE", "" if home else "file:///data")
            monkeypatch.setenv("QUEUE", "" if home else "sqlite:///data/queues")

        with pytest.raises((LocalError, InvalidSettings)):
            chosen(home=home)

    assert STARTED.read_text() == before
    assert [each.name for each in STARTED.parent.iterdir()] == [STARTED.name]


def test_all_ports_that_are_taken_are_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as other:
        ports = [each.getsockname()[1] for each in (one, other)]
        with pytest.raises(LocalError) as raised:
            require_free({"web": ("127.0.0.1", ports[0]), "localstack": ("127.0.0.1", ports[1])})

    assert all(str(port) in str(raised.value) for port in ports)


def test_status_counts_the_children_that_are_workers(tmp_path: Path) -> None:
    (tmp_path / "7/task/7").mkdir(parents=True)
    (tmp_path / "7/task/7/children").write_text("8 9 10 ")
    for pid, words in (("8", "python -m core.bootstrap.run_worker"), ("9", "python -c 1")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(words.replace(" ", "\0").encode())

    assert workers_of(7, tmp_path) == 1
    assert workers_of(11, tmp_path) == 0


def test_data_are_kept_where_the_user_keeps_data() -> None:
    assert default_folder({"XDG_DATA_HOME": "/data"}) == Path("/data/efr")
    assert default_folder({}) == Path.home() / ".local" / "share" / "efr"
