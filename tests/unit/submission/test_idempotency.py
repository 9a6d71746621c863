"""One job for all requests with one key, whatever comes in between."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product

import pytest

from core.errors import (
    IdempotencyConflict,
    InvalidIdempotencyKey,
    ServiceUnavailable,
    StorageUnavailable,
)
from core.ground.realms import WHOLE
from core.submission.idempotency import IdempotencyKeys
from core.testing import ManualClock, MemoryQueue, MemoryStore
from tests.support.adversary import Interleaving, Killed, Process, Trouble

CALLS = 6
"""A request makes no more: record, photo, message, look, undoing, removal; or record, look,
taking over, photo, message, record.
"""


@dataclass(kw_only=True)
class Service:
    """A bucket and a queue, and what became of the requests."""

    store: MemoryStore = field(default_factory=MemoryStore)
    queue: MemoryQueue = field(default_factory=lambda: MemoryQueue(clock=ManualClock()))
    accepted: list[str] = field(default_factory=list)
    refusals: list[BaseException] = field(default_factory=list)

    def submit(
        self,
        body: str,
        *,
        photo: bytes = b"photo",
        key: str = "key",
        process: Process | None = None,
    ) -> str:
        """Submit as one web process does, and note the answer."""
        process = process or Process()
        inputs, queue = process.store(self.store), process.queue(self.queue)

        def hand_over(body: str) -> None:
            inputs.put(body, photo, content_type="image/jpeg")
            queue.send(body)

        answer = IdempotencyKeys(inputs=inputs, realm=WHOLE).submit(
            key, body=body, fingerprint=photo, hand_over=hand_over, take_back=inputs.delete
        )
        self.accepted.append(answer)
        return answer

    def try_to_submit(self, body: str, process: Process) -> None:
        """Submit, and do not mind if the process dies or a service is away."""
        try:
            self.submit(body, process=process)
        except (Killed, ServiceUnavailable) as refusal:
            self.refusals.append(refusal)

    def photos(self) -> list[str]:
        return sorted(key for key in self.store.objects if not key.startswith("idempotency/"))

    def assert_no_accepted_job_is_lost(self) -> None:
        for body in self.accepted:
            assert body in self.photos()
            assert body in self.queue.bodies
        assert len(set(self.accepted)) <= 1


@pytest.fixture
def service() -> Service:
    return Service()


def after(calls: int, action: Callable[[], object]) -> Process:
    """Return a process before whose call of that number others do something."""

    def act() -> None:
        if process.calls == calls:
            action()

    process = Process(before_call=act)
    return process


def test_first_comer_hands_its_job_over(service: Service) -> None:
    assert service.submit("one") == "one"
    assert service.queue.bodies == ["one"]


def test_second_comer_gets_the_first_ones_job_and_sends_nothing(service: Service) -> None:
    service.submit("one")

    assert service.submit("two") == "one"
    assert service.queue.bodies == ["one"]


def test_other_key_gives_another_job(service: Service) -> None:
    service.submit("one")

    assert service.submit("two", key="other") == "two"


def test_same_key_with_another_photo_is_a_conflict(service: Service) -> None:
    service.submit("one")

    with pytest.raises(IdempotencyConflict):
        service.submit("two", photo=b"another")


@pytest.mark.parametrize("key", ["", "x" * 256, "ümlaut", "a\nb"])
def test_odd_key_is_refused_and_leaves_nothing(service: Service, key: str) -> None:
    with pytest.raises(InvalidIdempotencyKey):
        service.submit("one", key=key)

    assert service.store.objects == {}


def test_key_itself_is_not_stored(service: Service) -> None:
    service.submit("one", key="a secret of the caller")

    assert b"a secret" not in b"".join(service.store.objects.values())


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_job_of_a_process_that_died_is_taken_over(service: Service, calls: int) -> None:
    with pytest.raises(Killed):
        service.submit("one", process=Process({calls: Trouble.KILLED}))

    assert service.submit("two") == "one"
    service.assert_no_accepted_job_is_lost()


def test_failed_attempt_leaves_no_photo_and_the_next_is_a_new_job(service: Service) -> None:
    with pytest.raises(ServiceUnavailable):
        service.submit("one", process=Process({2: Trouble.REFUSED}))
    assert service.photos() == []

    assert service.submit("two") == "two"
    assert service.queue.bodies == ["two"]


def test_key_of_a_failed_attempt_may_come_with_another_photo(service: Service) -> None:
    with pytest.raises(ServiceUnavailable):
        service.submit("one", process=Process({2: Trouble.REFUSED}))

    assert service.submit("two", photo=b"another") == "two"


def test_second_comer_that_fails_does_not_take_back_the_first_ones_photo(service: Service) -> None:
    with pytest.raises(Killed):
        service.submit("one", process=Process({3: Trouble.KILLED}))

    with pytest.raises(ServiceUnavailable):
        service.submit("two", process=Process({4: Trouble.REFUSED}))

    assert service.photos() == ["one"]
    assert service.submit("three") == "one"


def test_job_is_accepted_though_its_record_could_not_be_updated(service: Service) -> None:
    assert service.submit("one", process=Process({3: Trouble.REFUSED})) == "one"
    assert service.submit("two") == "one"
    service.assert_no_accepted_job_is_lost()


def test_first_ones_failure_does_not_lose_a_job_that_was_taken_over(service: Service) -> None:
    first = after(2, lambda: service.submit("two"))
    first.troubles[2] = Trouble.REFUSED

    with pytest.raises(ServiceUnavailable):
        service.submit("one", process=first)

    assert service.accepted == ["one"]
    service.assert_no_accepted_job_is_lost()


def test_second_comer_between_look_and_undoing_keeps_the_job(service: Service) -> None:
    first = after(4, lambda: service.submit("two"))  # the record was read, not yet undone
    first.troubles[2] = Trouble.REFUSED

    with pytest.raises(ServiceUnavailable):
        service.submit("one", process=first)

    assert service.accepted == ["one"]
    service.assert_no_accepted_job_is_lost()


def test_second_comer_that_is_late_for_the_undoing_is_told_to_come_again(service: Service) -> None:
    order = [0, 0, 1, 1, 0, 0, 0, 0, 1]  # the second has seen the record before it is undone

    run_at_once(service, order, {2: Trouble.REFUSED}, {})

    assert [str(refusal) for refusal in service.refusals] == [
        "refused by the test",
        "another request with the same key came in between",
    ]
    assert service.photos() == []
    assert service.submit("three") == "three"


def test_vanished_record_is_an_error_that_passes(service: Service) -> None:
    service.submit("one")
    second = after(1, service.store.objects.clear)

    with pytest.raises(StorageUnavailable, match="gone"):
        service.submit("two", process=second)

    assert service.submit("three") == "three"


@pytest.mark.parametrize(
    "troubles",
    [
        {2: Trouble.REFUSED},
        {2: Trouble.ANSWER_LOST},
        {2: Trouble.REFUSED, 4: Trouble.ANSWER_LOST},
        {2: Trouble.REFUSED, 5: Trouble.REFUSED},
        {2: Trouble.REFUSED, 5: Trouble.KILLED},
        {3: Trouble.KILLED},
    ],
)
def test_no_order_of_two_requests_at_once_loses_a_job(troubles: dict[int, Trouble]) -> None:
    for order in orders_after_the_first_ones_photo():
        service = Service()
        run_at_once(service, order, troubles, {})

        service.assert_no_accepted_job_is_lost()
        assert service.submit("three") in ("one", "two", "three")
        service.assert_no_accepted_job_is_lost()


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.ANSWER_LOST])
def test_no_job_is_lost_when_both_requests_at_once_fail(trouble: Trouble) -> None:
    orders = ([0, 0, 1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1], [0, 1] * CALLS)
    for order, one, two in product(orders, range(CALLS), range(CALLS)):
        service = Service()
        run_at_once(service, list(order), {one: Trouble.REFUSED}, {two: trouble})

        service.submit("three")
        service.assert_no_accepted_job_is_lost()


def orders_after_the_first_ones_photo() -> Iterator[list[int]]:
    """Yield every order of what the first request does then and what the second does."""
    rest = CALLS - 2
    for firsts in combinations(range(rest + CALLS), rest):
        yield [0, 0] + [0 if call in firsts else 1 for call in range(rest + CALLS)]


def run_at_once(
    service: Service, order: list[int], one: dict[int, Trouble], two: dict[int, Trouble]
) -> None:
    Interleaving(order).run(
        [
            lambda turn: service.try_to_submit("one", Process(one, before_call=turn)),
            lambda turn: service.try_to_submit("two", Process(two, before_call=turn)),
        ]
    )
