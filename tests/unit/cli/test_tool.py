"""How commands end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from efr_cli.app import main
from efr_cli.context import real_context
from efr_cli.listing import Listed

from core import __version__
from tests.support.photos import ROOT
from tests.unit.cli.cli_fixture import CliFixture


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["enroll"],
        ["match", "photo.jpg", "--threshold", "101"],
        ["match", "photo.jpg", "--threshold", "nan"],
        ["index", "s3:album/", "--collection", "c"],
        ["index", "s3://album/", "--collection", "c", "--max-faces", "0"],
        ["index", "s3://album/", "--collection", "c", "--person", "Unknown"],
        ["index", "s3://album/", "--collection", "a/b"],
        ["collections", "create", "c", "--metadata", "novalue"],
        ["collections", "create", "c", "--metadata", "=nokey"],
    ],
)
def test_wrong_usage_is_one_line_and_code_two(cli: CliFixture, arguments: list[str]) -> None:
    result = cli.run(*arguments)

    assert result.exit_code == 2
    assert result.stderr.startswith("USAGE: ")
    assert len(result.stderr.splitlines()) == 1


def test_without_a_command_the_help_is_shown(cli: CliFixture) -> None:
    result = cli.run()

    assert result.exit_code == 2
    assert "Commands:" in result.stderr


def test_help_names_the_exit_codes(cli: CliFixture) -> None:
    result = cli.run("--help")

    assert result.exit_code == 0
    assert "130  interrupted" in result.stdout


def test_version_is_that_of_the_package(cli: CliFixture) -> None:
    result = cli.run("--version")

    assert result.stdout == f"efr {__version__}\n"
    assert result.exit_code == 0


@pytest.mark.parametrize("name", main.commands)
def test_command_is_listed_with_its_own_first_sentence(name: str) -> None:
    listed = main.commands[name]
    assert isinstance(listed, Listed)

    command = listed.load()

    assert command.name == name
    assert listed.get_short_help_str(1000) == command.get_short_help_str(1000)
    assert len(listed.get_short_help_str(1000)) < 80


@pytest.mark.parametrize(
    ("typed", "word", "expected"),
    [
        ("efr dead", "1", "dead-letters"),
        ("efr people me", "2", "merge"),
        ("efr people list --so", "3", "--sort"),
    ],
)
def test_shell_completes_commands_and_options(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch, typed: str, word: str, expected: str
) -> None:
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", word)

    result = CliRunner().invoke(
        main, prog_name="efr", complete_var="_EFR_COMPLETE", env={"_EFR_COMPLETE": "bash_complete"}
    )

    assert result.stdout == f"plain,{expected}\n"


def test_service_that_is_away_is_one_line_and_code_two(cli: CliFixture) -> None:
    cli.gallery.available = False

    result = cli.run("collections", "list")

    assert result.exit_code == 2
    assert result.stderr.startswith("STORAGE_UNAVAILABLE: ")
    assert len(result.stderr.splitlines()) == 1


def test_settings_that_cannot_be_used_are_code_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MIN_FACE_PX", "many")

    result = CliRunner().invoke(main, ["collections", "list"], obj=real_context)

    assert result.exit_code == 2
    assert result.stderr.startswith("INVALID_SETTINGS: MIN_FACE_PX")


def test_interrupted_command_says_so_with_code_130(
    cli: CliFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"photo")
    monkeypatch.setattr(cli, "recognise", lambda *_, **__: signal.raise_signal(signal.SIGINT))

    result = cli.run("match", tmp_path / "photo.jpg")

    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1].startswith("INTERRUPTED: ")


@pytest.mark.parametrize("script", [["efr.py", "enroll"], ["enroll.py"]])
def test_both_scripts_enrol_folders(tmp_path: Path, script: list[str]) -> None:
    name, *command = script

    ended = subprocess.run(
        [sys.executable, ROOT / "scripts" / name, *command, "nowhere"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr == f"NO_FOLDER: {tmp_path}/nowhere is not a folder\n"
