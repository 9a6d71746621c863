"""Settings of the workers, of the events that they deliver, and of how many there are."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.settings.values import (
    Count,
    HostOrNetwork,
    Listed,
    ObjectName,
    Pause,
    Seconds,
    Url,
)


class WorkerSettings(BaseModel):
    """How workers recognise and deliver, and how many of them run."""

    worker_processes: Count | Literal["auto"] = "auto"
    """Children of a worker; auto is one per core, or fewer if memory is short."""
    executor: Literal["processes", "ray"] = "processes"
    """What recognises a worker's photos; ray is an extra."""
    ray_address: str | None = None
    """Ray cluster to join; none for one on this machine that ends with the worker."""
    job_timeout_seconds: Seconds = 30
    retry_backoff_seconds: Seconds = 2
    """First pause before a failed job runs again; doubles with every attempt."""
    shutdown_grace_seconds: Pause = 25
    dead_letter_sweep_seconds: Seconds = 30
    worker_alive_file: str | None = None
    """File that the worker touches while it is well, for health checks."""

    webhook_allow_private: Listed[HostOrNetwork] = ()
    """Receivers of webhooks that may have a private address and plain HTTP: host names, and
    networks such as ``10.0.0.0/8``, separated by commas."""

    webhook_retry_seconds: Listed[Seconds] = (
        5,
        300,
        1800,
        7200,
        18000,
        36000,
        36000,
    )
    """Pauses before the second attempt to deliver an event, the third, and so on."""

    max_workers: Annotated[int, Field(ge=0)] = 15
    target_latency_seconds: Seconds = 5
    """Time in which the autoscaler wants a backlog to be gone."""
    scale_in_cooldown_seconds: Pause = 60
    autoscaler_interval_seconds: Seconds = 2
    asg_name: str | None = None
    """Auto Scaling group whose instances are the workers; none for local processes."""
    worker_deployment: ObjectName | None = None
    """Deployment of Kubernetes whose pods are the workers, in the autoscaler's namespace."""

    ec2_metadata_url: Url | None = None
    """Where the worker learns that its EC2 instance is about to end; none elsewhere."""
    ecs_agent_uri: Annotated[str, Field(pattern=r"^http://[^/]+")] | None = None
    """Set by ECS in its tasks; where a busy worker protects its task from scale-in."""
