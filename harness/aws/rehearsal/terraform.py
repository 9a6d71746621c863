"""Terraform in a folder of a trial's own, as a person would run it."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.terraform.program import DEPLOY, TerraformFailed, plugin_folder

_CHANGES: Final = 2
"""Exit code of a plan that would change something."""
_OVERRIDE: Final = """terraform {
  backend "local" {}
}

provider "aws" {
  s3_use_path_style = true
  max_retries       = 2
}
"""


@dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """What a plan would change of one resource."""

    address: str
    kind: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Terraform:
    """The deployment in a folder, with its state there.

    Parameters
    ----------
    folder : Path
        Gets a copy of ``deploy``.
    environment : mapping
        Variables of Terraform's process: keys and addresses of AWS, values of its variables.
    """

    folder: Path
    environment: Mapping[str, str]

    @property
    def root(self) -> Path:
        return self.folder / "deploy" / "terraform"

    def init(self) -> None:
        """Copy the deployment, and set it up to keep its state there."""
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests")
        shutil.copytree(DEPLOY, self.folder / "deploy", ignore=ignored)
        (self.root / "rehearsal_override.tf").write_text(_OVERRIDE)
        plugins = plugin_folder()
        self.run("init", *([f"-plugin-dir={plugins}"] if plugins else []))

    def apply(self) -> None:
        self.run("apply", "-auto-approve")

    def destroy(self) -> None:
        self.run("destroy", "-auto-approve")

    def resources(self) -> list[str]:
        """Return the addresses of what was made, without what was only looked up."""
        listed = self.run("state", "list").split()
        return [address for address in listed if ".data." not in f".{address}"]

    def state(self) -> str:
        """Return the state as it is kept, in JSON."""
        return self.run("state", "pull")

    def outputs(self) -> dict[str, Any]:
        found = json.loads(self.run("output", "-json"))
        return {name: output["value"] for name, output in found.items()}

    def changes(self) -> list[Change]:
        """Plan again; return what would be changed."""
        self.run("plan", "-detailed-exitcode", "-out=again", may=_CHANGES)
        planned = json.loads(self.run("show", "-json", "again"))
        return sorted(changes_of(planned.get("resource_changes", [])))

    def run(self, *arguments: str, may: int = 0) -> str:
        """Run a command; return what it printed.

        Raises
        ------
        TerraformFailed
            If its exit code is neither 0 nor the one that it may be.
        """
        command, *others = arguments
        inputs = ["-input=false"] if command in ("init", "apply", "plan") else []
        colours = [] if command in ("state", "output", "show") else ["-no-color"]
        done = subprocess.run(
            ["terraform", command, *others, *inputs, *colours],  # noqa: S607 - wherever it is
            cwd=self.root,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, may):
            said = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            raise TerraformFailed(f"terraform {command}: {said}")
        return done.stdout


def tags_in(state: str) -> dict[str, dict[str, str]]:
    """Return the tags of each resource that can have any."""
    return {
        f"{each.get('module', '')}.{each['type']}.{each['name']}[{number}]": found["tags_all"] or {}
        for each in json.loads(state)["resources"]
        if each["mode"] == "managed"
        for number, instance in enumerate(each["instances"])
        if "tags_all" in (found := instance["attributes"])
    }


def changes_of(planned: list[Any]) -> Iterator[Change]:
    """Yield what a plan in JSON would change."""
    for each in planned:
        change = each["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        before, after = change["before"] or {}, change["after"] or {}
        unknown = change.get("after_unknown") or {}
        names = {name for name in (*before, *after) if before.get(name) != after.get(name)}
        names -= {name for name in names if unknown.get(name) is True}
        yield Change(address=each["address"], kind=each["type"], attributes=tuple(sorted(names)))
