"""When protection from scale-in is set, renewed and ended."""

import logging
from dataclasses import dataclass, field

import pytest

from core.errors import ServiceUnavailable
from core.host import scale_in_protection
from core.host.scale_in_protection import IDLE_S, ScaleInProtection
from core.testing import ManualClock
from harness.waiting import wait_until

RENEW_S = 300.0


@dataclass(kw_only=True)
class Machine:
    """Takes protection, and says whether the worker is busy."""

    renew_s: float | None = None
    busy: bool = False
    trouble: Exception | None = None
    calls: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.protection = ScaleInProtection(
            is_busy=lambda: self.busy,
            protect=self.protect,
            renew_s=self.renew_s,
            clock=self.clock,
        )

    def protect(self, protected: bool) -> None:
        self.calls.append(protected)
        if self.trouble is not None:
            raise self.trouble

    def look(self, *, busy: bool, after_s: float = 0) -> None:
        self.busy = busy
        self.clock.advance(after_s)
        self.protection.look()


def test_first_message_protects_at_once() -> None:
    machine = Machine()

    machine.look(busy=True)

    assert machine.calls == [True]


def test_protection_ends_after_some_idleness() -> None:
    machine = Machine()
    machine.look(busy=True)

    machine.look(busy=False, after_s=IDLE_S - 1)
    assert machine.calls == [True]
    machine.look(busy=False, after_s=1)

    assert machine.calls == [True, False]


def test_trickle_of_jobs_sets_protection_once() -> None:
    machine = Machine()

    for _ in range(100):
        machine.look(busy=True, after_s=IDLE_S / 2)
        machine.look(busy=False, after_s=IDLE_S / 2)

    assert machine.calls == [True]


def test_protection_that_an_earlier_process_left_is_ended() -> None:
    machine = Machine()

    for _ in range(3):
        machine.look(busy=False, after_s=IDLE_S)

    assert machine.calls == [False]


def test_protection_that_expires_is_renewed_while_busy() -> None:
    machine = Machine(renew_s=RENEW_S)

    for _ in range(10):
        machine.look(busy=True, after_s=RENEW_S / 2)

    assert machine.calls == [True] * 5


def test_idle_worker_renews_nothing() -> None:
    machine = Machine(renew_s=RENEW_S)
    machine.look(busy=True)

    for _ in range(10):
        machine.look(busy=False, after_s=RENEW_S)

    assert machine.calls == [True, False]


def test_protection_that_failed_is_tried_again_after_growing_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = Machine(trouble=ServiceUnavailable("away"))

    for _ in range(64):
        machine.look(busy=True, after_s=1)
    assert machine.calls == [True] * 7
    machine.trouble = None
    machine.look(busy=True, after_s=60)

    assert machine.calls == [True] * 8
    # Threads that other tests left behind may log, too.
    told = [vars(each) for each in caplog.records if each.name == scale_in_protection.__name__]
    pauses = [each["pause_s"] for each in told if each["levelname"] == "WARNING"]
    assert pauses == [1, 2, 4, 8, 16, 32, 60]


@pytest.mark.parametrize("trouble", [ServiceUnavailable("away"), ZeroDivisionError("a bug")])
def test_thread_outlives_trouble_and_ends_the_protection(trouble: Exception) -> None:
    machine = Machine(busy=True, trouble=trouble)
    machine.protection.start()
    wait_until(lambda: machine.calls == [True])

    machine.trouble = None
    machine.clock.advance(60)
    wait_until(lambda: machine.calls == [True, True])
    machine.protection.close()

    assert machine.calls == [True, True, False]


def test_close_of_an_unprotected_machine_calls_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    machine = Machine()
    machine.look(busy=False, after_s=IDLE_S)
    machine.protection.start()

    machine.protection.close()

    assert machine.calls == [False]
