"""List prices of AWS, and what a job costs by the requests and the processor time that it took.

``deploy/terraform/prices.json`` holds the prices in US dollars, and with which pages they were
compared. They are those of us-east-1, without free tiers.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.aws.billed_requests import billed_as

PRICES_FILE: Final = Path(__file__).resolve().parents[1] / "deploy" / "terraform" / "prices.json"
LISTED: Final[Mapping[str, Any]] = json.loads(PRICES_FILE.read_text())
HOURS_OF_A_MONTH: Final = int(LISTED["hours_of_a_month"])
_MILLION: Final = 1_000_000


def price(name: str) -> float:
    """Return the dollars of a price, whose name ends with what it is for."""
    return float(LISTED["prices"][name]["dollars"])


WRITE_USD: Final = price("s3_write_million") / _MILLION
"""PUT, COPY, POST and LIST."""
READ_USD: Final = price("s3_read_million") / _MILLION
"""GET, HEAD and all others but DELETE, which is free."""
QUEUE_USD: Final = price("sqs_million") / _MILLION
"""A request of up to 64 KB, with one message or ten."""
CORE_HOUR_USD: Final = price("worker_hour") / 2
"""A virtual processor of a c7i.large on demand, which has two."""

_S3_USD: Final = {"write": WRITE_USD, "read": READ_USD, "free": 0.0}


def usd_per_million(
    requests_per_job: Mapping[str, float], cpu_s_per_job: Mapping[str, float]
) -> dict[str, float]:
    """Return the price of a million jobs, without storage and traffic.

    Parameters
    ----------
    requests_per_job : mapping
        By service and operation, as ``s3.GetObject``.
    cpu_s_per_job : mapping
        Processor seconds by tier; only the service's own tiers count.
    """
    s3 = sum(
        number * _s3_usd(name.removeprefix("s3."))
        for name, number in requests_per_job.items()
        if name.startswith("s3.")
    )
    sqs = sum(n * QUEUE_USD for name, n in requests_per_job.items() if name.startswith("sqs."))
    cpu_s = cpu_s_per_job.get("web", 0.0) + cpu_s_per_job.get("workers", 0.0)
    parts = {"s3": s3, "sqs": sqs, "processors": cpu_s / 3600 * CORE_HOUR_USD}
    priced = {name: round(usd * _MILLION, 2) for name, usd in parts.items()}
    return {**priced, "total": round(sum(parts.values()) * _MILLION, 2)}


def _s3_usd(operation: str) -> float:
    return _S3_USD[billed_as("s3", operation)]
