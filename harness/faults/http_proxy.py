"""An HTTP proxy in front of LocalStack that answers chosen requests with errors of AWS."""

import asyncio
import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from harness.faults.proxy import CHUNK, Proxy

_CONTINUE: Final = b" 100 "
_BODYLESS: Final = (b" 204 ", b" 304 ")
_OVER: Final = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Requests that are answered with an error.

    Parameters
    ----------
    what : str
        Pattern of ``METHOD /bucket/key``, or of ``SQS.`` and the action's name.
    status : int
    code : str
        AWS's name for the error.
    one_in : int
        Every n-th key is refused, always the same ones; 1 means all.
    signed_by : str
        Id of the AWS key that signed them; empty for any.
    """

    what: str
    status: int = 403
    code: str = "AccessDenied"
    one_in: int = 1
    signed_by: str = ""

    def matches(self, asked: str, authorization: str = "") -> bool:
        return (
            re.search(self.what, asked) is not None
            and zlib.crc32(asked.partition(" ")[2].encode()) % self.one_in == 0
            and (not self.signed_by or f"Credential={self.signed_by}/" in authorization)
        )


@dataclass(frozen=True, kw_only=True)
class _Head:
    raw: bytes
    fields: dict[str, str]

    @property
    def first_line(self) -> bytes:
        return self.raw.partition(b"\r\n")[0]

    @property
    def asked(self) -> str:
        """What a request asks for, as refusals name it."""
        action = self.fields.get("x-amz-target", "").rpartition(".")[2]
        if action:
            return f"SQS.{action}"
        method, path, _ = self.first_line.decode("latin1").split(" ", 2)
        return f"{method} {path.partition('?')[0]}"


class HttpProxy(Proxy):
    """Passes requests on; a delay holds back every one of them."""

    def __init__(self, target: int, port: int) -> None:
        super().__init__(target, port)
        self._refusals: Sequence[Refusal] = ()
        self.refused: Counter[str] = Counter()
        """How many requests were refused, by the pattern that they matched."""
        self.asked: Counter[str] = Counter()
        """Requests by what they asked for."""
        self._serving: set[asyncio.Task[None] | None] = set()
        """Kept, because the loop itself does not hold tasks that wait for an answer."""

    def refuse(self, *refusals: Refusal) -> None:
        """Refuse these requests from now on, and no others."""
        self._refusals = refusals

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._serving.add(task)
        try:
            with suppress(*_OVER):
                there, back = await self._connected()
                try:
                    while await self._exchange(reader, writer, there, back):
                        pass
                finally:
                    back.close()
        finally:
            self._serving.discard(task)
            writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> bool:
        """Pass one request on, or refuse it; tell whether another one may follow."""
        head = await _next_head(reader, there)
        if head is None:
            return False
        self.asked[head.asked] += 1
        signature = head.fields.get("authorization", "")
        refusal = next((r for r in self._refusals if r.matches(head.asked, signature)), None)
        if refusal is not None:
            self.refused[refusal.what] += 1
            return await _refuse(refusal, head, reader, writer)
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        back.write(head.raw)
        if "expect" in head.fields:
            writer.write((await _read_head(there)).raw)
        await _pass_body(head, reader, back)
        answer = await _read_head(there)
        while _CONTINUE in answer.first_line:
            answer = await _read_head(there)
        writer.write(answer.raw)
        if not (
            head.raw.startswith(b"HEAD") or any(mark in answer.first_line for mark in _BODYLESS)
        ):
            await _pass_body(answer, there, writer)
            if not _is_framed(answer):
                return False
        await writer.drain()
        return answer.fields.get("connection", "").lower() != "close"


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    raw = await reader.readuntil(b"\r\n\r\n")
    lines = raw.decode("latin1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return _Head(raw=raw, fields={name.strip().lower(): text.strip() for name, _, text in pairs})


async def _next_head(reader: asyncio.StreamReader, there: asyncio.StreamReader) -> _Head | None:
    """Return the next request's head; None if the other side ends the connection before.

    Clients must see that, or they send their next request on a dead connection.
    """
    asking = asyncio.ensure_future(_read_head(reader))
    ending = asyncio.ensure_future(there.read(1))
    try:
        await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
        return await asking if asking.done() else None
    finally:
        asking.cancel()
        ending.cancel()
        await asyncio.gather(asking, ending, return_exceptions=True)


def _is_framed(head: _Head) -> bool:
    """Tell whether a body's end is known without the connection's end."""
    return "content-length" in head.fields or "chunked" in head.fields.get("transfer-encoding", "")


async def _pass_body(
    head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None
) -> None:
    """Pass a body on, or read and drop it."""
    if "chunked" in head.fields.get("transfer-encoding", ""):
        size = 1
        while size:
            line = await reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            await _write(writer, line + await reader.readexactly(size + 2))
        return
    if head.raw.startswith(b"HTTP/") and not _is_framed(head):
        while piece := await reader.read(CHUNK):
            await _write(writer, piece)
        return
    left = int(head.fields.get("content-length", "0"))
    while left:
        piece = await reader.read(min(CHUNK, left))
        if not piece:
            raise asyncio.IncompleteReadError(piece, left)
        left -= len(piece)
        await _write(writer, piece)


async def _write(writer: asyncio.StreamWriter | None, piece: bytes) -> None:
    if writer is not None:
        writer.write(piece)
        await writer.drain()


async def _refuse(
    refusal: Refusal, head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    waits = "expect" in head.fields
    if not waits:
        await _pass_body(head, reader, None)
    code, text = refusal.code, "refused by the proxy"
    if "x-amz-target" in head.fields:
        body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": text}).encode()
        kind = "application/x-amz-json-1.0"
    else:
        body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>".encode()
        kind = "application/xml"
    end = "Connection: close\r\n" if waits else ""
    length = 0 if head.raw.startswith(b"HEAD") else len(body)
    writer.write(
        f"HTTP/1.1 {refusal.status} Refused\r\nContent-Type: {kind}\r\n{end}"
        f"Content-Length: {length}\r\n\r\n".encode()
    )
    await _write(writer, body[:length])
    return not waits
