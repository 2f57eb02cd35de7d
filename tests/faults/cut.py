"""A wire that can be cut: a TCP proxy in a thread of its own."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)


class Cut(Enum):
    """What becomes of bytes."""

    NONE = auto()
    SWALLOWED = auto()
    """They vanish, without a word to anybody; a connection that lost some stays dead for ever."""
    RESET = auto()
    """Every connection is reset, new ones at once."""


class CuttableWire:
    """Forwards connections to an address until it is cut.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._cut = Cut.NONE
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut(self, cut: Cut) -> None:
        """Cut every connection, and those to come, in this way."""
        asyncio.run_coroutine_threadsafe(self._change(cut), self._loop).result(5)

    def heal(self) -> None:
        """Forward new connections again."""
        self.cut(Cut.NONE)

    @contextmanager
    def running(self) -> Iterator["CuttableWire"]:
        """Listen as long as the block lasts."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        try:
            yield self
        finally:
            self.cut(Cut.RESET)
            self._loop.call_soon_threadsafe(server.close)
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(5)
            self._loop.close()

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _change(self, cut: Cut) -> None:
        self._cut = cut
        if cut is Cut.SWALLOWED:
            self._dead |= self._writers
        if cut is Cut.RESET:
            for writer in self._writers | self._dead:
                _reset(writer)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        ends = {writer, far_writer}
        self._writers |= ends
        await self._change(self._cut)  # it may have been cut since
        for source, target in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._forward(source, target, ends))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        ends: set[asyncio.StreamWriter],
    ) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                if target not in self._dead:
                    target.write(data)
                    await target.drain()
        if target in self._dead:
            return  # not even the end of a connection gets through
        self._writers -= ends
        target.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None and not writer.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
