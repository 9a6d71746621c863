"""What the whole service shall reach, and whether its artifact shows that it does."""

from typing import Any, Final

from benchmarks.common.goals import Goal

_CORES: Final = "processes"
_FLAT_MB: Final = 20
_SOAK_MB: Final = 10

Artifact = dict[str, Any]


def goals(artifact: Artifact) -> list[Goal]:
    """Return every goal with what was measured."""
    small, large = artifact["small"], artifact["one_megapixel"]
    return [
        _mean("100 uploads from 10 clients", small["ten_clients"], 0.96),
        _mean("100 uploads at the same moment", small["all_at_once"], 1.9),
        _cpu(large),
        _throughput("photos of one megapixel", large),
        _at_most(
            "added latency of one client (p50)", small["one_by_one"]["added_s_p50"] * 1000, 80, "ms"
        ),
        _requests(small["worker_alone"]),
        _at_most("S3 GETs of the API", small["all_at_once"]["result_gets_per_job"], 8, "per job"),
        _seed("photos of one megapixel", large),
        _seed("photos of 250 × 250 pixels", small),
        _at_most("first answer of a cold start", artifact["cold_start"]["first_answer_s"], 6, "s"),
    ]


def album_goals(album: Artifact) -> list[Goal]:
    """Return what a large album shall come to."""
    census, memory = album["census"], album["parent_mb"]
    amiss = census["lost"] + census["doubled"] + census["foreign"]
    growth_mb = memory["last_quarter"] - memory["second_quarter"]
    return [
        Goal(
            name=f"{album['photos']:,} photos indexed, none lost and none doubled",
            measured=f"{census['lost']} lost, {census['doubled']} doubled, "
            f"{album['jobs_failed']} failed; {album['photos_per_s']:g} photos per second",
            met=amiss + album["jobs_failed"] == 0,
        ),
        Goal(
            name="the worker's memory stays flat while it indexes",
            measured=f"{growth_mb:+.0f} MB from the second quarter of the run to the last, "
            f"to {memory['last_quarter']:.0f} MB",
            met=growth_mb <= _FLAT_MB,
        ),
    ]


def soak_goals(soak: Artifact) -> list[Goal]:
    """Return what a long load with faults shall come to."""
    minutes, uploads = soak["plan"]["seconds"] / 60, soak["uploads"]["photos"]
    growth_mb = soak["parent_memory"]["growth_mb"] + 0.0  # never -0.0
    return [
        Goal(
            name=f"{minutes:g} minutes of load with faults: every accepted job has its one answer",
            measured=f"{uploads:,} uploads and {soak['album']['photos']:,} photos of an album, "
            f"{sum(soak['faults'].values())} faults, {len(soak['findings'])} kinds of findings",
            met=soak["kept"],
        ),
        Goal(
            name="the worker's parent grows by at most 10 MB meanwhile",
            measured=f"{growth_mb:+.1f} MB of memory that it has written",
            met=growth_mb <= _SOAK_MB,
        ),
    ]


def share_of_engine(part: Artifact) -> float:
    """Return the throughput over the bare engine's, LocalStack's processor time taken out."""
    backlog, bare = part["backlog"], part["bare_engine"]
    emulator_s = backlog["cpu_s_per_job"]["localstack"] * backlog["photos"] / bare[_CORES]
    own_rate = backlog["photos"] / (backlog["wall_s"] - emulator_s)
    return float(own_rate / bare["photos_per_s"])


def cpu_over_engine(part: Artifact) -> float:
    """Return the processor time of web tier and worker beyond the engine's, over the engine's."""
    backlog = part["backlog"]
    engine_s = backlog["engine_cpu_s_per_job"]
    ours_s = backlog["cpu_s_per_job"]["web"] + backlog["cpu_s_per_job"]["workers"]
    return float((ours_s - engine_s) / engine_s)


def _mean(text: str, load: Artifact, most_s: float) -> Goal:
    mean_s, right, photos = load["latency_s"]["mean"], load["right"], load["photos"]
    return Goal(
        name=f"{text}: all right, result within {most_s:g} s on average",
        measured=f"{right} of {photos} right, {mean_s:.2f} s",
        met=right == photos and mean_s < most_s,
    )


def _cpu(part: Artifact) -> Goal:
    over = cpu_over_engine(part)
    return Goal(
        name="processor time of web tier and worker beyond the engine's at most 0.6 × the "
        "engine's, photos of one megapixel",
        measured=f"{over:.2f} ×",
        met=over <= 0.6,
    )


def _throughput(text: str, part: Artifact) -> Goal:
    share = share_of_engine(part)
    return Goal(
        name=f"throughput without LocalStack's time at least 0.7 × the bare engine's, {text}",
        measured=f"{share:.2f} ×",
        met=share >= 0.7,
    )


def _requests(alone: Artifact) -> Goal:
    asked = alone["s3_per_job"] + alone["sqs_per_job"]
    return Goal(
        name="S3 and SQS requests of the worker at most 3.5 per job in a backlog",
        measured=f"{asked:.2f}, {alone['unanswered']} of {alone['jobs']} jobs unanswered",
        met=asked <= 3.5 and alone["unanswered"] == 0,
    )


def _seed(text: str, part: Artifact) -> Goal:
    ratio = part["backlog"]["photos_per_s"] / part["seed"]["photos_per_s"]
    return Goal(
        name=f"at least 25 × a fresh process per photo that imports face_recognition, {text}",
        measured=f"{ratio:.1f} ×",
        met=ratio >= 25,
    )


def _at_most(text: str, measured: float, most: float, unit: str) -> Goal:
    return Goal(
        name=f"{text} at most {most:g} {unit}",
        measured=f"{measured:.2f} {unit}",
        met=measured <= most,
    )
