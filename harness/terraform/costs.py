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
from harness.aws_prices import usd_per_million

_ROOT: Final = Path(__file__).resolve().parents[2]
PRICES: Final = _ROOT / "deploy" / "terraform" / "prices.json"
PIPELINE: Final = _ROOT / "docs" / "benchmarks" / "pipeline.json"
FILTERS: Final = _ROOT / "deploy" / "cloudwatch" / "metric_filters.json"

DAYS: Final = 30
_MILLION: Final = 1_000_000
PHOTO_BYTES: Final = 300_000
"""Assumed for a photo of one megapixel."""
LOG_BYTES: Final = 1000
"""Assumed for the log lines of a photo."""
PEAK: Final = 3.0
"""How much more than on average comes in the busiest hour; workers are paid for that."""
_KEPT_GB: Final = 10
"""Images in ECR."""
_DISK_GB: Final = 30
_WAF_RULES: Final = 4
_ALARM_METRICS: Final = 30
_AUTOSCALER_REQUESTS_PER_S: Final = 1.5
_WEB_GETS_PER_S: Final = 1.2
"""Of an idle web process; docs/scaling.md#many-collections has it measured."""
_SECONDS: Final = 730 * 3600


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
    prices = json.loads(PRICES.read_text())
    job = json.loads(PIPELINE.read_text())["one_megapixel"]["backlog"]
    photos = photos_per_day * DAYS
    return {
        "web tier": _web(prices, plan, photos, job),
        "workers and autoscaler": _workers(prices, plan, photos, job),
        "load balancer, firewall, name": _edge(prices, photos),
        "network": _network(prices, plan),
        "logs, alarms, dashboard": _eyes(prices, plan, photos),
        "S3 and SQS requests": _requests(prices, plan, photos, job),
        "storage": _storage(prices, photos),
    }


def _web(prices: Any, plan: Plan, photos: int, job: Any) -> float:
    hour = prices["per_hour"]
    task = plan.web_processes * (0.5 * hour["fargate_vcpu"] + 2 * hour["fargate_gb"])
    # Scaling keeps processors under 70 %.
    processors = photos * job["cpu_s_per_job"]["web"] * PEAK / _SECONDS / 0.7
    busy = processors / (0.5 * plan.web_processes)
    return float(max(plan.web_tasks, busy) * task * prices["hours_of_a_month"])


def _workers(prices: Any, plan: Plan, photos: int, job: Any) -> float:
    hour = prices["per_hour"]
    autoscaler = 0.25 * hour["fargate_vcpu"] + 0.5 * hour["fargate_gb"]
    # Photos that come all day keep one instance; it has two processors.
    busy = photos * job["cpu_s_per_job"]["workers"] * PEAK / _SECONDS / 2
    instances = max(1.0, busy) if photos else 0.0
    disk = instances * _DISK_GB * prices["per_month"]["disk_gb"]
    instance = hour["c7i_large_on_demand"] * plan.worker_price
    return float((autoscaler + instances * instance) * prices["hours_of_a_month"] + disk)


def _edge(prices: Any, photos: int) -> float:
    hour, month = prices["per_hour"], prices["per_month"]
    units = photos * PHOTO_BYTES / 1e9 / prices["hours_of_a_month"]  # a unit takes 1 GB an hour
    balancer = hour["load_balancer"] + units * hour["load_balancer_unit"]
    firewall = month["firewall"] + _WAF_RULES * month["firewall_rule"]
    asked = photos / _MILLION * prices["per_million_requests"]["firewall"]
    return float(balancer * prices["hours_of_a_month"] + firewall + asked + month["zone"])


def _network(prices: Any, plan: Plan) -> float:
    hour = prices["per_hour"]
    # The load balancer has an address in each of two zones.
    addresses = 2 + (1 if plan.has_nat else plan.web_tasks + 1)
    gateway = hour["nat_gateway"] if plan.has_nat else 0.0
    return float((addresses * hour["public_address"] + gateway) * prices["hours_of_a_month"])


def _eyes(prices: Any, plan: Plan, photos: int) -> float:
    month = prices["per_month"]
    filters = len(json.loads(FILTERS.read_text())) if plan.log_metrics else 0
    watched = _ALARM_METRICS * month["alarm_metric"] + filters * month["custom_metric"]
    return float(watched + month["dashboard"] + photos * LOG_BYTES / 1e9 * prices["log_gb"])


def _requests(prices: Any, plan: Plan, photos: int, job: Mapping[str, Any]) -> float:
    dollars = usd_per_million(job["requests_per_job"], job["cpu_s_per_job"])
    each = prices["per_million_requests"]
    gets = _WEB_GETS_PER_S * plan.web_tasks * plan.web_processes * _SECONDS / _MILLION
    depths = _AUTOSCALER_REQUESTS_PER_S * _SECONDS / _MILLION
    idle = gets * each["s3_get"] + depths * each["sqs"]
    return float(idle + photos / _MILLION * (dollars["s3"] + dollars["sqs"]))


def _storage(prices: Any, photos: int) -> float:
    month = prices["per_month"]
    return float(photos * PHOTO_BYTES / 1e9 * month["s3_gb"] + _KEPT_GB * month["ecr_gb"])


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
