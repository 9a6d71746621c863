"""How often ``/ready`` asks what the service depends on."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from efr_web.routes.health_routes import Dependencies

from core.errors import StorageUnavailable
from core.testing import ManualClock


def counted(asked: list[str], name: str) -> Callable[[], None]:
    return lambda: asked.append(name)


def test_answer_of_the_last_second_costs_nothing() -> None:
    asked: list[str] = []
    clock = ManualClock()
    dependencies = Dependencies({"a": counted(asked, "a"), "b": counted(asked, "b")}, clock)

    for _ in range(10):
        assert dependencies.missing() == []
    assert sorted(asked) == ["a", "b"]

    clock.advance(1)
    dependencies.missing()
    assert sorted(asked) == ["a", "a", "b", "b"]


def test_what_is_missing_is_noticed_after_a_second() -> None:
    away = threading.Event()

    def check() -> None:
        if away.is_set():
            raise StorageUnavailable("switched off by the test")

    clock = ManualClock()
    dependencies = Dependencies({"the bucket": check}, clock)
    assert dependencies.missing() == []
    away.set()

    clock.advance(1)

    assert dependencies.missing() == ["the bucket"]


def test_questions_at_once_are_one_check() -> None:
    asked: list[str] = []
    began, go_on = threading.Event(), threading.Event()

    def check() -> None:
        asked.append("checked")
        began.set()
        go_on.wait(30)

    dependencies = Dependencies({"the bucket": check}, ManualClock())
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(dependencies.missing) for _ in range(4)]
        assert began.wait(30)
        go_on.set()
        assert [answer.result(30) for answer in answers] == [[]] * 4

    assert asked == ["checked"]
