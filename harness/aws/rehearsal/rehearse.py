"""Rehearses the deployment on AWS: makes all of it, runs the service on it, and destroys it.

    python -m harness.aws.rehearsal.rehearse [--artifact FILE]

Terraform is the real one. The account is emulated: LocalStack has the buckets and queues, moto's
server all else. The processes are the real ones, with the variables of the containers and the
policies of the roles that Terraform made. Exit code 1 at the first step that fails.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from harness.aws.caller import expect
from harness.aws.policy import Policy
from harness.aws.rehearsal.deployed import Deployed
from harness.aws.rehearsal.deviations import LEFT_OUT, judged, lacking, left_behind
from harness.aws.rehearsal.emulated_account import ZONE, EmulatedAccount, emulated_account
from harness.aws.rehearsal.overheard import overheard
from harness.aws.rehearsal.steps import provisioning, scaling
from harness.aws.rehearsal.terraform import Terraform, tags_in
from harness.report import machine, measured_at

_ARTIFACT: Final = Path("docs/benchmarks/aws-rehearsal.json")
_IN_HASTE: Final = {
    "SCALE_IN_COOLDOWN_SECONDS": "5",
    "AUTOSCALER_INTERVAL_SECONDS": "1",
    "SQS_WAIT_TIME_SECONDS": "1",
}
"""Settings with which the group soon is empty again."""
_SECRET: Final = {"QDRANT_API_KEY": "secret-of-the-rehearsal"}
"""A secret that changes nothing where faces are in S3."""


_OF_WORKFLOW: Final = {
    "planner": ("plan", "-refresh=false", "-lock=false"),
    "deployer": ("apply", "-auto-approve"),
}
"""What each role of the workflow runs, as .github/workflows/deploy.yml has it."""


@dataclass
class Report:
    """What was done, and how long it took."""

    steps: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Note a step with what the block finds out."""
        begin_s = time.monotonic()
        found: dict[str, Any] = {}
        yield found
        seconds = round(time.monotonic() - begin_s, 1)
        self.steps.append({"step": name, "seconds": seconds, **found})
        counts = {key: len(v) if isinstance(v, list) else v for key, v in found.items()}
        print(f"{name}: {seconds} s {counts or ''}", flush=True)


def rehearse(folder: Path, report: Report) -> None:
    """Go through all steps.

    Raises
    ------
    StepFailed, TerraformFailed
        If one does not end as it should.
    """
    with emulated_account(folder) as account:
        before = account.inventory()
        terraform = Terraform(folder=folder / "terraform", environment=_environment(account))
        with report.step("set up"):
            terraform.init()
        with report.step("apply") as found:
            terraform.apply()
            found["resources"] = len(terraform.resources())
            found["tagged"] = _judged_state(terraform.state())
        with report.step("plan again") as found:
            found["deviations"] = judged(terraform.changes())
        with Deployed(account, terraform.outputs(), folder / "service") as deployed:
            _run(deployed, account, report)
        with report.step("bring a version as the workflow does") as found:
            found |= _bring(terraform, account)
        with report.step("destroy") as found:
            terraform.destroy()
            expect(not terraform.resources(), "nothing in Terraform's state")
            found["left_behind"] = left_behind(account.inventory() - before)


def _run(deployed: Deployed, account: EmulatedAccount, report: Report) -> None:
    """Run the service on what was made."""
    with report.step("provision again") as found:
        found["compared"] = provisioning(deployed, account)
    with report.step("start the web tier and the autoscaler"):
        for part in deployed.rights.policies:
            got = _SECRET.items() <= deployed.variables(part).items()
            expect(got, f"the {part} to get the secret")
        deployed.start_web()
        deployed.start("autoscaler")
    with report.step("scale from none, name a person, scale to none") as found:
        found["instances"] = scaling(deployed)
    refused = sorted({f"{part}: {call.action}" for part, call in deployed.rights.refused})
    expect(not refused, f"nothing to be refused, not {', '.join(refused)}")


def _bring(terraform: Terraform, account: EmulatedAccount) -> dict[str, list[str]]:
    """Plan and apply another tag of images; return the actions, by the workflow's role for it.

    Raises
    ------
    StepFailed
        If a role may not do all of it.
    """
    found = {}
    for role, command in _OF_WORKFLOW.items():
        with overheard(account.moto.port, account.localstack.port) as ((others, storage), actions):
            changed = {
                "TF_VAR_image_tag": "next",
                "AWS_ENDPOINT_URL": others,
                "AWS_ENDPOINT_URL_S3": storage,
                "AWS_ENDPOINT_URL_SQS": storage,
            }
            replace(terraform, environment={**terraform.environment, **changed}).run(*command)
        missing = lacking(Policy.parsed(*account.policies_of(f"efr-{role}")), actions)
        expect(not missing, f"the {role} to have all rights that it needs, and not lack {missing}")
        found[role] = sorted(actions)
    return found


def _judged_state(state: str) -> int:
    """Fail if Terraform keeps the secret, or made something without tags; return what has some."""
    for value in _SECRET.values():
        expect(value not in state, "Terraform to keep no secret")
    tags = tags_in(state)
    untagged = [name for name, found in tags.items() if found.get("deployment") != "efr"]
    expect(not untagged, f"everything to have the tags of the deployment, not {untagged}")
    return len(tags)


def _environment(account: EmulatedAccount) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME")}  # noqa: TID251
    variables = {
        "domain_name": f"faces.{ZONE}",
        "zone_id": account.zone_id,
        "image_tag": "rehearsal",
        "protected": "false",
        "settings": json.dumps(_IN_HASTE),
        "secret_names": json.dumps(list(_SECRET)),
        "secret_values": json.dumps(_SECRET),
        "github_repository": "example/faces",
        "state_bucket": "example-state",
        **{name: value for name, (value, _) in LEFT_OUT.items()},
    }
    return {
        **inherited,
        **account.variables(),
        "CHECKPOINT_DISABLE": "1",
        **{f"TF_VAR_{name}": value for name, value in variables.items()},
    }


def main() -> int:
    """Rehearse and write the artifact; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifact", type=Path, default=_ARTIFACT)
    given = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="efr-rehearsal-") as folder:
        rehearse(Path(folder), report)
    left_out = {name: reason for name, (_, reason) in LEFT_OUT.items()}
    artifact = {
        "measured_at": measured_at(),
        "machine": machine(),
        "left_out": left_out,
        "steps": report.steps,
    }
    given.artifact.write_text(json.dumps(artifact, indent=1) + "\n")
    print("PASS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
