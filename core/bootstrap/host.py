"""The worker's ties to the machine that it runs on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.aws.clients import autoscaling_client
from core.aws.metadata import InstanceMetadata
from core.aws.scale_in_calls import TASK_RENEW_S, InstanceProtection, TaskProtection
from core.host.scale_in_protection import ScaleInProtection
from core.host.termination_notices import NoticeWatcher
from core.settings import Settings
from core.worker.daemon import Worker


@dataclass(frozen=True, kw_only=True)
class Host:
    """What ties a worker to its machine.

    Parameters
    ----------
    worker : Worker
    notices : NoticeWatcher or None
        None if the machine's end is not announced.
    protection : ScaleInProtection or None
        None if only the worker's own supervisor ends it.
    on_wait : callable
        Called while the worker is held back, for health checks.
    """

    worker: Worker
    notices: NoticeWatcher | None
    protection: ScaleInProtection | None
    on_wait: Callable[[], None]

    def is_clear(self) -> bool:
        """Wait as long as the machine is about to end; return False if ``stop()`` came first.

        A supervisor may restart a drained worker again and again. Such a worker loads no
        models and takes no jobs; it waits for the end.
        """
        return self.notices is None or self.notices.wait_until_clear(self.on_wait)

    def start(self) -> None:
        """Have the worker drain when the machine is about to end, and protect it at work."""
        if self.notices is not None:
            self.notices.start(self.worker.stop)
        if self.protection is not None:
            self.protection.start()

    def stop(self) -> None:
        """Stop looking for notices; safe to call from a signal handler."""
        if self.notices is not None:
            self.notices.stop()

    def close(self) -> None:
        """Let the machine be ended, now that the worker has drained."""
        if self.protection is not None:
            self.protection.close()


def build_host(settings: Settings, worker: Worker) -> Host:
    """Return the machine that the settings describe."""
    address = settings.ec2_metadata_url
    metadata = InstanceMetadata(address) if address else None
    return Host(
        worker=worker,
        notices=NoticeWatcher(metadata.notice) if metadata else None,
        protection=_protection(settings, metadata, worker),
        on_wait=partial(touch, settings.worker_alive_file),
    )


def _protection(
    settings: Settings, metadata: InstanceMetadata | None, worker: Worker
) -> ScaleInProtection | None:
    """Return that of the ECS task, of the instance of a group, or none."""
    if settings.ecs_agent_uri is not None:
        return ScaleInProtection(
            is_busy=worker.is_busy,
            protect=TaskProtection(settings.ecs_agent_uri),
            renew_s=TASK_RENEW_S,
        )
    if settings.asg_name is None or metadata is None:
        return None
    client = autoscaling_client(settings)
    return ScaleInProtection(
        is_busy=worker.is_busy,
        protect=InstanceProtection(client, settings.asg_name, metadata.instance_id),
    )


def touch(path: str | None) -> None:
    """Show health checks that the worker is alive, if they look."""
    if path is not None:
        Path(path).touch()
