"""`efr --server`: the same commands over HTTP, with a key, on an in-memory service."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_web.app import create_app
from werkzeug import Request, Response

from core.access.keys import Scope
from core.bootstrap.web import build_web
from core.errors import TooBusy
from core.faces.results import Recognition
from tests.support.faces import face, recognition
from tests.support.photos import made_photo
from tests.support.services.served import served
from tests.unit.cli.cli_fixture import SETTINGS, CliFixture, codes, digest

STAFF = ("--collection", "staff")
NOTE = ("--text", "Entrance by face", "--date", "2026-11-30", "--source", "Form 17")
PHOTO = made_photo()
NOBODY = made_photo(size=(80, 48))


@dataclass(kw_only=True)
class Remote:
    """Where a person types commands who has a key for a server, and nothing else."""

    cli: CliFixture
    address: str
    key: str

    def run(self, *arguments: str | Path, key: str | None = None) -> Result:
        given = [str(each) for each in arguments]
        env = {"EFR_API_KEY": self.key if key is None else key}
        return CliRunner().invoke(main, ["--server", self.address, *given], env=env)


@pytest.fixture
def remote(cli: CliFixture) -> Iterator[Remote]:
    """Return access to a service with the people Ada and Bob in ``staff``."""
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada", "Bob")
    settings = SETTINGS.model_copy(update={"auth": "keys", "rate_limits": ()})
    app = create_app(settings, build_web(settings, cli.memory.joined()))
    with served(app) as address:
        yield Remote(cli=cli, address=address, key=key_for(cli, "admin"))


def key_for(cli: CliFixture, *scopes: Scope) -> str:
    options = [each for scope in scopes for each in ("--scope", scope)]
    if scopes == ("admin",):
        options = ["--admin"]
    return cli.run("keys", "create", "desk", *options).stdout.strip()


@pytest.mark.parametrize("mode", [[], ["--json"]])
@pytest.mark.parametrize(
    "command",
    [
        ("collections", "list"),
        ("collections", "list", "--counts"),
        ("collections", "show", "staff"),
        ("collections", "change", "staff", "--threshold", "70"),
        ("people", "list", *STAFF),
        ("people", "list", *STAFF, "--prefix", "b", "--sort", "faces"),
        ("people", "show", "Ada", *STAFF),
        ("people", "describe", "Ada", *STAFF, "--metadata", "room=17", "--no-cover"),
        ("people", "consent", "show", "Ada", *STAFF),
        ("people", "consent", "set", "Ada", *STAFF, *NOTE),
    ],
)
def test_command_prints_the_same_here_and_from_a_server(
    remote: Remote, command: tuple[str, ...], mode: list[str]
) -> None:
    there = remote.run(*command, *mode)
    here = remote.cli.run(*command, *mode)

    assert there.exit_code == 0, there.stderr
    assert there.stdout == here.stdout
    assert there.stderr == f"Server: {remote.address}\n"


def test_photos_are_matched_by_the_server(remote: Remote, tmp_path: Path) -> None:
    photo, nobody = tmp_path / "photo.jpg", tmp_path / "nobody.jpg"
    photo.write_bytes(PHOTO)
    nobody.write_bytes(NOBODY)
    remote.cli.faces[NOBODY] = recognition()
    command = ("match", photo, nobody, *STAFF, "--threshold", "60", "--min-quality", "1")

    there, here = remote.run(*command), remote.cli.run(*command)

    assert there.exit_code == here.exit_code == 1
    assert there.stdout == here.stdout
    assert "Ada" in there.stdout
    assert codes(there.stderr) == ["NO_FACE"]


def test_search_for_people_with_metadata_reaches_the_server(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    remote.run("people", "describe", "Bob", *STAFF, "--metadata", "team=red")
    red = ("match", tmp_path / "photo.jpg", *STAFF, "--metadata", "team=red", "--all-faces")

    found = remote.run(*red, "--by", "face")

    assert found.exit_code == 0, found.stderr
    assert "Bob" in found.stdout
    assert "Ada" not in found.stdout


def test_photo_that_is_none_is_named_with_the_code_of_the_server(
    remote: Remote, tmp_path: Path
) -> None:
    (tmp_path / "text.jpg").write_bytes(b"no photo")

    result = remote.run("match", tmp_path / "text.jpg", *STAFF)

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(f"not used: {tmp_path}/text.jpg: UNSUPPORTED")


def test_people_are_renamed_merged_and_erased_on_a_server(remote: Remote) -> None:
    renamed = remote.run("people", "rename", "Ada", "Ada King", *STAFF)
    merged = remote.run("people", "merge", "Ada King", "Bob", *STAFF, "--yes")
    erased = remote.run("people", "erase", "Bob", *STAFF, "--yes")

    assert renamed.stdout == "'Ada' is 'Ada King' now: 1 face\n"
    assert merged.stdout == "'Ada King' is 'Bob' now: 1 face more\n"
    assert erased.stdout == "'Bob' was erased: 2 faces, 0 jobs\n"
    (receipt_id,) = re.findall(r"efr receipt (\S+)", erased.stderr)
    receipt = remote.run("receipt", receipt_id)
    assert receipt.stdout == remote.cli.run("receipt", receipt_id).stdout
    assert json.loads(receipt.stdout)["actor"] == remote.key[len("efr_") :][:12]
    assert remote.cli.names("staff") == []


def test_collections_are_made_and_deleted_on_a_server(remote: Remote) -> None:
    made = remote.run("collections", "create", "guests", "--metadata", "town=Ulm")
    refused = remote.run("collections", "delete", "guests")
    deleted = remote.run("collections", "delete", "guests", "--yes")

    assert made.stdout == "collection 'guests' was created\n"
    assert codes(refused.stderr) == ["NOT_CONFIRMED"]
    assert deleted.stdout == "collection 'guests' was erased: 0 faces, 0 jobs\n"


def test_groups_are_listed_named_and_ignored_on_a_server(remote: Remote) -> None:
    remote.cli.enrol("staff", None, position=5)
    listing = ("groups", "list", *STAFF)

    there, here = remote.run(*listing, "--json"), remote.cli.run(*listing, "--json")

    assert there.exit_code == 0, there.stderr
    assert there.stdout == here.stdout
    group = json.loads(there.stdout)["group_id"]
    assert remote.run("groups", "ignore", group, *STAFF).stdout == "1 face ignored\n"
    assert remote.run(*listing, "--ignored").stdout.splitlines()[1].startswith(group)
    assert remote.run("groups", "unignore", group, *STAFF).stdout == "1 face listed again\n"
    assert remote.run("groups", "name", group, "Eve", *STAFF).stdout == "1 face named 'Eve'\n"
    assert codes(remote.run("groups", "name", group, "Eve", *STAFF).stderr) == ["GROUP_CHANGED"]
    assert remote.cli.names("staff") == ["Ada", "Bob", "Eve"]


@pytest.fixture
def at_work(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker of the server work while a command waits for it."""
    sleep = "efr_cli.service.remote_sending.sleep"
    monkeypatch.setattr(sleep, lambda _: remote.cli.work())


