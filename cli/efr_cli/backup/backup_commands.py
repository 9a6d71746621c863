"""Backup and restore of all collections of a deployment."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

import click
from tqdm import tqdm

from core.ground.authors import TYPIST
from efr_cli.context import CliContext, named_tenant, open_context
from efr_cli.errors import ExitCode, Refused
from efr_cli.output import json_option, say
from efr_cli.safe_file import safe_file
from efr_cli.words import counted

if TYPE_CHECKING:
    from efr_cli.backup.archive import ArchiveReader, Missing
    from efr_cli.backup.outline import Outline
    from efr_cli.backup.restoring import Restored
    from efr_cli.backup.saving import Saved

_STANDARD: Final = Path("-")
"""Standard input or output."""
_FILE: Final = click.Path(path_type=Path, resolve_path=True, dir_okay=False, allow_dash=True)


@click.command()
@click.argument("file", metavar="FILE", type=_FILE)
@json_option
@click.pass_context
def backup(context: click.Context, file: Path) -> None:
    """Write all collections to a file, with all that belongs to them.

    FILE may be - for standard output. The service may run meanwhile. The file has faces, names,
    pictures, API keys (as hashes) and webhooks with their secrets: only its owner may read it.
    Photos and results of jobs are not in it. If the faces of a collection can't be read, the file
    has the others, and is named FILE.incomplete.
    """
    # Only here: pyarrow takes a moment, which --help can do without.
    from efr_cli.backup.archive import ArchiveWriter
    from efr_cli.backup.saving import Saved, Saver, about_now, faces_in

    if not file.parent.is_dir():
        raise Refused("NO_FOLDER", f"{file.parent} is not a folder")
    if file == _STANDARD and sys.stdout.isatty():
        raise click.UsageError("a terminal can't show a backup: give a file, or a pipe")
    parts = _of_all_tenants(context)
    shared = parts.shared
    about, saved = about_now(shared), Saved()
    with (
        tqdm(desc="saved", total=faces_in(shared), unit="face", disable=None) as bar,
        _written(file, saved) as sink,
        ArchiveWriter(sink, about) as writer,
    ):
        Saver(shared=shared, writer=writer, on_faces=bar.update, saved=saved).save(about)
    counts = {"collections": saved.collections, "faces": saved.faces + saved.unknown_faces}
    parts.audit.add("backup", TYPIST, counts=counts, is_complete=not saved.missing)
    named = _named(file, saved)
    said = f"{counted(saved.collections, 'collection')} with {counted(saved.faces, 'face')}"
    say(
        f"{said} and {counted(saved.unknown_faces, 'unknown face')} in {named}",
        {
            "file": str(named),
            "made_at": about.made_at.isoformat(),
            **vars(saved),
            "missing": [dict(each) for each in saved.missing],
        },
        err=file == _STANDARD,
    )
    _tell_missing(saved.missing, "are not in the file")


@click.command()
@click.argument("file", metavar="FILE", type=_FILE)
@click.option(
    "--erasures",
    type=click.Path(path_type=Path, resolve_path=True, dir_okay=False),
    metavar="NEWER",
    help="Leave out, too, who was erased until this newer backup was made.",
)
@json_option
@click.pass_context
def restore(context: click.Context, file: Path, erasures: Path | None) -> None:
    """Bring back what a backup holds and is not here.

    FILE may be - for standard input. The whole file is checked before anything is changed.
    Collections that are here stay as they are. People, faces and collections that were erased
    after the backup was made stay erased. Interrupted, the command can be run again.
    """
    from efr_cli.backup.restoring import Restore

    parts = _of_all_tenants(context)
    with _opened(file) as archive, _maybe_opened(erasures) as newer:
        with tqdm(desc="checked", unit="face", disable=None) as bar:
            outline = _outline(archive, bar)
            newer_outline = None if newer is None else _outline(newer, bar)
        work = Restore(shared=parts.shared, archive=archive, outline=outline, newer=newer_outline)
        work.check()
        with tqdm(desc="restored", total=outline.faces, unit="face", disable=None) as bar:
            work.on_faces = bar.update
            done = work.run(newer)
    counts = {"collections": done.collections, "faces": done.faces + done.unknown_faces}
    parts.audit.add("restore", TYPIST, counts=counts)
    missing = archive.missing
    answer = {"file": str(file), **vars(done), "missing": [dict(each) for each in missing]}
    say(_told(done), answer)
    _tell_missing(missing, "were not in the backup")


def _told(done: "Restored") -> str:
    lines = [
        f"{counted(done.collections, 'collection')} restored with {counted(done.faces, 'face')} "
        f"and {counted(done.unknown_faces, 'unknown face')}; "
        f"{counted(done.erased_faces, 'face')} left out, erased since the backup"
    ]
    if done.there:
        lines.append(f"here already, and left as they are: {', '.join(done.there)}")
    if done.gone:
        lines.append(f"erased since the backup, and left out: {', '.join(done.gone)}")
    return "\n".join(lines)


def _of_all_tenants(context: click.Context) -> CliContext:
    if named_tenant(context):
        raise click.UsageError("a backup is of all tenants: leave --tenant out")
    return open_context(context)


def _outline(archive: "ArchiveReader", bar: Any) -> "Outline":
    from efr_cli.backup.outline import Outline

    return Outline.of(archive, on_faces=bar.update)


def _named(file: Path, saved: "Saved") -> Path:
    """Return the name that a backup gets: one that lacks faces takes no whole one's place."""
    is_whole = file == _STANDARD or not saved.missing
    return file if is_whole else file.with_name(f"{file.name}.incomplete")


def _tell_missing(missing: Iterable["Missing"], said: str) -> None:
    """Name the faces that a backup lacks, and end the command so that scripts notice."""
    for each in missing:
        click.echo(f"GALLERY_UNREADABLE: {each.named} {said}: {each.reason}", err=True)
    if missing:
        click.get_current_context().exit(ExitCode.SOME_UNUSED)


@contextmanager
def _written(file: Path, saved: "Saved") -> Iterator[IO[bytes]]:
    """Give the file, or standard output."""
    if file == _STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with safe_file(file, name=lambda: _named(file, saved)) as sink:
        yield sink


@contextmanager
def _opened(file: Path) -> Iterator["ArchiveReader"]:
    from efr_cli.backup.archive import ArchiveReader

    if file != _STANDARD:
        with file.open("rb") as source:
            yield ArchiveReader(source, str(file))
        return
    # It is read twice. This file has no name that others could open.
    with TemporaryFile() as whole:
        copyfileobj(sys.stdin.buffer, whole)
        yield ArchiveReader(whole, "the file")


@contextmanager
def _maybe_opened(file: Path | None) -> Iterator["ArchiveReader | None"]:
    if file is None:
        yield None
        return
    with _opened(file) as archive:
        yield archive
