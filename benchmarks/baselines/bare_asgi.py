"""The cheapest honest accept: parse and check the JSON, answer. No routing, storage or provider.

    uvicorn bare_asgi:app --port 8410 --no-access-log

It calibrates a machine: "accepts per CPU second, as a share of bare ASGI" can be compared between
machines, requests a second can not. POST /sms {"phones":[...],"message":"..."} -> {"status":true}
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

Event = dict[str, Any]


class Sms(msgspec.Struct):
    """What is posted."""

    phones: list[str]
    message: str


decode = msgspec.json.Decoder(Sms).decode


async def app(
    scope: Event,
    receive: Callable[[], Awaitable[Event]],
    send: Callable[[Event], Awaitable[None]],
) -> None:
    """Serve one request, or the server's life."""
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"] == "lifespan.shutdown":
                return
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    status, answer = 200, b'{"status":true}'
    if scope["method"] == "POST":
        try:
            decode(body)
        except msgspec.DecodeError:
            status, answer = 400, b'{"status":false}'
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(answer)),
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer})
