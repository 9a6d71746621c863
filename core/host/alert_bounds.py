"""From where on something is wrong: the bounds that Prometheus' rules and ``efr status`` share.

A test holds ``deploy/prometheus/rules.yml`` to them.
"""

from typing import Final

ERROR_BUDGET: Final = 0.005
"""Share of requests that may fail by a fault of the service (5xx): the objective is 99.5 %."""
FAST_BURN: Final = 14.4
"""How many times as fast as allowed the budget is used up when an alert must fire at once.

References
----------
The Site Reliability Workbook (2018), chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
"""
LONG_WAIT_S: Final = 30
"""Longest wait of an upload for a worker."""
STALE_GALLERY_S: Final = 60
"""Longest time without news of enrolments and erasures."""
OUTAGES: Final = (
    "STORAGE_UNAVAILABLE",
    "QUEUE_UNAVAILABLE",
    "INDEX_UNAVAILABLE",
    "SERVICE_UNAVAILABLE",
)
"""Codes of the errors that say that something is away which the service needs."""
