"""A TCP proxy that can delay, cut and refuse connections."""

import asyncio
from contextlib import suppress

from harness.faults.proxy import CHUNK, Proxy


class TcpProxy(Proxy):
    """Passes connections on; a delay holds back every piece of data."""

    def __init__(self, target: int, port: int) -> None:
        super().__init__(target, port)
        self._refusing = False
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        """Return how many ends are open, two of each connection."""
        return len(self._open)

    def refuse(self, refusing: bool) -> None:
        """Close new connections at once as long as it lasts."""
        self._refusing = refusing

    def cut(self) -> None:
        """End every open connection, with whatever is under way on it."""
        self._in_loop(self._cut)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there, back = await self._connected()
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError):
                while chunk := await reader.read(CHUNK):
                    if self._delay_s:
                        await asyncio.sleep(self._delay_s)
                    writer.write(chunk)
                    await writer.drain()
        finally:
            self._open.discard(writer)
            writer.close()