@pytest.mark.usefixtures("at_work")
def test_photos_of_a_folder_are_indexed_by_a_server(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    (tmp_path / "text.jpg").write_bytes(b"no photo")
    remote.cli.faces[PHOTO] = recognition(face(40), face(50, left=300))
    indexing = ("index", tmp_path, *STAFF, "--max-faces", "1")

    first, second = remote.run(*indexing), remote.run(*indexing)

    assert first.stdout == "2 photos: 1 indexed with 1 face in 'staff', 1 not\n"
    assert first.exit_code == second.exit_code == 1
    assert "EXCEEDS_MAX_FACES: faces left out: 1" in first.stderr
    assert "UNSUPPORTED_IMAGE" in first.stderr
    said = "2 photos: 0 indexed with 0 faces in 'staff', 1 not, 1 there before\n"
    assert second.stdout == said
    assert digest(PHOTO) in {each.image_id for each in remote.cli.enrolled("staff")}


@pytest.mark.usefixtures("at_work")
def test_folder_of_people_is_enrolled_by_a_server(remote: Remote, tmp_path: Path) -> None:
    several = made_photo(size=(90, 48))
    remote.cli.faces[several] = recognition(face(60), face(70, left=300))
    for name, photo in (("Eve", PHOTO), ("Eve", several), ("Zoe", NOBODY), (" ", NOBODY)):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"{len(photo)}.jpg").write_bytes(photo)
    remote.cli.faces[NOBODY] = recognition()
    (tmp_path / "stray.jpg").write_bytes(PHOTO)
    enrolling = ("enroll", tmp_path, "--collection", "new")

    first, second = remote.run(*enrolling), remote.run(*enrolling, "--json")

    assert first.exit_code == second.exit_code == 1
    assert first.stdout == "1 photo of 1 person in 'new', 1 of them new\n"
    assert sorted(codes(first.stderr)) == [
        "INVALID_NAME", "NO_FACE", "NO_PERSON", "SEVERAL_LARGE_FACES",
    ]  # fmt: skip
    assert json.loads(second.stdout)["photos"] == 1
    assert json.loads(second.stdout)["changed"] == 0
    assert remote.cli.names("new") == ["Eve"]
    largest = remote.run(*enrolling, "--largest", "--again")
    assert largest.stdout == "2 photos of 1 person in 'new', 2 of them new\n"


