"""The tables of docs/scaling.md, which cog writes there, from the artifacts in docs/benchmarks/."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.goals import Goal
from benchmarks.common.tables import paragraph, table
from benchmarks.service.bench_pipeline_goals import (
    album_goals,
    cpu_over_engine,
    goals,
    share_of_engine,
    soak_goals,
)
from harness.aws_prices import usd_per_million

_ROOT: Final = Path(__file__).resolve().parents[2]
_FOLDER: Final = _ROOT / "docs" / "benchmarks"
_VERDICTS: Final = {True: "met", False: "**missed**", None: "not shown"}
_KINDS: Final = {"small": "250 × 250 pixels", "one_megapixel": "one megapixel"}
_LOADS: Final = ("one_by_one", "ten_clients", "all_at_once", "backlog")
_BILLION: Final = 1_000_000_000
_DAY_S: Final = 86_400
_HEALTH_S: Final = 3.0
_FIRST_ANSWER_S: Final = 6.0
_IDLE_PER_S: Final = 2.0
"""What many collections may cost."""


def tables() -> dict[str, str]:
    """Return the generated parts of the page by their names."""
    pipeline, album, soak = (_read(f"{name}.json") for name in ("pipeline", "album", "soak"))
    return {
        "goals": _goals_table([*goals(pipeline), *album_goals(album), *soak_goals(soak)]),
        "run": _run(pipeline, album, soak),
        "loads": _loads_table(pipeline),
        "costs": _costs_table(pipeline, album),
        "fleet": _fleet(pipeline),
        "collections": collections_table(_read("many-collections.json")),
        "erasing": erasing_text(_read("erasing.json")),
    }


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_FOLDER / name).read_text())
    return content


def _goals_table(shown: list[Goal]) -> str:
    rows = [(goal.name, goal.measured, _VERDICTS[goal.met]) for goal in shown]
    return table(("goal", "measured", ""), rows)


def collections_table(many: dict[str, Any]) -> str:
    """Return what many collections cost, and whether that is as little as it shall be."""
    rows = [
        (
            f"{run['collections']:,}",
            _judged(run["health_s"], _HEALTH_S, "s"),
            _judged(run["first_answer_s"], _FIRST_ANSWER_S, "s"),
            *(
                _judged(run["idle_requests_per_s"][each], _IDLE_PER_S, "")
                for each in ("web", "worker")
            ),
        )
        for run in many["runs"]
    ]
    machine = many["machine"]
    head = (
        "collections",
        f"a web process answers `/health` (at most {_HEALTH_S:g} s)",
        f"a worker's first answer (at most {_FIRST_ANSWER_S:g} s)",
        f"requests per second of an idle web process (at most {_IDLE_PER_S:g})",
        f"of an idle worker (at most {_IDLE_PER_S:g})",
    )
    priority = " The measured processes had priority." if many["priority"] else ""
    measured = (
        f"Measured {many['measured_at'][:10]} on {machine['cores']} cores, which LocalStack "
        f"shares, with each request delayed by {many['delay_ms']:g} ms. The load average was "
        f"{machine['load_before']:g} before.{priority}"
    )
    return f"{table(head, rows)}\n\n{paragraph(measured)}"


def erasing_text(trial: dict[str, Any]) -> str:
    """Return what was left of people who were erased while photos of them came."""
    named = trial["results_left_that_name_someone_erased"]
    machine = trial["machine"]
    return paragraph(
        f"With {trial['collections']:,} collections and {trial['delay_ms']:g} ms a request, a "
        f"person was erased from {trial['erasures']} collections. {trial['uploads']:,} photos of "
        f"the person came meanwhile. {trial['results_erased']:,} results went with the person, and "
        f"of the {trial['results_left']:,} that were left in the end, {named} named the person. "
        f"Measured {trial['measured_at'][:10]} on {machine['cores']} cores, which LocalStack and "
        "other work shared: the load average was "
        f"{machine['load_before']:g}. An erasure took {trial['erasure_s']['median']:g} s (median), "
        "four of them at a time."
    )


def _judged(measured: float, most: float, unit: str) -> str:
    verdict = "" if measured <= most else f" ({_VERDICTS[False]})"
    return f"{measured:g} {unit}".rstrip() + verdict


def _run(pipeline: dict[str, Any], album: dict[str, Any], soak: dict[str, Any]) -> str:
    machine = pipeline["machine"]
    parts = ", ".join(
        f"{load} before the {name}"
        for load, name in (
            (machine["load_before"], "loads"),
            (album["machine"]["load_before"], "album"),
            (soak["machine"]["load_before"], "soak"),
        )
    )
    shares = "; ".join(
        f"{kind}: {share_of_engine(part):.2f} × and {cpu_over_engine(part):.2f} ×"
        for kind, part in ((kind, pipeline[name]) for name, kind in _KINDS.items())
    )
    return paragraph(
        f"Measured {pipeline['measured_at'][:10]} on {machine['cores']} cores "
        f"({machine['system']}, Python {machine['python']}). The load average was {parts}. "
        "Throughput over the bare engine's, and processor time beyond the engine's, by kind of "
        f"photo: {shares}. The smaller the photo, the more the rest weighs. Cold starts took "
        f"{', '.join(f'{s:g}' for s in pipeline['cold_start']['first_answers_s'])} s."
    )


def _loads_table(pipeline: dict[str, Any]) -> str:
    rows = [
        (kind, load["load"], load["photos"], *_measured(load))
        for name, kind in _KINDS.items()
        for load in (pipeline[name][each] for each in _LOADS)
    ]
    head = (
        "photos",
        "load",
        "uploads",
        "right",
        "photos per second",
        "seconds to the result: mean, p50, p95",
        "ms of processor per job: web, worker, engine alone, LocalStack",
        "S3 GETs of the API per job",
    )
    return table(head, rows)


def _measured(load: dict[str, Any]) -> tuple[str, ...]:
    latency_s, cpu_s = load["latency_s"], load["cpu_s_per_job"]
    tiers = (cpu_s["web"], cpu_s["workers"], load["engine_cpu_s_per_job"], cpu_s["localstack"])
    return (
        str(load["right"]),
        f"{load['photos_per_s']:g}",
        ", ".join(f"{latency_s[key]:.2f}" for key in ("mean", "p50", "p95")),
        ", ".join(f"{seconds * 1000:.1f}" for seconds in tiers),
        f"{load['result_gets_per_job']:g}",
    )


def _costs_table(pipeline: dict[str, Any], album: dict[str, Any]) -> str:
    jobs = {
        **{f"uploads, {kind}": pipeline[name]["backlog"] for name, kind in _KINDS.items()},
        "an album, 250 × 250 pixels": album,
    }
    rows = []
    for name, job in jobs.items():
        usd = usd_per_million(job["requests_per_job"], job["cpu_s_per_job"])
        requests = (f"{job['s3_per_job']:g}", f"{job['sqs_per_job']:g}")
        rows.append((name, *requests, *(f"{usd[part]:.2f} $" for part in usd)))
    head = ("a million", "S3 per job", "SQS per job", "S3", "SQS", "processors", "together")
    return table(head, rows)


def _fleet(pipeline: dict[str, Any]) -> str:
    rate = pipeline["one_megapixel"]["backlog"]["photos_per_s"]
    days = _BILLION / (1_000 * rate) / _DAY_S
    return paragraph(
        f"Above, a machine of {pipeline['machine']['cores']} cores did {rate:g} photos of one "
        "megapixel per second, with LocalStack and the web tier on it. A thousand such machines "
        f"would do a billion photos in {days:.1f} days, if nothing else were in the way."
    )
