"""What a bucket holds of jobs: one listing, or sixteen at a time where there are many."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from core.ground.storage_keys import BATCHES
from core.ports import ObjectStore

PAGE: Final = 1000
_DIGITS: Final = "0123456789abcdef"
"""With which ids of jobs begin."""
_BEHIND_BATCHES: Final = BATCHES.replace("/", "0")


def listed_jobs(store: ObjectStore) -> dict[str, str]:
    """Return the versions of all objects whose keys begin with a job's id, by key.

    There may be some others among them.
    """
    found = store.page("", limit=PAGE)
    if len(found) < PAGE:
        return found
    last = max(found)
    with ThreadPoolExecutor(max_workers=len(_DIGITS)) as threads:
        left = (digit for digit in _DIGITS if digit >= last[0])
        for further in threads.map(lambda digit: _behind(store, last, digit), left):
            found |= further
    return found


def _behind(store: ObjectStore, last: str, digit: str) -> dict[str, str]:
    """Return what has keys that begin with a digit and come after another key."""
    found: dict[str, str] = {}
    page_of = PAGE
    while page_of == PAGE:
        # Batches have a mark for each of their photos, in the midst of the jobs.
        after = _BEHIND_BATCHES if last.startswith(BATCHES) else last
        page = store.page(digit, after=after, limit=PAGE)
        found |= page
        page_of, last = len(page), max(page, default=last)
    return found
