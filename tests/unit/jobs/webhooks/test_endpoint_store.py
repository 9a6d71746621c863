"""The endpoints of a tenant, and what they cost."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import StorageUnavailable, TooManyWebhooks, WebhookNotFound
from core.ground.realms import Realm
from core.jobs.webhooks.endpoint_store import MOST_ENDPOINTS, TRUSTED_S, Endpoints
from core.jobs.webhooks.endpoints import Endpoint
from core.testing import ManualClock, MemoryStore

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)


NEVER_ISSUED = "f291bf79-8c94-4321-a20b-62c49c01a022"


class Desk:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(self.clock)
        self.endpoints = Endpoints(self.store, clock=self.clock)

    def another_process(self) -> Endpoints:
        return Endpoints(self.store, clock=self.clock)


def made(number: int = 0, collections: tuple[str, ...] = ("*",)) -> Endpoint:
    return Endpoint.new(
        f"https://example.org/{number}",
        events=("job.done",),
        details=False,
        collections=collections,
        now=NOW + timedelta(seconds=number),
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_endpoints_are_known_in_the_order_in_which_they_were_made(desk: Desk) -> None:
    made_ones = [made(number) for number in range(3)]
    for each in reversed(made_ones):
        desk.endpoints.add(each)

    assert desk.endpoints.known() == made_ones


def test_no_endpoint_costs_one_listing_in_five_seconds(desk: Desk) -> None:
    for _ in range(1000):
        desk.endpoints.known()
        desk.clock.advance(TRUSTED_S / 1000)

    assert (desk.store.listings, desk.store.gets) == (1, 0)
    desk.clock.advance(1)
    desk.endpoints.known()
    assert (desk.store.listings, desk.store.gets) == (2, 0)


def test_endpoint_that_has_not_changed_is_read_once(desk: Desk) -> None:
    desk.endpoints.add(made())
    for _ in range(10):
        desk.endpoints.known()
        desk.clock.advance(TRUSTED_S)

    assert desk.store.gets == 1


def test_other_processes_know_a_change_after_five_seconds(desk: Desk) -> None:
    other = desk.another_process()
    assert other.known() == []
    endpoint = made()

    desk.endpoints.add(endpoint)
    assert desk.endpoints.known() == [endpoint]
    assert other.known() == []
    assert other.find(endpoint.webhook_id) == endpoint

    desk.endpoints.remove(endpoint.webhook_id)
    desk.clock.advance(TRUSTED_S)
    assert other.known() == []
    assert other.find(endpoint.webhook_id) is None


def test_threads_that_wait_for_s3_while_it_is_away_fail_together(desk: Desk) -> None:
    desk.store.available = False
    with pytest.raises(StorageUnavailable):
        desk.endpoints.known()

    desk.store.available = True
    with pytest.raises(StorageUnavailable):
        desk.endpoints.known()
    assert desk.store.listings == 0
    desk.clock.advance(1)
    assert desk.endpoints.known() == []


def test_twenty_are_the_most(desk: Desk) -> None:
    for number in range(MOST_ENDPOINTS):
        desk.endpoints.add(made(number))

    with pytest.raises(TooManyWebhooks):
        desk.endpoints.add(made())


@pytest.mark.parametrize("webhook_id", [NEVER_ISSUED, "no id", "../keys/0123456789ab"])
def test_unknown_endpoint_is_not_found(desk: Desk, webhook_id: str) -> None:
    with pytest.raises(WebhookNotFound):
        desk.endpoints.get(webhook_id)
    with pytest.raises(WebhookNotFound):
        desk.endpoints.change(webhook_id, lambda each: each)


def test_change_is_made_to_what_others_have_written_meanwhile(desk: Desk) -> None:
    endpoint = made()
    desk.endpoints.add(endpoint)
    other = desk.another_process()
    done: list[Endpoint] = []

    def change(each: Endpoint) -> Endpoint:
        if not done:
            done.append(other.change(endpoint.webhook_id, lambda it: it.disabled(NOW, "GONE")))
        return each.model_copy(update={"details": True})

    changed = desk.endpoints.change(endpoint.webhook_id, change)

    assert (changed.details, changed.disabled_reason) == (True, "GONE")
    assert desk.endpoints.get(endpoint.webhook_id) == changed


def test_former_secret_signs_until_it_expires() -> None:
    first = made()
    second = first.rotated(NOW, keep=DAY)
    third = second.rotated(NOW, keep=DAY)

    former, newest = first.secrets[0].secret, second.secrets[-1].secret
    assert second.signing(NOW) == [newest, former]
    assert second.signing(NOW + DAY) == [newest]
    assert third.signing(NOW) == [third.secrets[-1].secret, newest]


def test_endpoint_is_disabled_after_five_days_without_a_success() -> None:
    failing = made().failed(NOW)

    assert failing.state == "failing"
    assert failing.failed(NOW + 4.9 * DAY) == failing
    assert failing.failed(NOW + 5 * DAY).disabled_reason == "FAILING"
    assert failing.well().failed(NOW + 5 * DAY).state == "failing"
    assert failing.failed(NOW + 5 * DAY).well().state == "active"


@pytest.mark.parametrize(
    ("patterns", "collection_id", "hears"),
    [
        (("*",), "any", True),
        (("*",), None, True),
        (("staff-*",), "staff-1", True),
        (("staff-*",), "guests", False),
        (("staff-*",), None, False),
    ],
)
def test_endpoint_is_told_of_its_collections_only(
    patterns: tuple[str, ...], collection_id: str | None, hears: bool
) -> None:
    assert made(collections=patterns).hears(collection_id) is hears


def test_endpoint_that_is_told_of_more_is_hidden_from_a_narrow_realm() -> None:
    narrow = Realm("", ("staff-*",))

    assert not made().is_visible_in(narrow)
    assert made(collections=("staff-*",)).is_visible_in(narrow)
    assert made(collections=("staff-*",)).is_visible_in(Realm())
