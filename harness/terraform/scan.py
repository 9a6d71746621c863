"""Looks for known mistakes in Terraform, policies, images, workflows and objects of Kubernetes.

``make scan``. A finding that has a reason carries it beside it: in Terraform as a comment
``#checkov:skip``, for policies in ``cloudsplaining.yml``, in an object as an annotation
``checkov.io/skip1``, for the others here.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.settings import Settings
from harness.aws.policy_files import FOLDER, names_of, rendered
from harness.terraform.program import DEPLOY, ROOT

_PROGRAMS: Final = ROOT / ".venv-checks" / "bin"
_CHECKOV: Final = ("checkov", "--compact", "--quiet", "--skip-download")
_EXCLUSIONS: Final = Path(__file__).with_name("cloudsplaining.yml")
KUBERNETES_ACCEPTED: Final = {
    "CKV_K8S_15": "a release's tag does not move, and nodes that have the image need no registry",
    "CKV_K8S_35": "the service reads its settings from variables, and writes none of them to logs",
    "CKV_K8S_43": "only who builds the images knows their digests",
}
"""Findings in the objects of Kubernetes, and why they stay."""
_NO_FINDING: Final = "There were no results found."


def commands() -> Iterator[list[str]]:
    """Yield what is run, but for the policies."""
    yield [*_CHECKOV, "--framework", "terraform", "--directory", str(DEPLOY / "terraform")]
    # CKV_DOCKER_7: the base is an argument, whose default has a tag.
    yield [
        *_CHECKOV,
        *("--framework", "dockerfile", "--directory", str(ROOT / "docker")),
        *("--skip-check", "CKV_DOCKER_7"),
    ]
    yield [
        *_CHECKOV,
        *("--framework", "kubernetes", "--directory", str(DEPLOY / "kustomize")),
        *("--skip-check", ",".join(KUBERNETES_ACCEPTED)),
    ]
    yield ["hadolint", *map(str, sorted(ROOT.glob("docker/*/Dockerfile")))]
    workflows = ROOT / ".github" / "workflows"
    yield [
        *("actionlint", "-no-color", "-pyflakes=", "-shellcheck", str(_PROGRAMS / "shellcheck")),
        *map(str, sorted(workflows.glob("*.yml"))),
    ]
    yield ["zizmor", "--offline", "--no-progress", "--persona", "pedantic", str(workflows)]


def policies() -> Iterator[tuple[str, str]]:
    """Yield each policy with names filled in, as Terraform does."""
    names = names_of(Settings(_env_file=None), "efr-workers") | {
        "source_bucket_arn": "arn:aws:s3:::albums",
        "state_bucket_arn": "arn:aws:s3:::state",
    }
    for file in sorted(FOLDER.glob("*.json.tftpl")):
        part = file.name.partition(".")[0]
        yield part, rendered(part, names)


def findings() -> Iterator[str]:
    """Yield what each scanner says, where it says something."""
    for program, *arguments in commands():
        done = _run(program, *arguments)
        if done.returncode != 0:
            yield f"{program}:\n{done.stdout}{done.stderr}"
    with tempfile.TemporaryDirectory() as folder:
        for part, policy in policies():
            file = Path(folder) / f"{part}.json"
            file.write_text(policy)
            done = _run(
                *("cloudsplaining", "scan-policy-file"),
                *("--input-file", str(file), "--exclusions-file", str(_EXCLUSIONS)),
            )
            if done.returncode != 0 or _NO_FINDING not in done.stdout:
                yield f"cloudsplaining, {part}:\n{done.stdout}{done.stderr}"


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_PROGRAMS / program, *arguments], capture_output=True, text=True, check=False
    )


def main() -> int:
    """Scan; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = list(findings())
    for each in found:
        print(each, file=sys.stderr)
    if not found:
        print("no finding without a reason")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
