"""KEDA's workers beside those of the service's own autoscaler, on the same queues."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scaling.policy import (
    Decision,
    Depth,
    Limits,
    Recommendation,
    Situation,
    decide,
    wanted,
)
from tests.support.kubernetes.chart import (
    DEFAULTS,
    VALUES,
    Object,
    environment,
    named,
    objects,
    ours,
)
from tests.support.kubernetes.chart import given as values_of
from tests.support.kubernetes.keda import Keda

LOOK_S = 15.0
"""The HPA looks so often."""


def scaled(values: str) -> Object:
    (found,) = [each for each in objects(values) if each["kind"] == "ScaledObject"]
    spec: Object = found["spec"]
    return spec


WITH_KEDA = [
    name for name in VALUES if values_of(name).get("worker", {}).get("scaling", "keda") == "keda"
]


def limits_of(values: str) -> tuple[Limits, float]:
    """Return the limits that our autoscaler would have, and the seconds that a job takes."""
    variables = next(
        environment(pod, values) for name, pod in ours(values) if name.endswith("-worker")
    )
    seconds = (DEFAULTS["worker"] | values_of(values).get("worker", {}))["secondsPerJob"]
    limits = Limits(
        max_workers=int(variables["MAX_WORKERS"]),
        children=int(variables["WORKER_PROCESSES"]),
        target_latency_s=float(variables["TARGET_LATENCY_SECONDS"]),
        cool_down_s=float(variables["SCALE_IN_COOLDOWN_SECONDS"]),
    )
    return limits, float(seconds)


@dataclass(frozen=True)
class Look:
    """What the queues hold at a time; in flight is a part of the jobs."""

    requests: int
    photos: int
    events: int
    in_flight: int

    @property
    def depth(self) -> Depth:
        jobs = self.requests + self.photos + (self.events > 0)
        in_flight = min(jobs, self.in_flight)
        return Depth(visible=jobs - in_flight, in_flight=in_flight)


def trace(seed: int) -> Iterator[Look]:
    """Yield half an hour of looks: bursts, an album now and then, and calm."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    requests = photos = 0
    for _ in range(120):
        if chance.random() < 0.15:
            requests += chance.choice([1, 5, 40, 400])
        if chance.random() < 0.05:
            photos += chance.choice([10, 2000])
        requests = int(requests * chance.choice([0, 0.3, 0.8, 1]))
        photos = int(photos * chance.choice([0, 0.7, 0.95, 1]))
        yield Look(requests, photos, chance.choice([0, 0, 0, 3]), chance.randrange(0, 60))


@pytest.mark.parametrize("values", WITH_KEDA)
def test_target_is_that_of_our_autoscaler(values: str) -> None:
    limits, seconds = limits_of(values)
    spec = scaled(values)
    jobs = max(1.0, limits.children * limits.target_latency_s / seconds)

    assert spec["advanced"]["scalingModifiers"]["target"] == str(math.floor(jobs))
    assert spec["advanced"]["scalingModifiers"]["metricType"] == "AverageValue"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, limits.max_workers)
    assert spec["cooldownPeriod"] == limits.cool_down_s


@pytest.mark.parametrize("values", WITH_KEDA)
def test_all_queues_count_with_their_messages_in_flight(values: str) -> None:
    spec = scaled(values)
    variables = next(
        environment(pod, values) for name, pod in ours(values) if name.endswith("-worker")
    )
    queues = {each["name"]: each["metadata"] for each in spec["triggers"]}

    assert {name: each["queueURL"].rpartition("/")[2] for name, each in queues.items()} == {
        "requests": variables["SQS_REQ_QUEUE_NAME"],
        "photos": variables["SQS_INDEX_QUEUE_NAME"],
        "events": variables["SQS_WEBHOOK_QUEUE_NAME"],
    }
    for each in queues.values():
        assert each["scaleOnInFlight"] == "true"
        assert each["awsRegion"] == variables["AWS_REGION"]
    assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
    # KEDA reads it by strconv.ParseInt, and has no fallback for what that refuses.
    assert int(spec["advanced"]["scalingModifiers"]["target"]) > 0


