"""Shell sessions of the documents: their commands, what they show, and what really comes."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PROMPT: Final = "    $ "
_OUTPUT: Final = "    "
_END: Final = "=== end of the command ==="
_STATUSES: Final = "=== statuses ==="
_PREPARES: Final = re.compile(r"(make down; )?(\w+=\S+ )*make |\. \.venv/bin/activate$")
_MOST_SLEEPS: Final = 180
"""Seconds that a session may wait for its jobs."""

_HOME: Final = "/srv/faces"
"""Where the documents' repository lies."""

_SHELL: Final = """\
set +o history
statuses=$(mktemp)
curl() {{ command curl --silent --write-out '%{{stderr}}%{{http_code}}\\n' "$@" 2>>"$statuses"; }}
slept=0
sleep() {{ command sleep "$1"; slept=$((slept + 1)); [ $slept -lt {sleeps} ] || exit; }}
efr() {{ {python} scripts/efr.py "$@" 2>&1; }}
ended() {{ echo; echo '{statuses}'; cat "$statuses"; : >"$statuses"; echo '{end}'; }}
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of a document, and the output that the document shows."""

    text: str
    shown: str

    @property
    def prepares(self) -> bool:
        """Whether it makes what a test has already: the service, and its virtual environment."""
        return _PREPARES.match(self.text) is not None


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of a command: its output, and the statuses of its HTTP requests."""

    command: Command
    output: str
    statuses: list[int]


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a document in order: indented lines behind a ``$``."""
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.startswith(_PROMPT):
            shown = []
            for following in lines[number + 1 :]:
                if following.startswith(_PROMPT) or not following.startswith((_OUTPUT, "\n")):
                    break
                shown.append(following.removeprefix(_OUTPUT))
            yield Command(text=line.removeprefix(_PROMPT), shown="\n".join(shown))


def run(
    session: list[Command], *, cwd: Path, env: Mapping[str, str], python: str, seconds: float
) -> list[Ran]:
    """Run commands one after the other in one shell, until they have waited for too long."""
    script = _SHELL.format(python=python, statuses=_STATUSES, end=_END, sleeps=_MOST_SLEEPS)
    for command in session:
        script += f"{command.text}\nended\n"
    finished = subprocess.run(
        ["bash", "--noprofile", "--norc", "-s"],
        input=script,
        cwd=cwd,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    outputs = finished.stdout.split(f"{_END}\n")[:-1]
    assert len(outputs) == len(session), finished.stdout + finished.stderr
    ran = []
    for command, output in zip(session, outputs, strict=True):
        text, _, statuses = output.rpartition(_STATUSES)
        ran.append(
            Ran(
                command=command,
                output=text.strip("\n").replace(str(cwd), _HOME),
                statuses=[int(status) for status in re.findall(r"^\d{3}$", statuses, re.M)],
            )
        )
    return ran


def difference(shown: str, output: str) -> str:
    """Say where an output is not of the shape that is shown; empty if it is.

    Ids, times and numbers differ each time; ``...`` stands for anything further.
    """
    start = shown.find("{")
    heads, text = (shown, "") if start < 0 else (shown[:start], shown[start:])
    lines = [_masked(line) for line in output.splitlines()]
    for head in filter(None, map(_masked, heads.splitlines())):
        if head not in (*lines, "..."):
            return f"no line is {head!r}"
    return _json_difference(text, output[output.find("{") :]) if text else ""


def _json_difference(shown: str, output: str) -> str:
    text = re.sub(r"\{\.\.\.\}", '{"...":0}', "".join(shown.splitlines()))
    text = re.sub(r",\s*\.\.\.\s*([\]}])", r',"...":0\1', text)
    return _unlike(json.loads(text), json.loads(output), "answer")


def _unlike(shown: Any, actual: Any, where: str) -> str:
    match shown:
        case dict():
            return _unlike_object(shown, actual, where)
        case list():
            if not isinstance(actual, list) or len(actual) != len(shown):
                return f"{where} is {actual!r}"
            each = (
                _unlike(one, other, f"{where}[{place}]")
                for place, (one, other) in enumerate(zip(shown, actual, strict=True))
            )
            return next(filter(None, each), "")
        case bool() | None:
            return "" if actual is shown else f"{where} is {actual!r}"
        case int() | float():
            return "" if isinstance(actual, int | float) else f"{where} is {actual!r}"
    return "" if _masked(shown) == _masked(str(actual)) else f"{where} is {actual!r}"


def _unlike_object(shown: dict[str, Any], actual: Any, where: str) -> str:
    if not isinstance(actual, dict):
        return f"{where} is {actual!r}"
    names = shown.keys() - {"..."}
    if "..." not in shown and actual.keys() != names:
        return f"{where} has {sorted(actual)}"
    each = (
        _unlike(shown[name], actual[name], f"{where}.{name}")
        if name in actual
        else f"{where}: no {name}"
        for name in shown
        if name in names
    )
    return next(filter(None, each), "")


def _masked(text: str) -> str:
    """Leave out what differs each time."""
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID", text.strip())
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\b)", "TIME", text)
    return re.sub(r"\d+\.\d+|\d{3,}", "N", re.sub(r" +", " ", text))
