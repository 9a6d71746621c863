"""A TCP proxy that can delay, cut and refuse connections."""

import asyncio
import threading
from contextlib import suppress
from typing import Final, Self

_CHUNK: Final = 65_536
_START_S: Final = 10.0


class TcpProxy:
    """Passes connections on to a port of this machine, from ``with`` on.

    Parameters
    ----------
    target : int
        The port behind it.
    port : int
        Its own port.
    """

    def __init__(self, target: int, port: int) -> None:
        self._target = target
        self._port = port
        self._delay_s = 0.0
        self._refusing = False
        self._open: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """Return how many ends are open, two of each connection."""
        return len(self._open)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(_START_S):
            raise TimeoutError(f"the proxy does not listen on port {self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def delay(self, seconds: float) -> None:
        """Hold back every piece of data for so long; 0 ends it."""
        self._delay_s = seconds

    def refuse(self, refusing: bool) -> None:
        """Close new connections at once as long as it lasts."""
        self._refusing = refusing

    def cut(self) -> None:
        """End every open connection, with whatever is under way on it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._serve, "127.0.0.1", self._port):
            self._listening.set()
            await self._over.wait()
            self._cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                writer.write(chunk)
                await writer.drain()
        self._open.discard(writer)
        writer.close()
