"""The table of Terraform's variables, for docs/deploy-aws.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.common.tables import table

_FILE: Final = Path(__file__).resolve().parents[2] / "deploy" / "terraform" / "variables.tf"
_BLOCK: Final = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_DESCRIPTION: Final = re.compile(r'^  description = "(.*)"$', re.MULTILINE)
_DEFAULT: Final = re.compile(r"^  default\s+= (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Variable:
    """One variable; without a default it has to be given."""

    name: str
    description: str
    default: str | None


def variables() -> Iterator[Variable]:
    """Yield the variables of the root, in the order of the file."""
    for name, body in _BLOCK.findall(_FILE.read_text()):
        (description,) = _DESCRIPTION.findall(body)
        default = _DEFAULT.search(body)
        yield Variable(name, description, default.group(1) if default else None)


def variables_table() -> str:
    """Return the table: what has to be given first."""
    ordered = sorted(variables(), key=lambda each: (each.default is not None, each.name))
    rows = [
        (
            f"`{each.name}`",
            "**to be given**" if each.default is None else f"`{each.default}`",
            each.description.replace("|", "\\|"),
        )
        for each in ordered
    ]
    return table(("variable", "default", ""), rows)
