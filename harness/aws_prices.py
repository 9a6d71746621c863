"""What a job costs on AWS, computed from the requests and the processor time that it took.

List prices of us-east-1 in US dollars, read in November 2026 [1]_ [2]_ [3]_; without free
tiers, storage and traffic, which within a region is free.

References
----------
.. [1] https://aws.amazon.com/s3/pricing/ (S3 Standard)
.. [2] https://aws.amazon.com/sqs/pricing/ (standard queues)
.. [3] https://aws.amazon.com/ec2/pricing/on-demand/ (c7i.large, Linux)
"""

from collections.abc import Mapping
from typing import Final

from core.aws.billed_requests import billed_as

WRITE_USD: Final = 0.005 / 1_000
"""PUT, COPY, POST and LIST."""
READ_USD: Final = 0.0004 / 1_000
"""GET, HEAD and all others but DELETE, which is free."""
QUEUE_USD: Final = 0.40 / 1_000_000
"""A request of up to 64 KB, with one message or ten."""
CORE_HOUR_USD: Final = 0.08925 / 2
"""A virtual processor of a c7i.large on demand, which has two."""

_S3_USD: Final = {"write": WRITE_USD, "read": READ_USD, "free": 0.0}
_MILLION: Final = 1_000_000


def usd_per_million(
    requests_per_job: Mapping[str, float], cpu_s_per_job: Mapping[str, float]
) -> dict[str, float]:
    """Return the price of a million jobs.

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
