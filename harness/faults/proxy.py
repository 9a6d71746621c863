"""What proxies have in common: a thread of their own, and a way to the port behind them."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

CHUNK: Final = 65_536
_START_S: Final = 10.0


class Proxy(ABC):
    """Passes on to a port of this machine what comes to its own, from ``with`` on.

    Parameters
    ----------
    target : int
        The port behind it.
    port : int
        Its own port.
    """

    def __init__(self, target: int, port: int) -> None:
        self._target = target
        self.port = port
        self._delay_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(_START_S):
            raise TimeoutError(f"the proxy does not listen on port {self.port}")
        return self

    def __exit__(self, *_: object) -> None:
        self._in_loop(self._over.set)
        self._thread.join()

    def delay(self, seconds: float) -> None:
        """Let everything that passes take so much longer; 0 ends it."""
        self._delay_s = seconds

    def _in_loop(self, action: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(action)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._serve_to_the_end, "127.0.0.1", self.port):
            self._listening.set()
            await self._over.wait()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve_to_the_end(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # Python 3.11 takes a connection's task that was cancelled for a fault.
        with suppress(asyncio.CancelledError):
            await self._serve(reader, writer)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._target)

    @abstractmethod
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
