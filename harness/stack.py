"""The whole service on ports of its own: LocalStack, web tier, workers or autoscaler."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import requests

from core.aws.clients import s3_client
from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.ports import Bucket
from core.settings import Settings
from harness.album import Album
from harness.faults import small_tmp
from harness.faults.http_proxy import HttpProxy
from harness.faults.tcp_proxy import TcpProxy
from harness.localstack import ROOT, LocalStack, free_port
from harness.photo_set import People, Photo
from harness.processes import environment
from harness.resource_meter import RequestLog
from harness.service_stack import ServiceStack

ALBUM_BUCKET: Final = "album-bucket"


class Stack(ServiceStack):
    """The service on a LocalStack, which keeps what it has in the folder while it runs.

    Parameters
    ----------
    folder : Path
    workers : int
    exposed : bool
        To faults: what the service asks LocalStack goes through two proxies, and its
        processes have little space for temporary files where the machine allows that.
    settings
    """

    def __init__(
        self, folder: Path, *, workers: int = 1, exposed: bool = False, **settings: object
    ) -> None:
        super().__init__(folder, workers=workers, **settings)
        self._exposed = exposed
        self.localstack = LocalStack(folder)
        self.has_small_tmp = exposed and small_tmp.is_possible()
        self.small_tmp = folder.resolve() / "small-tmp"
        self._prefix = small_tmp.prefix(self.small_tmp) if self.has_small_tmp else []

    def _begin(self, parts: ExitStack) -> Settings:
        self.small_tmp.mkdir(parents=True, exist_ok=True)
        self.localstack.start()
        parts.callback(self.localstack.stop)
        self.settings = self.localstack.settings(
            **{
                "web_host": "127.0.0.1",
                "web_port": free_port(),
                "allowed_buckets": (ALBUM_BUCKET,),
                "face_models_dir": ROOT / "var" / "models",
                **self._changes,
            }
        )
        provision(self.settings)
        s3_client(self.settings).create_bucket(Bucket=ALBUM_BUCKET)
        self.ports = Infrastructure.on_aws(self.settings)
        if not self._exposed:
            return self.settings
        self.http = parts.enter_context(HttpProxy(self.localstack.port, free_port()))
        self.proxy = parts.enter_context(TcpProxy(self.http.port, free_port()))
        return self.settings.model_copy(update={"aws_endpoint_url": self.proxy.address})

    @property
    def album_bucket(self) -> Bucket:
        return self.ports.bucket(ALBUM_BUCKET)

    def cpu_groups(self) -> dict[str, list[int]]:
        """Return the processes whose time is counted together."""
        workers = [worker.pid for worker in self.workers]
        return {
            "web": [self.web.pid],
            "workers": workers + ([self.autoscaler.pid] if self.autoscaler else []),
            "localstack": [self.localstack.pid],
        }

    def request_log(self) -> RequestLog:
        return RequestLog(self._folder / "localstack.log")


def enrol(people: People, settings: Settings, collection_id: str, folder: Path) -> None:
    """Enrol one photo of each person with the project's own command.

    Raises
    ------
    RuntimeError
        If the command refuses; its words are the error's.
    """
    for person, photo in people.enrolled.items():
        home = folder / person
        home.mkdir(parents=True, exist_ok=True)
        (home / photo.name).symlink_to(photo.resolve())
    command = [sys.executable, "scripts/enroll.py", str(folder), "--collection", collection_id]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(settings, {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the people could not be enrolled: {done.stderr.strip()}")


def make_collection(address: str, collection_id: str) -> None:
    """Make a collection unless there is one."""
    asked = {"collection_id": collection_id}
    answer = requests.post(f"{address}/collections", json=asked, timeout=30)
    if answer.status_code != 409:
        answer.raise_for_status()


def put_album(stack: Stack, photos: Sequence[Photo], collection_id: str) -> Album:
    """Put photos into the bucket of a stack, to be indexed into a new collection."""
    make_collection(stack.address, collection_id)
    album = Album(
        address=stack.address,
        collection_id=collection_id,
        bucket=stack.album_bucket,
        bucket_name=ALBUM_BUCKET,
        prefix="album/",
        photos=photos,
    )
    album.put()
    return album
