"""What the panels of the dashboard ask Prometheus, and the prices that they multiply with."""

from dataclasses import dataclass
from typing import Final

from core.host.alert_bounds import ERROR_BUDGET
from harness.aws_prices import CORE_HOUR_USD, QUEUE_USD, READ_USD, WRITE_USD

OR_ZERO: Final = " or vector(0)"
"""Gives a query a value where nothing was ever counted."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Curves of queries, each with what its curves are called."""

    title: str
    says: str
    unit: str
    queries: dict[str, str]
    is_stacked: bool = False


def _share(metric: str, chosen: str) -> str:
    return f"{_rate(metric, chosen)} / sum(rate({metric}[$__rate_interval]))"


def _quantile(quantile: float, metric: str, by: str, chosen: str = "") -> str:
    buckets = f"sum by (le, {by}) (rate({metric}_bucket{chosen}[$__rate_interval]))"
    return f"histogram_quantile({quantile}, {buckets})"


def _median(metric: str) -> str:
    buckets = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return f"histogram_quantile(0.5, {buckets})"


def _rate(metric: str, chosen: str) -> str:
    """Return a query for a rate that is 0 where nothing was counted."""
    return f"(sum(rate({metric}{{{chosen}}}[$__rate_interval])){OR_ZERO})"


def _per_million(dollars_a_second: str) -> str:
    photos = 'efr_jobs_total{queue=~"interactive|bulk", outcome="done"}'
    return f"1e6 * ({dollars_a_second}) / (sum(rate({photos}[$__rate_interval])) > 0)"


_SEEN: Final = '{route="/"}'
_WRITES: Final = _rate("efr_aws_requests_total", 'service="s3", billed="write"')
_READS: Final = _rate("efr_aws_requests_total", 'service="s3", billed="read"')
_OF_QUEUES: Final = _rate("efr_aws_requests_total", 'service="sqs"')
_AT_WORK: Final = _rate(
    "efr_job_stage_seconds_sum", 'stage=~"decode|detect|align|crop|embed|search"'
)

PRICES: Final = {
    "s3_write": ("S3, $ for 1,000 writes", WRITE_USD * 1_000),
    "s3_read": ("S3, $ for 1,000 reads", READ_USD * 1_000),
    "sqs": ("SQS, $ for a million requests", QUEUE_USD * 1_000_000),
    "processor": ("$ for an hour of a processor", CORE_HOUR_USD),
}
"""Variables of the dashboard: a label and the price of `harness.aws_prices`."""

