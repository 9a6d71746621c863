"""What the service costs on AWS in a month, for docs/deploy-aws.md.

Requests and processor time of a photo are those that ``make bench-pipeline`` measured, and prices
those of ``deploy/terraform/prices.json``. What is assumed stands in ``Plan`` and in the constants.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import table
from harness.aws_prices import HOURS_OF_A_MONTH, LISTED, price, usd_per_million

_ROOT: Final = Path(__file__).resolve().parents[2]
PIPELINE: Final = _ROOT / "docs" / "benchmarks" / "pipeline.json"
FILTERS: Final = _ROOT / "deploy" / "cloudwatch" / "metric_filters.json"

DAYS: Final = 30
_MILLION: Final = 1_000_000
_SECONDS: Final = HOURS_OF_A_MONTH * 3600
PHOTO_BYTES: Final = 300_000
"""Assumed for a photo of one megapixel."""
LOG_BYTES: Final = 1200
"""Of the four log lines of a photo."""
NAT_BYTES: Final = 10_000
"""Assumed for what a photo sends through the NAT gateway: messages and log lines, not S3."""
PEAK: Final = 3.0
"""How much more than on average comes in the busiest hour; workers are paid for that."""
_KEPT_GB: Final = 10
"""Images in ECR."""
_DISK_GB: Final = 30
_FIREWALL_RULES: Final = 4
_ALARM_METRICS: Final = 30
_WEB_GETS_PER_S: Final = 1.2
"""Of an idle web process; docs/scaling.md#many-collections has it measured."""
_WORKER_GETS_PER_S: Final = 1.6
"""Of an idle worker 1.1, and 0.5 of the autoscaler, which looks whether it worked."""
_WORKER_RECEIVES_PER_S: Final = 0.3
"""Long polls of three queues."""
_AUTOSCALER_REQUESTS_PER_S: Final = 1.5
"""The depths of three queues every two seconds."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An example of ``deploy/terraform/examples`` in numbers."""

    web_tasks: int
    web_processes: int
    """Of a task; each takes half a processor and 2 GB."""
    has_nat: bool
    log_metrics: bool
    worker_price: float
    """Of an instance's hour, as a share of the price on demand."""


COMPLETE: Final = Plan(
    web_tasks=2, web_processes=2, has_nat=True, log_metrics=True, worker_price=1.0
)
SMALL: Final = Plan(
    web_tasks=1, web_processes=1, has_nat=False, log_metrics=False, worker_price=0.35
)


def monthly(plan: Plan, photos_per_day: int) -> dict[str, float]:
    """Return the dollars of a month by what they are paid for."""
    job = json.loads(PIPELINE.read_text())["one_megapixel"]["backlog"]
    photos = photos_per_day * DAYS
    instances = _instances(photos, job)
    return {
        "web tier": _web(plan, photos, job),
        "workers and autoscaler": _workers(plan, instances),
        "load balancer, firewall, name": _edge(photos),
        "network": _network(plan, photos, instances),
        "logs, alarms, dashboard": _eyes(plan, photos),
        "S3 and SQS requests": _requests(plan, photos, instances, job),
        "storage": _storage(photos),
    }


def _monthly(hourly: str) -> float:
    return price(hourly) * HOURS_OF_A_MONTH


def _instances(photos: int, job: Mapping[str, Any]) -> float:
    """Return how many workers run on average; photos that come all day keep one."""
    busy = photos * job["cpu_s_per_job"]["workers"] * PEAK / _SECONDS / 2  # it has two processors
    return float(max(1.0, busy)) if photos else 0.0


def _web(plan: Plan, photos: int, job: Mapping[str, Any]) -> float:
    process = 0.5 * _monthly("fargate_vcpu_hour") + 2 * _monthly("fargate_gb_hour")
    # Scaling keeps processors under 70 %.
    processors = photos * job["cpu_s_per_job"]["web"] * PEAK / _SECONDS / 0.7
    tasks = max(plan.web_tasks, processors / (0.5 * plan.web_processes))
    return float(tasks * plan.web_processes * process)