def test_key_that_may_not_enrol_is_told_so(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(PHOTO)

    refused = remote.run("index", tmp_path, *STAFF, key=key_for(remote.cli, "recognise"))

    assert refused.exit_code == 2
    assert codes(refused.stderr) == ["SCOPE_MISSING"]


def test_name_with_a_slash_reaches_the_server(remote: Remote) -> None:
    remote.run("people", "rename", "Ada", "Ada/King ?#%", *STAFF)

    assert remote.run("people", "show", "Ada/King ?#%", *STAFF).exit_code == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("people", "show", "Eve", *STAFF), "PERSON_NOT_FOUND"),
        (("people", "list", "--collection", "guests"), "COLLECTION_NOT_FOUND"),
        (("collections", "create", "staff"), "COLLECTION_EXISTS"),
        (("people", "rename", "Ada", "Bob", *STAFF), "PERSON_EXISTS"),
    ],
)
def test_error_of_the_server_is_one_line_and_code_two(
    remote: Remote, command: tuple[str, ...], code: str
) -> None:
    result = remote.run(*command)

    assert result.exit_code == 2
    assert codes(result.stderr) == [code]
    assert len(result.stderr.splitlines()) == 2  # the first one names the server


def test_key_may_do_only_what_its_scopes_say(remote: Remote) -> None:
    searching = key_for(remote.cli, "recognise")

    assert codes(remote.run("collections", "list", key="").stderr) == ["KEY_MISSING"]
    assert remote.run("collections", "list", key=searching).exit_code == 0
    refused = remote.run("people", "erase", "Ada", *STAFF, "--yes", key=searching)
    assert refused.exit_code == 2
    assert remote.cli.names("staff") == ["Ada", "Bob"]


def test_busy_server_is_asked_again(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    answers: list[Recognition | Exception] = [TooBusy("all are busy"), recognition(face())]
    remote.cli.answer = lambda photo: _next(answers)  # type: ignore[method-assign]

    result = remote.run("match", tmp_path / "photo.jpg", *STAFF)

    assert result.exit_code == 0, result.stderr
    assert answers == []


def _next(answers: list[Recognition | Exception]) -> Recognition:
    answer = answers.pop(0)
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_server_that_is_not_there_is_said_so_without_the_name_of_a_person() -> None:
    command = ("people", "list", *STAFF, "--prefix", "Ada")

    away = CliRunner().invoke(main, ["--server", "http://127.0.0.1:9", *command])

    assert away.exit_code == 2
    assert codes(away.stderr)[-1] == "SERVER_UNREACHABLE"
    assert "Connection refused" in away.stderr
    assert "Ada" not in away.stderr
    assert away.stdout == ""


@pytest.mark.parametrize(
    ("status", "command", "sent"),
    [
        (503, ("collections", "list"), 7),
        (429, ("collections", "create", "staff"), 7),
        (503, ("collections", "create", "staff"), 1),
        (503, ("people", "erase", "Ada", *STAFF, "--yes"), 1),
    ],
)
def test_refused_request_is_sent_again_unless_it_may_have_changed_something(
    status: int, command: tuple[str, ...], sent: int
) -> None:
    asked: list[str] = []
    body = '{"error": "later", "code": "STORAGE_UNAVAILABLE"}'

    @Request.application
    def refuse(request: Request) -> Response:
        asked.append(request.method)
        return Response(body, status, {"Retry-After": "0"})

    with served(refuse) as address:
        result = CliRunner().invoke(main, ["--server", address, *command])

    assert codes(result.stderr)[-1] == "STORAGE_UNAVAILABLE"
    assert len(asked) == sent


def test_server_of_something_else_is_said_so() -> None:
    with served(Response("no", 404)) as address:
        result = CliRunner().invoke(main, ["--server", address, "collections", "list"])

    assert result.exit_code == 2
    assert codes(result.stderr)[-1] == "SERVER_UNKNOWN"


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "list"),
        ("keys", "create", "desk", "--admin"),
        ("index", "s3://album/", "--collection", "c"),
        ("export", "f.parquet", "--collection", "c"),
        ("dead-letters", "list"),
        ("upgrade",),
        ("--tenant", "acme", "collections", "list"),
    ],
)
def test_other_commands_take_no_server(cli: CliFixture, command: tuple[str, ...]) -> None:
    result = cli.run("--server", "http://127.0.0.1:9", *command)

    assert result.exit_code == 2
    assert result.stderr.startswith("USAGE: ")
    assert "server" in result.stderr or "--tenant" in result.stderr
