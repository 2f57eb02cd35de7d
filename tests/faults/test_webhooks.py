"""Webhooks while processes die: everything is told in the end, and a repetition has the same id."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiohttp import web

from adapters.persistence.engines import DatabaseTarget
from adapters.webhooks.signature import is_signed, read_secret
from domain.message import MessageStatus
from entrypoints.site import site
from tests.processes import Client, Program, gateway, provided, stored

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGES = 200
KILLS = 6
END_S = 180.0
STATES = {*MessageStatus} - {"queued", "sending"}


@dataclass(slots=True)
class Ledger:
    """What a receiver was told.

    Attributes:
        bodies: by the events' ids; every one that came with it.
        fails: how many of the first posts of an event are answered with 500.
        failed: the events whose first post was.
        forged: posts whose signature is not good.
    """

    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    fails: float = 0.3
    failed: set[str] = field(default_factory=set)
    forged: int = 0
    url: str = ""

    def types(self) -> dict[str, list[str]]:
        """The events' types by their messages."""
        found: dict[str, list[str]] = {}
        for body in (json.loads(next(iter(bodies))) for bodies in self.bodies.values()):
            found.setdefault(body["data"]["id"], []).append(body["type"])
        return found


@asynccontextmanager
async def receiving(chance: Random) -> AsyncIterator[Ledger]:
    """Take what comes, now and then failing, now and then slowly."""
    ledger, app = Ledger(), web.Application()

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        at = float(headers["webhook-timestamp"])
        ledger.forged += not is_signed([read_secret(SECRET)], headers, body, now=at)
        await asyncio.sleep(chance.random() / 10)
        event_id = headers["webhook-id"]
        if event_id not in ledger.failed and chance.random() < ledger.fails:
            ledger.failed.add(event_id)  # a second failure would be waited for for five minutes
            return web.Response(status=500)
        ledger.bodies.setdefault(event_id, set()).add(body)
        return web.Response(status=204)

    app.router.add_post("/{path:.*}", take)
    async with site(app) as url:
        ledger.url = f"{url}/habar"
        yield ledger


async def test_killed_while_it_posts_it_has_everything_told_and_names_nothing_twice(
    place: Path, simulator: Program, target: DatabaseTarget, provider: Client
) -> None:
    chance = Random(4821)  # noqa: S311 - no secret
    provider.latency(0.05)
    async with receiving(chance) as ledger:
        settings = provided(
            simulator.url,
            **stored(target),
            WEBHOOK_URLS=ledger.url,
            WEBHOOK_SECRETS=SECRET,
            WEBHOOK_ALLOW_PRIVATE="true",
            RECEIPT_POLL_INTERVAL="86400",  # nothing more happens once it was sent
        )
        process = await asyncio.to_thread(gateway, place, **settings)
        try:
            accepted = await asyncio.to_thread(queue, process, simulator)
            for number in range(KILLS):
                await until_more(ledger, process)
                process.kill()
                process = await asyncio.to_thread(gateway, place / str(number), **settings)
            ledger.fails = 0.0
            async with asyncio.timeout(END_S):
                while await asyncio.to_thread(  # noqa: ASYNC110 - a ledger tells nobody
                    missing, process, simulator, ledger.types(), accepted
                ):
                    await asyncio.sleep(0.5)
        finally:
            process.kill()
    assert all(len(bodies) == 1 for bodies in ledger.bodies.values())
    assert ledger.forged == 0
    for told in ledger.types().values():
        assert len(told) == len(set(told))


def queue(process: Program, simulator: Program) -> set[str]:
    """Have messages sent in the background; their ids."""
    with Client(process, simulator) as client:
        phones = [f"7701{number:07d}" for number in range(MESSAGES)]
        return {row["id"] for row in client.queue(phones=phones, message="Hi")}


async def until_more(ledger: Ledger, process: Program, count: int = 15) -> None:
    """Wait until some more were told, so that others are under way."""
    target = len(ledger.bodies) + count
    async with asyncio.timeout(END_S):
        while len(ledger.bodies) < target:
            assert process.url, process.output
            await asyncio.sleep(0.02)


def missing(
    process: Program, simulator: Program, told: dict[str, list[str]], accepted: set[str]
) -> dict[str, set[str]]:
    """The changes that were not told, by their messages; nothing has happened to some of these."""
    found = {}
    with Client(process, simulator) as client:
        for one in accepted:
            happened = {line["event"] for line in client.message(one)["history"]} & STATES
            untold = happened - {kind.removeprefix("message.") for kind in told.get(one, ())}
            if untold or not happened:
                found[one] = untold
    return found