def _workers(plan: Plan, instances: float) -> float:
    autoscaler = 0.25 * _monthly("fargate_vcpu_hour") + 0.5 * _monthly("fargate_gb_hour")
    disk = _DISK_GB * price("disk_gb_month")
    return autoscaler + instances * (_monthly("worker_hour") * plan.worker_price + disk)


def _edge(photos: int) -> float:
    units = photos * PHOTO_BYTES / 1e9 / HOURS_OF_A_MONTH  # a unit takes 1 GB an hour
    balancer = _monthly("load_balancer_hour") + units * _monthly("load_balancer_unit_hour")
    firewall = price("firewall_month") + _FIREWALL_RULES * price("firewall_rule_month")
    asked = photos / _MILLION * price("firewall_million")
    return balancer + firewall + asked + price("zone_month")


def _network(plan: Plan, photos: int, instances: float) -> float:
    balancer = 2 * _monthly("public_address_hour")  # an address in each of two zones
    if plan.has_nat:
        gateway = _monthly("nat_gateway_hour") + _monthly("public_address_hour")
        return balancer + gateway + photos * NAT_BYTES / 1e9 * price("nat_gateway_gb")
    # Web tasks, the autoscaler and workers have an address each.
    return balancer + (plan.web_tasks + 1 + instances) * _monthly("public_address_hour")


def _eyes(plan: Plan, photos: int) -> float:
    filters = len(json.loads(FILTERS.read_text())) if plan.log_metrics else 0
    alarms = _ALARM_METRICS * price("alarm_metric_month")
    metrics = filters * price("custom_metric_month")
    lines = photos * LOG_BYTES / 1e9 * price("log_gb")
    return alarms + metrics + price("dashboard_month") + lines


def _requests(plan: Plan, photos: int, instances: float, job: Mapping[str, Any]) -> float:
    dollars = usd_per_million(job["requests_per_job"], job["cpu_s_per_job"])
    processes = plan.web_tasks * plan.web_processes
    gets_per_s = _WEB_GETS_PER_S * processes + _WORKER_GETS_PER_S * instances
    messages_per_s = _AUTOSCALER_REQUESTS_PER_S + _WORKER_RECEIVES_PER_S * instances
    idle_per_s = gets_per_s * price("s3_read_million") + messages_per_s * price("sqs_million")
    return (idle_per_s * _SECONDS + photos * (dollars["s3"] + dollars["sqs"])) / _MILLION


def _storage(photos: int) -> float:
    stored = photos * PHOTO_BYTES / 1e9 * price("s3_gb_month")
    return stored + _KEPT_GB * price("ecr_gb_month")


def prices_table() -> str:
    """Return the prices with the pages that they were compared with."""
    rows = [
        (each["what"], f"{each['dollars']:g} $", ", ".join(map(_linked, each["pages"])))
        for each in LISTED["prices"].values()
    ]
    return table(("price", "", "the same on"), rows)


def _linked(page: Mapping[str, str]) -> str:
    host, _, rest = page["page"].removeprefix("https://").partition("/")
    name = rest.split("/")[1] if host == "github.com" else host.removeprefix("www.")
    return f"[{name}]({page['page']}) ({page['as_of']})"


def costs_table() -> str:
    """Return the table of docs/deploy-aws.md."""
    columns = {
        "`small`, idle": monthly(SMALL, 0),
        "`small`, 10,000 photos a day": monthly(SMALL, 10_000),
        "`complete`, idle": monthly(COMPLETE, 0),
        "`complete`, 10,000": monthly(COMPLETE, 10_000),
        "`complete`, 1,000,000": monthly(COMPLETE, 1_000_000),
    }
    parts = list(next(iter(columns.values())))
    rows = [(part, *(f"{each[part]:,.0f} $" for each in columns.values())) for part in parts]
    sums = [f"**{sum(each.values()):,.0f} $**" for each in columns.values()]
    return table(("a month", *columns), [*rows, ("together", *sums)])


if __name__ == "__main__":
    print(costs_table())
