"""A hundred callers with one Idempotency-Key: one message, one answer."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.processes import Client, Program, provided, running_gateway, stored

CALLERS = 100
END_S = 30.0
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


@pytest.fixture(scope="module")
def urls(folder: Path, simulator: Program, lasting_target: DatabaseTarget) -> Iterator[list[str]]:
    """One process on SQLite, three on PostgreSQL."""
    settings = provided(simulator.url, **stored(lasting_target), API_KEYS="")
    kind = lasting_target.url.get_backend_name()
    with ExitStack() as running:
        yield [
            running.enter_context(running_gateway(folder / f"{kind}-{number}", **settings)).url
            for number in range(PROCESSES[kind])
        ]


@pytest.mark.parametrize("done", [200, 202], ids=["waiting", "background"])
async def test_a_hundred_at_once_are_one(urls: list[str], provider: Client, done: int) -> None:
    prefer = "return=representation" + (", respond-async" if done == 202 else "")
    headers = {"Prefer": prefer, "Idempotency-Key": f"one and the same {done}"}
    provider.latency(0.3)
    first = await ask(urls, CALLERS, headers)
    again = await ask(urls, len(urls) * 3, headers)
    (other,) = await ask(urls, 1, {**headers, "Idempotency-Key": f"another one {done}"})
    assert {told.status for told in first} <= {done, 409}
    (original,) = [told for told in first if told.status == done and not told.replayed]
    replays = [told for told in (*first, *again) if told.replayed]
    assert {(told.status, told.body) for told in replays} == {(done, original.body)}
    assert all(told.replayed for told in again)
    assert (other.status, other.replayed) == (done, False)
    deadline = time.monotonic() + END_S
    while len(sent := provider.sent()) < len(PHONES) * 2:
        assert time.monotonic() < deadline, sent
        await asyncio.sleep(0.1)
    assert sorted(message["recipient"] for message in sent) == sorted(PHONES * 2)
