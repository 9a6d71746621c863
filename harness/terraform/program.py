"""Terraform on a copy of the deployment, so that runs at the same time don't meet."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "deploy"
_FOLDERS: Final = ("terraform", "systemd", "cloudwatch")
"""What the modules read."""
_PLUGINS: Final = (
    Path.home() / ".terraform.d",
    Path("/usr/local/share/terraform"),
    Path("/usr/share/terraform"),
    Path("/opt"),
)
_PROVIDER: Final = "terraform-provider-aws_v*"


class TerraformFailed(Exception):
    """Raised when Terraform ends with another code than 0; has what it printed."""


def plugin_folder() -> Path | None:
    """Return the folder of unpacked providers that this machine has, if it has one.

    ``TF_PLUGIN_DIR`` names it; else it is looked for. Without it Terraform fetches the provider.
    """
    named = os.environ.get("TF_PLUGIN_DIR")  # noqa: TID251 - a fact about the machine
    if named:
        return Path(named)
    for place in _PLUGINS:
        for provider in sorted(place.glob(f"*/*/*/aws/*/*/{_PROVIDER}")):
            # folder / host / namespace / aws / version / system / provider
            return provider.parents[5]
    return None


@dataclass(frozen=True)
class Terraform:
    """Terraform in a folder, with the modules installed."""

    folder: Path

    @classmethod
    def in_copy(cls, place: Path) -> Self:
        """Copy the deployment and install its modules and provider."""
        for name in _FOLDERS:
            shutil.copytree(
                DEPLOY / name,
                place / name,
                ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"),
            )
        terraform = cls(place / "terraform")
        plugins = plugin_folder()
        found = [f"-plugin-dir={plugins}"] if plugins else []
        terraform.run("init", "-backend=false", "-input=false", *found)
        return terraform

    def run(self, *arguments: str) -> str:
        """Return what Terraform prints.

        Raises
        ------
        TerraformFailed
            If it ends with another code than 0.
        """
        done = subprocess.run(
            ["terraform", *arguments],  # noqa: S607 - it is looked for where the shell looks
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise TerraformFailed(f"{done.stdout[-8000:]}\n{done.stderr[-8000:]}")
        return done.stdout

    def plan_of(self, test_file: str, run: str) -> dict[str, Any]:
        """Run one file of tests; return the plan of one of its runs."""
        printed = self.run("test", "-json", "-verbose", f"-filter=tests/{test_file}")
        for line in printed.splitlines():
            # A line has the provider's whole schema, 13 MB.
            if '"test_plan"' in line[-100:] or '"type":"test_plan"' in line:
                event = json.loads(line)
                if event["@testrun"] == run:
                    plan: dict[str, Any] = event["test_plan"]
                    return plan
        raise TerraformFailed(f"{test_file} has no run {run}")

    @cached_property
    def _environment(self) -> dict[str, str]:
        ours = dict(os.environ)  # noqa: TID251 - handed on
        for name in [each for each in ours if each.startswith(("TF_", "AWS_"))]:
            del ours[name]
        return ours | {"TF_IN_AUTOMATION": "1", "NO_COLOR": "1", "CHECKPOINT_DISABLE": "1"}


def example_names() -> list[str]:
    """Return the files of examples/."""
    return sorted(each.name for each in (DEPLOY / "terraform" / "examples").glob("*.tfvars"))
