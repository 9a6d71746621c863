"""What a process with many collections in memory asks of S3."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pytest

from core.aws.clients import s3_client
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.gallery.lance.index import LanceFaceIndex
from core.settings import Settings
from harness.faults.http_proxy import HttpProxy
from harness.localstack import LocalStack, free_port
from harness.many_collections import make_collections
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.faces import MODEL

LOOKS = 30
LENGTH = 8


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A process of the service whose requests are counted."""

    settings: Settings
    proxy: HttpProxy

    def requests_of_looks(self, collections: int) -> Counter[str]:
        """Return what a process asks while it only looks for changes, the bell itself left out."""
        ids = [f"tenant-{number}" for number in range(collections)]
        make_collections(self.settings, ids, model=MODEL, length=LENGTH)
        seen = self.settings.model_copy(update={"aws_endpoint_url": self.proxy.address})
        shared = Shared(seen, Infrastructure.on_aws(seen))
        index = cast(LanceFaceIndex, shared.index)  # behind the gate that writers pass
        index.warm([shared.collections.get(each).gallery_id for each in ids])
        wait_until(
            lambda: set(index.states().values()) == {"exact"}, seconds=60, what="the galleries"
        )
        bell = f"GET /{self.settings.s3_gallery_bucket}/changes/bell"
        self.proxy.asked.clear()
        wait_until(lambda: self.proxy.asked[bell] >= LOOKS, seconds=60, what="the looks")
        asked = Counter(self.proxy.asked)
        index.close()
        del asked[bell]
        return asked


@pytest.fixture
def watched(localstack: LocalStack) -> Iterator[Watched]:
    settings = localstack.settings(gallery_refresh_seconds=0.05, **own_names())
    s3_client(settings).create_bucket(Bucket=settings.s3_gallery_bucket)
    with HttpProxy(localstack.port, free_port()) as proxy:
        yield Watched(settings=settings, proxy=proxy)


@pytest.mark.parametrize("collections", [2, 40])
def test_idle_process_asks_for_the_bell_whatever_the_number_of_collections(
    watched: Watched, collections: int
) -> None:
    others = watched.requests_of_looks(collections)

    # One gallery is read every five seconds without a word of it, in up to three requests.
    assert sum(others.values()) <= LOOKS / 2, others