PANELS: Final = (
    Panel(
        title="Requests",
        says="Answers a second, by their status.",
        unit="reqps",
        queries={"{{status}}": "sum by (status) (rate(efr_http_requests_total[$__rate_interval]))"},
        is_stacked=True,
    ),
    Panel(
        title="Time of an upload",
        says="From a request's headers to its answer; 202 counts too.",
        unit="s",
        queries={
            f"p{q}": _quantile(q / 100, "efr_http_request_seconds", "route", _SEEN)
            for q in (50, 95, 99)
        },
    ),
    Panel(
        title="Failed requests",
        says="Share of answers that are the service's fault (5xx). The objective is"
        f" {100 * ERROR_BUDGET:g} %.",
        unit="percentunit",
        queries={"5xx": _share("efr_http_requests_total", 'status=~"5.."')},
    ),
    Panel(
        title="Messages",
        says="What waits in the queues, and what workers have.",
        unit="short",
        queries={
            "{{queue}} {{state}}": "max by (queue, state) (efr_queue_messages)",
            "{{queue}} given up": "max by (queue) (efr_dead_letters)",
        },
    ),
    Panel(
        title="Oldest message",
        says="How long the oldest message has waited; on SQS, as a worker last saw it.",
        unit="s",
        queries={"{{queue}}": "max by (queue) (efr_oldest_message_seconds)"},
    ),
    Panel(
        title="Workers",
        says="Workers that are there, that are wanted, and that MAX_WORKERS allows.",
        unit="short",
        queries={
            "{{state}}": "max by (state) (efr_workers)",
            "children": "sum(efr_children)",
            "children at work": "sum(efr_children_busy)",
        },
    ),
    Panel(
        title="Stages of a job",
        says="Mean time in each stage. To wait is to lie in the queue.",
        unit="s",
        queries={
            "{{stage}}": "sum by (stage)"
            ' (rate(efr_job_stage_seconds_sum{queue="interactive"}[$__rate_interval]))'
            " / sum by (stage)"
            ' (rate(efr_job_stage_seconds_count{queue="interactive"}[$__rate_interval]))'
        },
        is_stacked=True,
    ),
    Panel(
        title="Jobs",
        says="Messages a second, by how their handling ended.",
        unit="ops",
        queries={
            "{{queue}} {{outcome}}": "sum by (queue, outcome)"
            " (rate(efr_jobs_total[$__rate_interval]))"
        },
    ),
    Panel(
        title="Errors",
        says="Errors a second that clients and jobs met, by code (docs/errors.md).",
        unit="ops",
        queries={"{{code}}": "sum by (code) (rate(efr_errors_total[$__rate_interval]))"},
    ),
    Panel(
        title="Faces",
        says="Share of faces by what became of them. It moves when a camera or a model changes.",
        unit="percentunit",
        queries={
            "{{outcome}}": "sum by (outcome) (rate(efr_faces_total[$__rate_interval]))"
            " / ignoring (outcome) group_left sum(rate(efr_faces_total[$__rate_interval]))"
        },
        is_stacked=True,
    ),
    Panel(
        title="Similarity and quality",
        says="Medians: similarity of faces that got a name, and quality of all faces.",
        unit="short",
        queries={
            "similarity": _median("efr_match_similarity"),
            "quality": _median("efr_face_quality"),
        },
    ),
    Panel(
        title="Galleries",
        says="Enrolled faces in memory of all processes.",
        unit="short",
        queries={"faces": "sum(efr_gallery_faces)"},
    ),
    Panel(
        title="News of galleries",
        says="How long no enrolments and erasures could be read. Normally 0.",
        unit="s",
        queries={"without news": "max(efr_gallery_stale_seconds)"},
    ),
    Panel(
        title="Earlier answers",
        says="Share of photos that were seen before, and are not recognised again.",
        unit="percentunit",
        queries={"seen before": _share("efr_repeats_total", 'result="hit"')},
    ),
    Panel(
        title="Limits",
        says="Requests a second over a limit; 1 where Redis can't be reached.",
        unit="short",
        queries={
            "over {{limit}}": "sum by (limit) (rate(efr_rate_limited_total[$__rate_interval]))",
            "no Redis for {{use}}": "max by (use) (efr_cache_away)",
        },
    ),
    Panel(
        title="Webhooks",
        says="Deliveries a second, by how they ended.",
        unit="ops",
        queries={"{{outcome}}": "sum by (outcome) (rate(efr_webhooks_total[$__rate_interval]))"},
    ),
    Panel(
        title="Notices",
        says="Notices of EC2's that a worker's machine ends.",
        unit="short",
        queries={"notices": "sum(increase(efr_spot_notices_total[$__rate_interval]))"},
    ),
    Panel(
        title="A million photos",
        says="What a million would cost at the rates of now and the prices above. 'At work' counts"
        " the processors' time for photos, 'there' all time of the workers' children.",
        unit="currencyUSD",
        queries={
            "S3": _per_million(f"({_WRITES} * $s3_write + {_READS} * $s3_read) / 1000"),
            "SQS": _per_million(f"{_OF_QUEUES} * $sqs / 1e6"),
            "processors at work": _per_million(f"{_AT_WORK} * $processor / 3600"),
            "processors there": _per_million('sum(efr_children{part!="web"}) * $processor / 3600'),
        },
    ),
    Panel(
        title="Requests to AWS",
        says="Requests a second to S3 and SQS, by what AWS bills them as.",
        unit="reqps",
        queries={
            "{{service}} {{billed}}": "sum by (service, billed)"
            " (rate(efr_aws_requests_total[$__rate_interval]))"
        },
        is_stacked=True,
    ),
    Panel(
        title="Engines",
        says="Workers by what their settings ask for. One whose GPU does not start says so in its"
        " log, and uses the processor.",
        unit="short",
        queries={
            "{{engine}} on {{device}}, {{executor}}": "sum by (engine, executor, device)"
            " (efr_engine_info)"
        },
        is_stacked=True,
    ),
    Panel(
        title="GPU",
        says="Use of GPUs and of their memory, where NVIDIA's DCGM exporter runs.",
        unit="percentunit",
        queries={
            "GPU {{gpu}}": "max by (gpu) (DCGM_FI_DEV_GPU_UTIL) / 100",
            "memory of GPU {{gpu}}": "max by (gpu) (DCGM_FI_DEV_FB_USED)"
            " / max by (gpu) (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)",
        },
    ),
)


def filled(query: str, interval: str) -> str:
    """Return a query as Grafana asks it, with the prices as they are at first."""
    query = query.replace("$__rate_interval", interval)
    for name, (_, usd) in PRICES.items():
        query = query.replace(f"${name}", f"{usd:g}")
    return query
