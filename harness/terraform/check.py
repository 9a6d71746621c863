"""Checks the deployment on AWS without an account: format, syntax, and the tests beside it.

``make terraform-test``. Needs Terraform 1.11 or later, and nothing that listens.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from harness.terraform.program import Terraform, TerraformFailed, example_names


def check(terraform: Terraform) -> str:
    """Check the copy; return how many runs passed.

    Raises
    ------
    TerraformFailed
        At the first check that fails.
    """
    terraform.run("fmt", "-check", "-recursive", "-diff")
    terraform.run("validate", "-no-color")
    printed = terraform.run("test", "-no-color")
    for example in example_names():
        terraform.run(
            "test", "-no-color", "-test-directory=examples/tests", f"-var-file=examples/{example}"
        )
    passed = re.findall(r"Success! (\d+) passed", printed)
    return f"{passed[0]} runs and {len(example_names())} examples passed"


def main() -> int:
    """Check; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(check(Terraform.in_copy(Path(folder) / "deploy")))
        except TerraformFailed as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
