"""The pause before the next attempt."""

from hypothesis import given
from hypothesis import strategies as st

from core.worker.job_handler import MAX_BACKOFF_S, retry_delay_s


def test_pause_doubles_with_every_attempt() -> None:
    pauses = [retry_delay_s(count, base_s=2, jitter=1) for count in (1, 2, 3)]

    assert pauses == [2, 4, 8]


def test_jitter_takes_away_up_to_half() -> None:
    assert retry_delay_s(3, base_s=2, jitter=0) == 4


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pause_has_a_limit(count: int, jitter: float) -> None:
    assert 0 < retry_delay_s(count, base_s=2, jitter=jitter) <= MAX_BACKOFF_S
