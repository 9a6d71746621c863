"""The autoscaler daemon: as many workers as the queues need, from none to MAX_WORKERS.

With ``ASG_NAME`` it sets that group's desired capacity, with ``WORKER_DEPLOYMENT`` the
replicas of that Deployment, and the workers outlive it; otherwise workers are processes of
this machine and end with it. As a program: ``python -m core.bootstrap.run_autoscaler``.
Exit codes: 0 stopped on request, 2 a setting can't be used, or the data are too new.
"""

import argparse
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

from core.access.data_format import check_format_at_start
from core.aws.autoscaling import AutoScalingGroup
from core.aws.clients import autoscaling_client
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.observing import check_observing, start_reports
from core.errors import InvalidSettings
from core.host import exposition, shared_numbers
from core.host.logs import configure_logs, log_invalid_settings, log_uncaught_errors
from core.scaling.autoscaler import Autoscaler, WorkerFleet
from core.scaling.deployment_fleet import WorkerDeployment
from core.scaling.local_fleet import LocalWorkers
from core.scaling.policy import Limits
from core.scaling.queue_gauges import QueueGauges
from core.scaling.work_notes import WorkSeen
from core.settings import Settings, load_settings
from core.worker.job_metrics import BULK, EVENTS, INTERACTIVE

EXIT_OK: Final = 0
EXIT_SETTINGS: Final = 2
_WORKER: Final = (sys.executable, "-P", "-m", "core.bootstrap.run_worker")
"""-P: whatever is called ``core`` in the working directory is not meant."""
_MARGIN_S: Final = 15.0
"""Beyond the grace and the long poll: for a worker to end its children and threads."""


def build_fleet(settings: Settings) -> WorkerFleet:
    """Return the group's fleet, the Deployment's, or one of processes that die with this one."""
    if settings.asg_name is not None:
        return AutoScalingGroup(autoscaling_client(settings), settings.asg_name)
    if settings.worker_deployment is not None:
        return WorkerDeployment(settings.worker_deployment)
    return LocalWorkers(
        ["setpriv", "--pdeathsig", "TERM", *_WORKER],
        drain_s=drain_seconds(settings),
    )


def drain_seconds(settings: Settings) -> float:
    """Return for how long a worker that was told to stop may go on."""
    return settings.shutdown_grace_seconds + settings.sqs_wait_time_seconds + _MARGIN_S


def build_autoscaler(
    settings: Settings, infrastructure: Infrastructure, fleet: WorkerFleet
) -> Autoscaler:
    """Join the parts."""
    return Autoscaler(
        depth=infrastructure.depth(
            [settings.sqs_req_queue_name, settings.sqs_index_queue_name],
            [settings.sqs_webhook_queue_name],
        ),
        worked=WorkSeen(infrastructure.bucket(settings.s3_gallery_bucket)),
        fleet=fleet,
        limits=Limits(
            max_workers=settings.max_workers,
            children=settings.worker_process_count,
            target_latency_s=settings.target_latency_seconds,
            cool_down_s=settings.scale_in_cooldown_seconds,
        ),
        interval_s=settings.autoscaler_interval_seconds,
        clock=infrastructure.clock,
        on_round=queue_gauges(settings, infrastructure).look if settings.metrics_port else _nothing,
    )


def _nothing() -> None:
    """Ask no queue for what nobody sees: each question is a request."""


def queue_gauges(settings: Settings, infrastructure: Infrastructure) -> QueueGauges:
    """Return what looks at all queues of the service."""
    queues = {
        INTERACTIVE: settings.sqs_req_queue_name,
        BULK: settings.sqs_index_queue_name,
        EVENTS: settings.sqs_webhook_queue_name,
    }
    dead_letters = {
        INTERACTIVE: settings.dead_letter_queue_name,
        BULK: settings.index_dead_letter_queue_name,
        EVENTS: settings.webhook_dead_letter_queue_name,
    }
    return QueueGauges(
        queues={lane: infrastructure.depth([name], []) for lane, name in queues.items()},
        dead_letters={
            lane: infrastructure.depth([name], []) for lane, name in dead_letters.items()
        },
        waits={lane: partial(infrastructure.waiting_s, name) for lane, name in queues.items()},
    )


def main() -> int:
    """Size the fleet until SIGTERM or SIGINT; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    configure_logs("INFO")  # until the settings say otherwise
    log_uncaught_errors()
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        check_observing(settings)
        start_reports(settings, "efr-autoscaler")
        shown = _share(settings)
        infrastructure = Infrastructure.of(settings)
        check_format_at_start(infrastructure.bucket(settings.s3_gallery_bucket))
    except InvalidSettings as error:
        log_invalid_settings(error)
        return EXIT_SETTINGS
    autoscaler = build_autoscaler(settings, infrastructure, build_fleet(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: autoscaler.stop())
    autoscaler.run()
    if shown is not None:
        shared_numbers.remove(shown)
    return EXIT_OK


def _share(settings: Settings) -> Path | None:
    """Show the numbers of this process and of the workers that it starts; return their folder."""
    if settings.metrics_port is None:
        return None
    folder = shared_numbers.share_numbers()
    if folder is not None:
        exposition.show(settings.metrics_port + 1, settings.metrics_host, folder)
    return folder


if __name__ == "__main__":
    sys.exit(main())
