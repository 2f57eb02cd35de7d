"""A hundred callers with one Idempotency-Key: one message, one answer."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.processes import Client, Program, provided, running_gateway, stored

CALLERS = 100
PROCESSES = {"sqlite": 1, "postgresql": 3}
PHONES = ["77011234567", "77011234568", "77011234569"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told."""

    status: int
    replayed: bool
    body: bytes


async def ask(urls: Sequence[str], times: int, headers: dict[str, str]) -> list[Told]:
    """Post the same request many times at once, to each address in turn."""
    body = {"phones": PHONES, "message": "Hi"}

    async def post(session: aiohttp.ClientSession, url: str) -> Told:
        async with session.post(f"{url}/sms", json=body, headers=headers) as answer:
            replayed = answer.headers.get("Idempotent-Replayed") == "true"
            return Told(answer.status, replayed, await answer.read())

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        posts = [post(session, urls[number % len(urls)]) for number in range(times)]
        return list(await asyncio.gather(*posts))


@pytest.mark.parametrize("background", [False, True], ids=["waiting", "background"])
async def test_a_hundred_at_once_are_one(
    place: Path,
    simulator: Program,
    target: DatabaseTarget,
    provider: Client,
    *,
    background: bool,
) -> None:
    settings = provided(simulator.url, **stored(target), API_KEYS="")
    prefer = "return=representation" + (", respond-async" if background else "")
    headers = {"Prefer": prefer, "Idempotency-Key": "one and the same"}
    done = 202 if background else 200
    provider.latency(0.3)
    with ExitStack() as running:
        size = PROCESSES[target.url.get_backend_name()]
        urls = [
            running.enter_context(running_gateway(place / str(number), **settings)).url
            for number in range(size)
        ]
        first = await ask(urls, CALLERS, headers)
        again = await ask(urls, size * 3, headers)
        other = await ask(urls, 1, {**headers, "Idempotency-Key": "another one"})
    assert {told.status for told in first} <= {done, 409}
    (original,) = [told for told in first if told.status == done and not told.replayed]
    replays = [told for told in (*first, *again) if told.replayed]
    assert {(told.status, told.body) for told in replays} <= {(done, original.body)}
    assert all(told.replayed for told in again)
    assert not other[0].replayed
    assert other[0].status == done
    sent = sorted(message["recipient"] for message in provider.sent())
    if not background:
        assert sent == sorted(PHONES * 2)
