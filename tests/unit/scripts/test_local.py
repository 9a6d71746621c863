"""How many workers `make up` lets come."""

import pytest
from local import workers_here

from core.settings import Settings


@pytest.mark.parametrize(
    ("children", "most", "cores", "workers"),
    [(4, 15, 4, 1), (1, 15, 4, 4), (1, 2, 4, 2), (8, 15, 4, 1), (1, 0, 4, 0)],
    ids=["all cores", "one core each", "the maximum", "more than cores", "none wanted"],
)
def test_no_more_workers_than_the_cores_have_children_for(
    children: int, most: int, cores: int, workers: int
) -> None:
    settings = Settings(_env_file=None, worker_processes=children, max_workers=most)

    assert workers_here(settings, cores=cores) == workers
