"""The service's processes as a deployment starts them, on an emulated account."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import requests

from harness.aws.caller import expect
from harness.aws.gate import Gate, Rights
from harness.aws.instance import Instance
from harness.aws.policy import Policy
from harness.aws.policy_files import AUTOSCALER, WEB, WORKER
from harness.aws.rehearsal.emulated_account import ACCOUNT, EmulatedAccount
from harness.localstack import ROOT, free_port
from harness.processes import Process
from harness.waiting import wait_until

_COMMANDS: Final = {WEB: "serve", WORKER: "worker", AUTOSCALER: "autoscaler"}
_SETTINGS: Final = re.compile(r"<<'SETTINGS'\n(.*?)\nSETTINGS\n", re.DOTALL)
_PARAMETER: Final = re.compile(r"aws ssm get-parameter .*--name '(.+?)'")


class DeployedProcess(Process):
    """A process with exactly the variables that it is given."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=dict(variables)
            )


class Deployed:
    """What Terraform made, with the parts that run on it, from ``with`` on.

    Each part has the variables of its container, and signs as itself before a gate that
    judges by the policies of the role that Terraform made for it. What differs from AWS is
    in ``_here``.

    Parameters
    ----------
    account : EmulatedAccount
    outputs : mapping
        Terraform's.
    folder : Path
        Gets the logs.
    """

    def __init__(self, account: EmulatedAccount, outputs: Mapping[str, Any], folder: Path) -> None:
        self._account = account
        self._outputs = outputs
        self._folder = folder
        self._parts = ExitStack()
        self._port, self._probe_port = free_port(), free_port()
        self.rights = Rights(policies={part: self._policy(part) for part in _COMMANDS})
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def host(self) -> str:
        """Name under which callers ask."""
        return self.variables(WEB)["TRUSTED_HOSTS"]

    def __enter__(self) -> "Deployed":
        gates = [
            self._parts.enter_context(Gate(each.port, self.rights, ACCOUNT)).address
            for each in (self._account.localstack, self._account.moto)
        ]
        self._storage, self._others = gates
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def variables(self, part: str) -> dict[str, str]:
        """Return the settings that a part's container gets, with the secrets."""
        container = self._outputs["containers"][part]
        if part == WORKER:
            (found,) = _SETTINGS.findall(container)
            settings = dict(line.split("=", 1) for line in found.splitlines() if line)
            secrets = {each.rpartition("/")[2]: each for each in _PARAMETER.findall(container)}
        else:
            settings = {each["name"]: each["value"] for each in container["environment"]}
            secrets = {each["name"]: each["valueFrom"] for each in container["secrets"]}
        return settings | {name: self._account.secret(each) for name, each in secrets.items()}

    def start(self, part: str, **changes: str) -> DeployedProcess:
        """Start a part; it is told to stop in the end."""
        command = [sys.executable, "-m", "efr_cli", _COMMANDS[part]]
        variables = self.variables(part) | self._here(part) | changes
        process = DeployedProcess(command, variables, self._folder / f"{part}.log")
        self._parts.callback(process.stop)
        return process

    def start_web(self) -> DeployedProcess:
        """Start the web tier; return it once the load balancer would send it requests."""
        ports = {"WEB_PORT": str(self._port), "METRICS_PORT": str(self._probe_port)}
        web = self.start(WEB, WEB_HOST="127.0.0.1", METRICS_HOST="127.0.0.1", **ports)
        path = self._probed_path()
        wait_until(lambda: self._is_ready(path), seconds=180, what="the web tier to be ready")
        return web

    def start_worker(self, instance_id: str) -> DeployedProcess:
        """Start a worker as on that instance."""
        instance = self._parts.enter_context(Instance(instance_id))
        worker = self.start(WORKER, EC2_METADATA_URL=instance.address)
        wait_until(lambda: worker.logged("worker started"), seconds=180, what="the worker")
        return worker

    def operator(self, *arguments: str | Path) -> str:
        """Run a command of ``efr`` with all rights; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "efr_cli", *map(str, arguments)],
            cwd=ROOT,
            env=self.operator_variables(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def operator_variables(self) -> dict[str, str]:
        """Return the variables with which an operator's commands reach what was made."""
        settings: dict[str, str] = self._outputs["settings"]
        return settings | self._here(WEB) | self._account.variables()

    def group(self) -> Any:
        """Return the workers' group."""
        name = self._outputs["group"]
        groups = self._account.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[name]
        )
        return groups["AutoScalingGroups"][0]

    def _here(self, part: str) -> dict[str, str]:
        """Return what is not as on AWS: where it is, whose keys, and where the models lie."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME")}  # noqa: TID251
        return inherited | {
            "AWS_ENDPOINT_URL": self._others,
            "AWS_ENDPOINT_URL_S3": self._storage,
            "AWS_ENDPOINT_URL_SQS": self._storage,
            "AWS_ACCESS_KEY_ID": part,
            "AWS_SECRET_ACCESS_KEY": "test",
            "FACE_MODELS_DIR": str(ROOT / "var" / "models"),
        }

    def _policy(self, part: str) -> Policy:
        role = self._outputs["roles"][part].rpartition("/")[2]
        return Policy.parsed(*self._account.policies_of(role))

    def _probed_path(self) -> str:
        """Return what the load balancer asks for, at the port where the container answers it."""
        groups = self._account.client("elbv2").describe_target_groups()["TargetGroups"]
        ((port, path),) = {(each["HealthCheckPort"], each["HealthCheckPath"]) for each in groups}
        expect(port == self.variables(WEB)["METRICS_PORT"], "probes at the port of the metrics")
        return str(path)

    def _is_ready(self, path: str) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self._probe_port}{path}", timeout=5).ok
        except requests.RequestException:
            return False
