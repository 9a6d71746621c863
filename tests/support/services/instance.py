"""An instance of EC2 that starts, and whether there is a Terraform to plan it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.missing import missing

WITHOUT: Final = "WITHOUT_TERRAFORM"
"""Set by .ci/run where there is no Terraform: no package of Debian brings it."""


def require_terraform() -> None:
    """Skip without Terraform on a developer's machine; fail in CI, unless it can't be had."""
    if shutil.which("terraform") is None:
        missing("terraform is not installed", WITHOUT)


class Instance:
    """A machine whose user data was run, with its files in a folder and its programs imitated."""

    def __init__(self, folder: Path, user_data: str, *, secret: str) -> None:
        self.files = folder / "etc"
        programs = folder / "bin"
        for place in (programs, self.files / "systemd" / "system"):
            place.mkdir(parents=True)
        self.calls = folder / "calls"
        for name in ("docker", "docker-credential-ecr-login", "systemctl", "shutdown", "aws"):
            answer = f"echo '{secret}'" if name == "aws" else ":"
            program = programs / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{answer}\n')
            program.chmod(0o755)
        self.ended = subprocess.run(
            ["bash"],
            input=user_data.replace("/etc/", f"{self.files}/"),
            env={"PATH": f"{programs}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What the container gets, as Docker reads the file."""
        lines = (self.files / "efr" / "efr.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def command(self) -> list[str]:
        """What runs in the container: all that follows the image."""
        unit = self.files / "systemd/system/efr-worker.service.d/container.conf"
        (started,) = re.findall(r"^ExecStart=(/usr/bin/docker run .*)$", _joined(unit), re.M)
        arguments = started.split()
        command: list[str] = arguments[arguments.index("registry/efr:v1") + 1 :]
        return command


def _joined(unit: Path) -> str:
    """Return a unit with lines that go on put together."""
    return re.sub(r"\\\n\s*", "", unit.read_text())
