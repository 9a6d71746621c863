"""The script for a real cluster, with small programs in the place of kubectl, helm and curl."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.photos import ROOT

SCRIPT = ROOT / "deploy" / "helm" / "smoke.sh"
KUBECTL = """#!/usr/bin/env bash
echo "kubectl $*" >> "$FOLDER/calls"
case "$*" in
*"get crd"*) exit "$NO_KEDA" ;;
*"keys create"*) echo key ;;
*readyReplicas*) [ -e "$FOLDER/uploaded" ] && echo 1 ;;
*podIP*) echo 10.0.0.1 ;;
*image}*) echo image ;;
*port-forward*) exec sleep 600 ;;
*apply*) cat > "$FOLDER/pod" ;;
*phase*) [ -n "$OPEN" ] || grep --quiet kubernetes.default.svc "$FOLDER/pod" || exit 1 ;;
*"rollout status deployment/$BROKEN "*) exit 1 ;;
esac
exit 0
"""
CURL = """#!/usr/bin/env bash
case "$*" in
*/status/*) echo '{"job_id":"j1","status":"done"}' ;;
*inputFile*) touch "$FOLDER/uploaded"; echo '{"job_id":"j1","status":"pending"}' ;;
esac
"""
HELM = """#!/usr/bin/env bash
echo "helm $*" >> "$FOLDER/calls"
"""


def run(folder: Path, **variables: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the script; return what it said, and the calls that it made."""
    for name, program in (("kubectl", KUBECTL), ("curl", CURL), ("helm", HELM)):
        (folder / name).write_text(program)
        (folder / name).chmod(0o755)
    (folder / "photo.jpg").touch()
    given = {"NO_KEDA": "0", "OPEN": "", "BROKEN": "none", "PHOTO": str(folder / "photo.jpg")}
    environment = (
        given
        | variables
        | {
            "FOLDER": str(folder),
            "PATH": os.pathsep.join((str(folder), os.defpath)),
        }
    )
    done = subprocess.run(
        [SCRIPT, "mine", "registry.example.org"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done, (folder / "calls").read_text()


@pytest.mark.parametrize(("no_keda", "scaling"), [("0", "keda"), ("1", "none")])
def test_script_goes_through_all_steps(no_keda: str, scaling: str, tmp_path: Path) -> None:
    done, calls = run(tmp_path, NO_KEDA=no_keda)

    assert (done.returncode, done.stderr) == (0, "")
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASS: ")]
    assert len(passed) == len(done.stdout.splitlines()) == 7 + (scaling == "keda")
    assert f"worker.scaling={scaling}" in calls
    assert "--context mine" in calls
    assert "--kube-context mine" in calls
    assert calls.splitlines()[-1].startswith("kubectl --context mine delete namespace efr-smoke-")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"OPEN": "yes"}, "FAIL: a stranger reads metrics"),
        ({"BROKEN": "efr-web"}, "FAIL: the web tier does not start"),
    ],
)
def test_script_says_what_failed_and_leaves_nothing_behind(
    fault: dict[str, str], said: str, tmp_path: Path
) -> None:
    done, calls = run(tmp_path, **fault)

    assert done.returncode == 1
    assert said in done.stderr
    assert "delete namespace efr-smoke-" in calls.splitlines()[-1]
