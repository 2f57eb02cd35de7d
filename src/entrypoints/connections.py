"""Connections that do not wait for ever: nobody holds the service by sending slowly.

uvicorn waits for a request that has begun as long as it takes, and reads as many headers as come.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CHECK_S = 15.0
MIN_BODY_BYTES = 8_192
"""What has to arrive of a body between two checks: half a kilobyte a second."""
MAX_HEAD_BYTES = 65_536


class PatientProtocol(HttpToolsProtocol):
    """A connection that is looked at now and then, which costs a request nothing.

    It is closed when a request line with its headers is as unfinished as it was a check ago, or has
    become too long; and when too little of a body has arrived since.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._arriving = self._in_head = True
        self._begun = self._received = self._head_from = 0
        self._seen = (-1, 0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look at it."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(CHECK_S, self.check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look at it no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, unless headers never end."""
        self._received += len(data)
        super().data_received(data)
        if self._in_head and self._received - self._head_from > MAX_HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Expect a head."""
        super().on_message_begin()
        self._arriving = self._in_head = True
        self._begun += 1
        self._head_from = self._received

    def on_headers_complete(self) -> None:
        """Expect a body, which may be empty."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect nothing; between requests uvicorn watches the connection."""
        self._arriving = False
        super().on_message_complete()

    def check(self) -> None:
        """Close the connection when what has begun does not come; look again otherwise."""
        begun, received = self._seen
        self._seen = (self._begun, self._received)
        late = self._in_head or self._received - received < MIN_BODY_BYTES
        # Where it is us who do not read on, nobody is slow.
        if late and self._arriving and begun == self._begun and not self.flow.read_paused:
            self.transport.close()
        else:
            self._timer = self.loop.call_later(CHECK_S, self.check)
