"""Has every process of the service that a test starts run under its policy.

    PYTHONPATH=. pytest -p tests.support.services.guarded_suite tests/e2e

The processes sign as themselves, before a gate in front of each LocalStack. The run fails if
anything was refused, even if every test passes. With ``--rights-artifact FILE`` a run that did not
fail is recorded.
"""

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from core.settings import Settings
from harness import processes
from harness.aws.gate import Gate, Rights
from harness.aws.policy import Policy
from harness.aws.policy_files import AUTOSCALER, WEB, WORKER, policies_of
from harness.report import measured_at

_COMMANDS: Final = {"serve": WEB, "worker": WORKER, "autoscaler": AUTOSCALER}
_rights: Final = Rights(policies={})
_gates: Final[dict[int, Gate]] = {}
_start: Final = processes.Process.__init__


def _start_guarded(
    self: processes.Process, command: Sequence[str], settings: Settings, log: Path, **changes: str
) -> None:
    part = next((_COMMANDS[word] for word in command if word in _COMMANDS), None)
    if part is not None and settings.storage is None and settings.aws_access_key_id is not None:
        settings = _guarded(part, settings)
    _start(self, command, settings, log, **changes)


def _guarded(part: str, settings: Settings) -> Settings:
    """Return the settings of a part that goes through a gate, with keys of its own."""
    port = urlsplit(str(settings.aws_endpoint_url)).port or 0
    if port not in _gates:
        _gates[port] = Gate(port, _rights).__enter__()
    buckets = tuple(each.rpartition(":")[2] for each in settings.allowed_buckets)
    key = f"{part}.{uuid.uuid4().hex[:12]}"
    _rights.policies[key] = _policy(part, policies_of(settings, settings.asg_name or "", buckets))
    return settings.model_copy(
        update={
            "aws_endpoint_url": _gates[port].address,
            "aws_access_key_id": key,
            "aws_secret_access_key": "test",
        }
    )


def _policy(part: str, policies: Mapping[str, Policy]) -> Policy:
    if part != AUTOSCALER:
        return policies[part]
    # Its workers are processes of its own here, and have its keys.
    own, worker = policies[AUTOSCALER], policies[WORKER]
    return replace(own, grants=(*own.grants, *worker.grants), denied=worker.denied)


def _calls() -> list[dict[str, str | int]]:
    """Return how often each part used each of its rights."""
    found: Counter[tuple[str, str]] = Counter()
    for (key, call), times in _rights.asked.items():
        grant = _rights.policies[key].granting(call)
        if grant is not None:
            found[key.partition(".")[0], grant.action] += times
    return [
        {"part": part, "action": action, "times": times}
        for (part, action), times in sorted(found.items())
    ]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rights-artifact", type=Path)


def pytest_configure() -> None:
    setattr(processes.Process, "__init__", _start_guarded)  # noqa: B010 - mypy


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the run fail for what was refused."""
    if _rights.refused:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Say what was refused, or write down what was done."""
    terminalreporter.write_line(f"{sum(_rights.asked.values()):,} calls were judged")
    for (part, call), times in sorted(_rights.refused.items()):
        terminalreporter.write_line(f"refused: {part} {call.action} {call.resource} ({times})")
    artifact: Path | None = config.getoption("--rights-artifact")
    if artifact is not None and exitstatus == pytest.ExitCode.OK and not _rights.refused:
        counts = {kind: len(terminalreporter.stats.get(kind, ())) for kind in ("passed", "skipped")}
        recorded = {"measured_at": measured_at(), "tests": counts, "calls": _calls()}
        artifact.write_text(json.dumps(recorded, indent=1) + "\n")
