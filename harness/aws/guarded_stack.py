"""The whole service on emulators, each part with keys and a policy of its own."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from core.aws.clients import s3_client
from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.settings import Settings
from harness.aws.gate import Gate, Rights
from harness.aws.instance import Instance
from harness.aws.moto_server import moto_server
from harness.aws.policy_files import AUTOSCALER, OPERATOR, WEB, WORKER
from harness.localstack import ROOT, LocalStack, free_port
from harness.processes import Process, WebProcess, WorkerProcess, environment
from harness.service_stack import ServiceStack

ALBUM: Final = "album-bucket"
GROUP: Final = "efr-workers"
MOST_INSTANCES: Final = 3


class GuardedStack(ServiceStack):
    """The service behind a gate that judges what each part asks AWS for.

    Parameters
    ----------
    folder : Path
    rights : Rights
        The policies of the parts. They are looked at with each request.
    settings
        What differs from the defaults.
    """

    def __init__(self, folder: Path, rights: Rights, **settings: object) -> None:
        super().__init__(folder, workers=1, **settings)
        self.rights = rights

    @property
    def folder(self) -> Path:
        return self._folder

    def _begin(self, parts: ExitStack) -> Settings:
        localstack = LocalStack(self._folder).start()
        parts.callback(localstack.stop)
        self.moto = parts.enter_context(moto_server(self._folder))
        usual: dict[str, object] = {
            "web_host": "127.0.0.1",
            "web_port": free_port(),
            "face_models_dir": ROOT / "var" / "models",
            "allowed_buckets": (ALBUM,),
            "asg_name": GROUP,
        }
        self.settings = localstack.settings(**usual | self._changes)
        provision(self.settings)
        self.s3 = s3_client(self.settings)
        parts.callback(self.s3.close)
        self._groups = self.moto.client("autoscaling")
        parts.callback(self._groups.close)
        self.s3.create_bucket(Bucket=ALBUM)
        # AWS Backup asks for it.
        self.s3.put_bucket_versioning(
            Bucket=self.settings.s3_gallery_bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        self._make_group()
        self.ports = Infrastructure.on_aws(self.settings)
        storage = parts.enter_context(Gate(localstack.port, self.rights)).address
        self.instance = parts.enter_context(Instance(self._instance()))
        return self.settings.model_copy(
            update={
                "aws_endpoint_url": parts.enter_context(Gate(self.moto.port, self.rights)).address,
                "aws_endpoint_url_s3": storage,
                "aws_endpoint_url_sqs": storage,
            }
        )

    def start_web(self) -> WebProcess:
        self.web = WebProcess(self.settings_of(WEB), self._folder / "web.log")
        return self.web

    def start_worker(self, **changes: str) -> WorkerProcess:
        self._started += 1
        log = self._folder / f"worker-{self._started}.log"
        at = {"EC2_METADATA_URL": self.instance.address}
        worker = WorkerProcess(self.settings_of(WORKER), log, **at, **changes)
        self.workers.append(worker)
        return worker

    def start_autoscaler(self, **changes: str) -> Process:
        command = [sys.executable, "-m", "efr_cli", "autoscaler"]
        log = self._folder / "autoscaler.log"
        self.autoscaler = Process(command, self.settings_of(AUTOSCALER), log, **changes)
        return self.autoscaler

    def settings_of(self, part: str) -> Settings:
        """Return the settings with which a part signs as itself."""
        keys = {"aws_access_key_id": part, "aws_secret_access_key": "test"}
        return self._seen.model_copy(update=keys)

    def operator(self, *arguments: str | Path) -> str:
        """Run a command of ``efr`` with the operator's rights; return what it printed.

        Raises
        ------
        RuntimeError
            If it fails; holds what it said.
        """
        return self._efr(OPERATOR, arguments)

    def _efr(self, part: str, arguments: Sequence[str | Path]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "efr_cli", *map(str, arguments)],
            cwd=ROOT,
            env=environment(self.settings_of(part), {}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"efr {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def capacity(self) -> int:
        """Return how many instances the group shall have."""
        return int(self._group()["DesiredCapacity"])

    def _group(self) -> Any:
        found = self._groups.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        (group,) = found["AutoScalingGroups"]
        return group

    def _make_group(self) -> None:
        self._groups.create_launch_configuration(
            LaunchConfigurationName=GROUP, ImageId="ami-12345678", InstanceType="c6i.large"
        )
        self._groups.create_auto_scaling_group(
            AutoScalingGroupName=GROUP,
            LaunchConfigurationName=GROUP,
            MinSize=0,
            MaxSize=MOST_INSTANCES,
            DesiredCapacity=1,
            AvailabilityZones=["us-east-1a"],
        )

    def _instance(self) -> str:
        (instance,) = self._group()["Instances"]
        return str(instance["InstanceId"])
