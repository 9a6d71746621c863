"""Batches with their outcomes, and the state of the service, in the browser."""

from collections.abc import Mapping

import boto3
import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.pages.browser import Scheme, Tab
from tests.support.photos import made_photo, sample

ENDED = 90_000
"""Milliseconds until a batch has ended, at most."""


def post(service: Service, path: str, body: Mapping[str, object]) -> requests.Response:
    return requests.post(f"{service.address}{path}", json=body, timeout=60)


@pytest.fixture(scope="module")
def batch(service: Service) -> str:
    """Return a batch of three photos: good, damaged, and without a face."""
    damaged = bytearray(made_photo("PNG", size=(300, 300)))
    damaged[len(damaged) // 2] ^= 0xFF
    photos = [sample("Joe Biden/biden.jpg"), bytes(damaged), made_photo()]
    keys = []
    post(service, "/collections", {"collection_id": "album"})
    for number, photo in enumerate(photos):
        about = {"collection_id": "album", "filename": f"{number}.jpg"}
        offer = post(service, "/uploads", about).json()
        sent = requests.post(offer["url"], data=offer["fields"], files={"file": photo}, timeout=60)
        assert sent.status_code == 204
        keys.append(offer["s3_key"])
    wanted = {"collection_id": "album", "s3_bucket": offer["s3_bucket"], "s3_keys": keys}
    return str(post(service, "/faces/index/batch", wanted).json()["batch_id"])


def test_batch_ends_before_the_eyes_and_says_why_photos_failed(tab: Tab, batch: str) -> None:
    page = tab.open("#/batches")
    card = page.get_by_role("listitem").filter(has_text="3 photos · album")

    expect(card).to_contain_text("2 done · 1 failed", timeout=ENDED)
    card.get_by_role("button", name="Photos and reasons").press("Enter")

    expect(card.get_by_text("3 of 3 photos looked at")).to_be_visible()
    expect(card.locator(".rows li")).to_have_count(2)
    expect(card.locator(".rows")).to_contain_text("failed: the file is damaged")
    expect(card.locator(".rows")).to_contain_text("done, no face added")
    card.get_by_label("Only those that need a look").press("Space")
    expect(card.locator(".rows li")).to_have_count(3)
    expect(card.locator(".rows")).to_contain_text("done, 1 face added")


def test_health_counts_what_was_given_up(service: Service, tab: Tab) -> None:
    name = service.settings.webhook_dead_letter_queue_name
    sqs = boto3.client(
        "sqs",
        endpoint_url=service.settings.aws_endpoint_url,
        region_name=service.settings.aws_region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    page = tab.open("#/health")
    row = page.get_by_role("row", name="Events for webhooks")
    expect(page.get_by_text("The service can be used")).to_be_visible()
    expect(row.get_by_role("cell").last).to_have_text("0")

    sqs.send_message(QueueUrl=url, MessageBody="no event")
    page.reload()

    expect(row.get_by_role("cell").last).to_have_text("1")
    expect(page.get_by_text("efr dead-letters list --queue webhook")).to_be_visible()
    sqs.purge_queue(QueueUrl=url)


def test_health_leads_to_the_photos_that_failed(tab: Tab, batch: str) -> None:
    page = tab.open("#/health")

    expect(page.get_by_text("1 photo failed in one of the last 20 batches")).to_be_visible(
        timeout=ENDED
    )
    page.get_by_role("link", name="See why").press("Enter")
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()


def test_health_says_that_photos_wait_and_no_worker_takes_any(tab: Tab) -> None:
    queue = {"queue": "index", "waiting": 3, "in_flight": 0, "dead_letters": 0}
    told = {"queues": [queue], "last_work_at": None}
    tab.page.route("**/queues", lambda route: route.fulfill(json=told))
    tab.page.clock.install()
    page = tab.open("#/health")
    expect(page.get_by_text("3 photos wait for a worker.")).to_be_visible()
    expect(page.get_by_text("knows of no photo that a worker has had")).to_be_visible()

    page.clock.fast_forward(11_000)

    expect(page.get_by_text("3 photos wait, and no worker takes any")).to_be_visible()


def test_health_names_webhooks_that_do_not_accept_their_events(tab: Tab) -> None:
    webhook = {
        "webhook_id": "hook-1",
        "url": "https://erp.example/faces?token=secret",
        "state": "failing",
        "failing_since": "2026-11-30T09:00:00Z",
    }
    tab.page.route("**/webhooks", lambda route: route.fulfill(json={"webhooks": [webhook]}))
    page = tab.open("#/health")

    failing = page.get_by_role("listitem").filter(has_text="erp.example")
    expect(failing).to_contain_text("does not accept its events since Nov 30, 2026")
    expect(failing).to_contain_text("GET /webhooks/hook-1/deliveries")
    assert "secret" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_views_are_for_everybody(tabs: Tabs, batch: str, width: int, scheme: Scheme) -> None:
    tab = tabs(width=width, scheme=scheme)
    page = tab.open("#/batches")
    card = page.get_by_role("listitem").filter(has_text="3 photos · album")
    card.get_by_role("button", name="Photos and reasons").click()
    expect(card.get_by_text("3 of 3 photos looked at")).to_be_visible()
    assert tab.serious_findings() == []
    assert not tab.is_wider_than_the_window()

    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_text("The service can be used")).to_be_visible()
    assert tab.serious_findings() == []
    assert not tab.is_wider_than_the_window()
