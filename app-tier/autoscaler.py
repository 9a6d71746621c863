"""The autoscaler daemon: as many workers as the queues need, from none to MAX_WORKERS.

With ``ASG_NAME`` it sets that group's desired capacity, and the workers outlive
it; otherwise workers are processes of this machine and end with it. Exit codes:
0 stopped on request, 2 a setting can't be used.
"""

import signal
import sys
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from core.autoscaler import Autoscaler, WorkerFleet
from core.aws.autoscaling import AutoScalingGroup, QueueDepths, autoscaling_client
from core.aws.clients import sqs_client
from core.errors import InvalidSettings
from core.local_workers import LocalWorkers
from core.logs import configure_logs
from core.scaling import Limits
from core.settings import Pause, Seconds, Settings, load_settings

EXIT_OK: Final = 0
EXIT_SETTINGS: Final = 2
_WORKER: Final = Path(__file__).with_name("backend.py")
_MARGIN_S: Final = 15.0
"""Beyond the grace and the long poll: for a worker to end its children and threads."""


class AutoscalerSettings(Settings):
    """The settings of the service and those that the autoscaler adds."""

    max_workers: Annotated[int, Field(ge=0)] = 15
    target_latency_seconds: Seconds = 5
    """Time in which a backlog should be gone."""
    scale_in_cooldown_seconds: Pause = 60
    autoscaler_interval_seconds: Seconds = 2
    asg_name: str | None = None
    """Auto Scaling group whose instances are the workers; none for local processes."""


def load_autoscaler_settings() -> AutoscalerSettings:
    """Read the settings.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    """
    load_settings()
    try:
        return AutoscalerSettings()
    except ValidationError as error:
        problem = error.errors()[0]
        raise InvalidSettings(f"{str(problem['loc'][0]).upper()}: {problem['msg']}") from None


def build_fleet(settings: AutoscalerSettings) -> WorkerFleet:
    """Return the group's fleet, or one of processes that die with this one."""
    if settings.asg_name is not None:
        return AutoScalingGroup(autoscaling_client(settings), settings.asg_name)
    return LocalWorkers(
        ["setpriv", "--pdeathsig", "TERM", sys.executable, str(_WORKER)],
        drain_s=settings.shutdown_grace_seconds + settings.sqs_wait_time_seconds + _MARGIN_S,
    )


def build_autoscaler(settings: AutoscalerSettings) -> Autoscaler:
    """Join the parts."""
    return Autoscaler(
        depth=QueueDepths(
            sqs_client(settings), [settings.sqs_req_queue_name, settings.sqs_index_queue_name]
        ),
        fleet=build_fleet(settings),
        limits=Limits(
            max_workers=settings.max_workers,
            children=settings.worker_process_count,
            target_latency_s=settings.target_latency_seconds,
            cool_down_s=settings.scale_in_cooldown_seconds,
        ),
        interval_s=settings.autoscaler_interval_seconds,
    )


def main() -> int:
    """Size the fleet until SIGTERM or SIGINT; return the exit code."""
    try:
        settings = load_autoscaler_settings()
    except InvalidSettings as error:
        print(f"settings: {error}", file=sys.stderr)  # noqa: T201 - logs need settings first
        return EXIT_SETTINGS
    configure_logs(settings.log_level)
    autoscaler = build_autoscaler(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: autoscaler.stop())
    autoscaler.run()
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
