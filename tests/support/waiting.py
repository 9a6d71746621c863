"""Real time that goes by."""

import time


def let_pass(seconds: float) -> None:
    """Let real time go by, where the time itself is what is tested."""
    time.sleep(seconds)
