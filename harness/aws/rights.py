"""Proves that each part has the rights on AWS that it needs, and no others.

    python -m harness.aws.rights [--artifact FILE]

Starts web tier, worker and autoscaler on emulators, each with keys of its own, behind a gate that
judges every request by the policy of the deployment, as IAM would. Then it walks through all that
people do with the service. Exit code 1 when a step fails, a call is refused, or a policy allows
what nothing needs.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from core.settings import Settings
from harness.aws.caller import Caller, named
from harness.aws.gate import Rights
from harness.aws.guarded_stack import ALBUM, GROUP, GuardedStack
from harness.aws.other_steps import put_album
from harness.aws.policy_files import names_of, policies_of
from harness.aws.proof import findings
from harness.aws.receiver import Receiver
from harness.aws.scenario import STEPS, first_key
from harness.aws.trace import Seen, summed
from harness.report import measured_at

_ARTIFACT: Final = Path("docs/benchmarks/aws-rights.json")
HASTE: Final[dict[str, Any]] = {
    "auth": "keys",
    "web_processes": 1,
    "worker_processes": 1,
    "sqs_wait_time_seconds": 1,
    "sqs_visibility_timeout_seconds": 6,
    "visibility_heartbeat_seconds": 1,
    "dead_letter_sweep_seconds": 1,
    "retry_backoff_seconds": 1,
    "gallery_refresh_seconds": 0.5,
    "scale_in_cooldown_seconds": 4,
    "autoscaler_interval_seconds": 0.5,
    "webhook_allow_private": "127.0.0.1/32",
    "webhook_retry_seconds": "1",
    "sqs_resp_enabled": True,
}
"""Settings with which each right is soon needed."""


def walk(folder: Path, say: Callable[[str], None]) -> list[Seen]:
    """Walk through all steps under the policies; return the calls that were seen.

    Raises
    ------
    StepFailed
        If the service does not do what a step asks of it.
    """
    defaults = Settings(_env_file=None)
    rights = Rights(policies=policies_of(defaults, GROUP, (ALBUM,)))
    with GuardedStack(folder, rights, **HASTE) as stack, Receiver() as receiver:
        put_album(stack)
        call = Caller(stack.address, first_key(stack))
        for name, step in STEPS.items():
            with named(name):
                step(stack, call, receiver)
            say(name)
    for (part, refused), times in sorted(rights.refused.items()):
        say(f"refused: {part} {refused.action} {refused.resource} ({times})")
    return summed(rights.asked, _names(defaults))


def _names(settings: Settings) -> dict[str, str]:
    return names_of(settings, GROUP) | {"source_bucket_arn": f"arn:aws:s3:::{ALBUM}"}


def main() -> int:
    """Walk, judge and write the artifact; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifact", type=Path, default=_ARTIFACT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="efr-rights-") as folder:
        seen = walk(Path(folder), lambda text: print(text, flush=True))
    wrong = findings(seen)
    for finding in wrong:
        print(f"FAIL: {finding}")
    if not wrong:
        artifact = {"measured_at": measured_at(), "calls": [each.shown() for each in seen]}
        given.artifact.write_text(json.dumps(artifact, indent=1) + "\n")
        print("PASS")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
