"""A client of a running service."""

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from elastic_face.calls.batches import BatchCalls
from elastic_face.calls.collections import CollectionCalls
from elastic_face.calls.faces import FaceCalls
from elastic_face.calls.groups import GroupCalls
from elastic_face.calls.jobs import JobCalls
from elastic_face.calls.people import PeopleCalls
from elastic_face.calls.searches import SearchCalls
from elastic_face.transport import Transport


class Client(
    JobCalls, BatchCalls, SearchCalls, CollectionCalls, PeopleCalls, FaceCalls, GroupCalls
):
    """Asks a service over HTTP. Threads may share one.

    A request that the service refuses for now (429) is sent again, after the time that it
    tells. So is one that met a 503 or lost its connection, but only where doing it twice does
    no harm. Each call raises `elastic_face.errors.ServiceError` where the service says no.

    Parameters
    ----------
    server : str, optional
        Address of the service; by default that of ``EFR_SERVER``.
    key : str, optional
        An API key; by default that of ``EFR_API_KEY``, and none if there is none.
    timeout_s : float
        Seconds in which an answer must come. An erasure takes seconds, and among many
        collections minutes.
    tries : int
        How often a request is sent again.
    sleep : callable
        Waits for so many seconds, before a request is sent again and while a job goes on.

    Raises
    ------
    ValueError
        If no server is named.
    """

    def __init__(
        self,
        server: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 300,
        tries: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # The caller's, no settings of a service.
        server = server or os.environ.get("EFR_SERVER")  # noqa: TID251
        key = os.environ.get("EFR_API_KEY", "") if key is None else key  # noqa: TID251
        if not server:
            raise ValueError("name a server, or set EFR_SERVER")
        super().__init__(
            Transport(server, key, timeout_s=timeout_s, tries=tries, reconnects=tries, sleep=sleep)
        )

    def close(self) -> None:
        """Close the connections that wait for further requests."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
