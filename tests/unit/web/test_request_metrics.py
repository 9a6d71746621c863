"""Requests are counted by route, and clients can't make up more series."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from efr_web.middleware import count_request
from prometheus_client import REGISTRY

from tests.unit.web.web_fixture import PHOTO, WebFixture

COLLECTIONS = 1_000
MOST_SERIES = 500


def series() -> set[tuple[str, ...]]:
    metric = next(each for each in REGISTRY.collect() if each.name == "efr_http_requests")
    return {tuple(sample.labels.values()) for sample in metric.samples}


def test_request_is_counted_by_its_route_and_not_its_path() -> None:
    client = WebFixture().client
    labels = {"route": "/collections/<collection_id>", "method": "GET", "status": "404"}
    before = REGISTRY.get_sample_value("efr_http_requests_total", labels) or 0

    client.get("/collections/nobody-here")
    client.get("/collections/neither")

    assert REGISTRY.get_sample_value("efr_http_requests_total", labels) == before + 2


def test_made_up_paths_and_methods_share_one_series() -> None:
    client = WebFixture().client
    client.open("/nowhere", method="BREW")
    before = series()

    for number in range(20):
        client.open(f"/nowhere-{number}", method=f"BREW{number}")

    assert series() == before


def test_method_that_a_client_makes_up_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    WebFixture().client.open("/", method="ADALOVELACE")

    said = capsys.readouterr().out
    assert '"method": "other"' in said
    assert "ADALOVELACE" not in said


def all_series() -> int:
    shown = [sample for each in REGISTRY.collect() for sample in each.samples]
    return sum(sample.name.startswith("efr_") for sample in shown)


def use(fixture: WebFixture, collection_id: str) -> None:
    """Make a collection, look at it, and have a photo's people looked for in it."""
    fixture.create(collection_id)
    fixture.client.get(f"/collections/{collection_id}")
    answer = fixture.send_form(
        "/",
        files={"inputFile": ("a.jpg", PHOTO)},
        fields={"collection_id": collection_id},
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202
    fixture.worker.run_once()


def series_of_collections() -> tuple[int, int]:
    """Return the number of series with one collection, and with many."""
    fixture = WebFixture()
    use(fixture, "first")
    before = all_series()
    for number in range(COLLECTIONS):
        use(fixture, f"c-{number}")
    return before, all_series()


def test_thousand_collections_add_no_series() -> None:
    # In a process of its own: this one has the series of all other tests.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        before, after = fresh.submit(series_of_collections).result()

    assert before == after <= MOST_SERIES


def measured(route: str) -> float:
    return REGISTRY.get_sample_value("efr_http_request_seconds_count", {"route": route}) or 0.0


def test_time_of_the_page_is_not_that_of_an_upload() -> None:
    uploads, others = measured("/"), measured("other")

    count_request("/", "GET", 200, 0.001)
    count_request("/", "POST", 200, 0.3)

    assert (measured("/"), measured("other")) == (uploads + 1, others + 1)