@pytest.mark.parametrize("values", ["defaults", "prod", "patient"])
@pytest.mark.parametrize("seed", range(0, 1000, 100))
def test_keda_wants_no_fewer_workers_on_a_thousand_traces(values: str, seed: int) -> None:
    limits, seconds = limits_of(values)
    for number in range(seed, seed + 100):
        keda = Keda(scaled(values))
        for step, look in enumerate(trace(number)):
            workers = keda.look(
                step * LOOK_S, requests=look.requests, photos=look.photos, events=look.events
            )
            assert workers >= wanted(look.depth, seconds_per_job=seconds, limits=limits), number


@given(workers=st.integers(1, 50), jobs=st.integers(0, 1000))
@settings(max_examples=500)
def test_tolerance_of_the_hpa_costs_no_worker(workers: int, jobs: int) -> None:
    limits, seconds = limits_of("prod")
    keda = Keda(scaled("prod"), workers=workers)

    there = keda.look(0, requests=jobs, photos=0, events=0)

    depth = Depth(visible=jobs, in_flight=0)
    assert there >= wanted(depth, seconds_per_job=seconds, limits=limits)


def ours_on(values: str, looks: list[Look]) -> list[Decision]:
    """Return what our autoscaler decides at the same times."""
    limits, seconds = limits_of(values)
    workers, history, decisions = 0, tuple[Recommendation, ...](), []
    for step, look in enumerate(looks):
        situation = Situation(
            now_s=step * LOOK_S,
            depth=look.depth,
            workers=workers,
            seconds_per_job=seconds,
            history=history,
        )
        decisions.append(decide(situation, limits))
        workers, history = decisions[-1].workers, decisions[-1].history
    return decisions


def keda_on(values: str, looks: list[Look]) -> list[int]:
    keda = Keda(scaled(values))
    return [
        keda.look(step * LOOK_S, requests=look.requests, photos=look.photos, events=look.events)
        for step, look in enumerate(looks)
    ]


def test_keda_lets_workers_go_no_earlier_than_our_cool_down_does() -> None:
    for number in range(1000):
        # The rule that keeps workers for jobs in flight is ours alone: here all jobs wait.
        looks = [replace(look, in_flight=0) for look in trace(number)]
        ours_kept = [decision.workers for decision in ours_on("defaults", looks)]

        pairs = zip(keda_on("defaults", looks), ours_kept, strict=True)
        assert all(theirs >= own for theirs, own in pairs), number


def test_keda_lets_workers_go_that_ours_keeps_for_jobs_in_flight() -> None:
    looks = [Look(400, 0, 0, 40), *[Look(40, 0, 0, 40)] * 10]

    ours_kept = [decision.workers for decision in ours_on("defaults", looks)]

    # What they had in hand, they finish or give back while they drain.
    assert (keda_on("defaults", looks)[-1], ours_kept[-1]) == (3, 15)


def test_our_autoscaler_keeps_as_many_workers_as_can_be_busy() -> None:
    children = limits_of("defaults")[0].children
    for number in range(1000):
        looks = list(trace(number))
        workers = 0
        for look, decision in zip(looks, ours_on("defaults", looks), strict=True):
            busy = min(workers, math.ceil(look.depth.in_flight / children))
            assert decision.workers >= busy  # as many stay as have something to do
            workers = decision.workers


def test_pod_that_drains_is_told_apart_by_nobody() -> None:
    # Nothing in a release may patch pods, so nobody says which worker is busy: the drain does it.
    for name in VALUES:
        for role in (each for each in objects(name) if each["kind"] in ("Role", "ClusterRole")):
            assert all(rule["resources"] == ["deployments/scale"] for rule in role["rules"])
        worker = named(
            "Deployment", f"{values_of(name).get('fullnameOverride', 'efr')}-worker", name
        )
        annotations = worker["spec"]["template"]["metadata"].get("annotations", {})
        assert "controller.kubernetes.io/pod-deletion-cost" not in annotations
