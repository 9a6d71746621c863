"""How every command ends: an exit code, and at most one line about an error."""

import enum
import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from core.errors import FaceServiceError
from core.ground.names import is_visible
from core.ground.realms import is_tenant

if TYPE_CHECKING:
    from pydantic import ValidationError

    from core.settings import Settings


class ExitCode(enum.IntEnum):
    """What a caller can tell from the exit code."""

    DONE = 0
    SOME_UNUSED = 1
    REFUSED = 2
    INTERRUPTED = 130


GO_ON: Final = "run the same command again"


class Refused(click.ClickException):
    """Raised when a command can do nothing; shown as ``CODE: message``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Interrupted(Exception):
    """Raised instead of ``KeyboardInterrupt`` where there is something to say about it."""


def announced_settings() -> "Settings":
    """Return the settings, and tell on stderr which S3 and SQS they mean.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    """
    from core.settings import load_settings

    settings = load_settings()
    click.echo(settings.whereabouts, err=True)
    return settings


def named_server(context: click.Context) -> str:
    """Return the server that a command is about, by ``efr --server``."""
    return context.find_root().params.get("server") or ""


class Number(click.FloatRange):
    """A number within bounds, which nan is not."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class Similarity(Number):
    """A similarity, 0 to 100."""

    name = "similarity"

    def __init__(self) -> None:
        super().__init__(0, 100)


class FalseNameRate(Number):
    """How often a stranger may be given a name: over 0, at most 0.5."""

    name = "rate"

    def __init__(self) -> None:
        super().__init__(0, 0.5, min_open=True)


class Person(click.ParamType[str]):
    """A person's name, in its one spelling."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        # Only here, and below: --help and mistakes need not wait for these.
        from pydantic import TypeAdapter, ValidationError

        from core.jobs.index_job import PersonName

        person: TypeAdapter[str] = TypeAdapter(PersonName)
        try:
            return person.validate_python(value)
        except ValidationError as error:
            self.fail(f"{value!r} is no name: {reason_of(error)}", param, ctx)


class Checked(click.ParamType[str]):
    """A text that has a form."""

    def __init__(self, name: str, is_right: Callable[[str], bool], form: str) -> None:
        self.name = name
        self._is_right = is_right
        self._form = form

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self._is_right(str(value)):
            self.fail(f"{value!r} is not {self._form}", param, ctx)
        return str(value)


TENANT: Final = Checked(
    "tenant", is_tenant, "1 to 40 characters of a-z 0-9 and -, the first one no -"
)


class Quality(Similarity):
    """A face's quality, 0 to 100."""

    name = "quality"


def pairs(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Return the metadata that an option says, each time ``KEY=VALUE``."""
    parted = [value.partition("=") for value in values]
    if not all(equals for _, equals, _ in parted):
        raise click.BadParameter("write KEY=VALUE")
    if not values:
        return {}
    from pydantic import TypeAdapter, ValidationError

    from core.jobs.index_job import Metadata

    metadata: TypeAdapter[dict[str, str]] = TypeAdapter(Metadata)
    try:
        return metadata.validate_python({key: value for key, _, value in parted})
    except ValidationError as error:
        raise usage_error(error, "--metadata") from None


class ErrorReportingGroup(click.Group):
    """A group of commands that reports each error as one line on stderr."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command and leave the process with its exit code."""
        sys.exit(self._exit_code(*args, **options | {"standalone_mode": False}))

    def _exit_code(self, *args: Any, **options: Any) -> int:
        try:
            code = super().main(*args, **options)
        except NoArgsIsHelpError as error:
            error.show()
        except (click.ClickException, FaceServiceError, OSError) as error:
            click.echo(_line(error), err=True)
        except (Interrupted, click.Abort) as error:
            click.echo(f"INTERRUPTED: {str(error) or GO_ON}", err=True)
            return ExitCode.INTERRUPTED
        else:
            return code if isinstance(code, int) else ExitCode.DONE
        return ExitCode.REFUSED


def _line(error: click.ClickException | FaceServiceError | OSError) -> str:
    if isinstance(error, OSError):
        code, message = "OS_ERROR", f"{error.filename or 'system'}: {error.strerror or error}"
    elif isinstance(error, Refused | FaceServiceError):
        code, message = error.code, str(error)
    else:
        code, message = "USAGE", error.format_message()
    return f"{code}: {' '.join(message.split())}"


def printable(text: object) -> str:
    """Return a foreign name or path with its control characters escaped, for the terminal."""
    shown = str(text)
    if is_visible(shown):
        return shown
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in shown
    )


def finish(unused: int | Sequence[object]) -> None:
    """End a command: with another exit code when some photos were not used."""
    if unused:
        click.get_current_context().exit(ExitCode.SOME_UNUSED)


def usage_error(error: "ValidationError", option: str) -> click.BadParameter:
    """Return the error of an option whose value is invalid."""
    return click.BadParameter(reason_of(error), param_hint=option)


def reason_of(error: "ValidationError") -> str:
    """Return the first thing that is wrong."""
    return error.errors()[0]["msg"].removeprefix("Value error, ")
