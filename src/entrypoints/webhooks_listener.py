"""A receiver of webhooks for development: prints what arrives, and whether it is genuine."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from adapters.webhooks.signature import is_signed
from entrypoints.site import site

MAX_BODY_BYTES = 1_048_576
Say = Callable[[str], None]


@asynccontextmanager
async def listening(host: str, port: int, secrets: Sequence[bytes], say: Say) -> AsyncIterator[str]:
    """Listen for as long as the block lasts; yields the address.

    What is signed by one of the secrets is answered with 204, everything else with 401.
    """
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    seen: dict[str, int] = {}

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        genuine = is_signed(secrets, headers, body, now=time.time())
        event_id = headers.get("webhook-id", "without an id")
        seen[event_id] = seen.get(event_id, 0) + 1
        say(_told(event_id, body, genuine=genuine, number=seen[event_id]))
        return web.Response(status=204 if genuine else 401)

    app.router.add_post("/{path:.*}", take)
    async with site(app, host, port) as url:
        yield url


def run_listener(host: str, port: int, secrets: Sequence[bytes]) -> None:
    """Listen until SIGTERM or SIGINT; prints one line with the address first."""
    asyncio.run(_run(host, port, secrets))


async def _run(host: str, port: int, secrets: Sequence[bytes]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with listening(host, port, secrets, _say) as url:
        _say(f"The receiver of webhooks listens on {url}")
        await stopped.wait()


def _told(event_id: str, body: bytes, *, genuine: bool, number: int) -> str:
    verdict = "good signature" if genuine else "BAD SIGNATURE"
    again = f", for the {number}. time" if number > 1 else ""
    return f"{event_id} {verdict}{again}\n{_shown(body)}"


def _shown(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=True, indent=2)
    except (ValueError, RecursionError):
        return repr(body)


def _say(line: str) -> None:
    # What came from outside must not move the cursor about.
    sys.stdout.write("".join(c if c.isprintable() or c == "\n" else "?" for c in line) + "\n")
    sys.stdout.flush()
