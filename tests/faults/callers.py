"""Callers of every kind, who write down what they asked for and what they were told."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import uuid4

import aiohttp

from tests.processes import PROVIDERS

PATIENCE_S = 30.0
_PAUSE_S = 0.02
_DONE = {HTTPStatus.OK, HTTPStatus.ACCEPTED}
_MOST_PHONES = 20


@dataclass(slots=True, kw_only=True)
class Ask:
    """One request.

    Attributes:
        phones: each is written to in one request only.
        key: its ``Idempotency-Key``; one without is never repeated.
        told: what the answer said of each phone; empty while there is none.
        accepted: 202, or a verdict of true.
        replayed: the answer was an earlier one.
    """

    phones: tuple[str, ...]
    provider: str
    background: bool = False
    key: str | None = None
    told: dict[str, str] = field(default_factory=dict)
    accepted: bool = False
    replayed: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """What the request says beside its body."""
        prefer = "return=representation" + (", respond-async" if self.background else "")
        return {"Prefer": prefer} | ({"Idempotency-Key": self.key} if self.key else {})

    @property
    def body(self) -> dict[str, object]:
        """What the request says."""
        text = f"Code {self.phones[0]}"
        return {"phones": list(self.phones), "message": text, "provider": self.provider}


class Callers:
    """Each posts one request after another until they are stopped.

    Attributes:
        asks: everything that was asked.
        statuses: how often each HTTP status was seen; 0 is no answer.
        slowest_s: how long the slowest answer took, or the longest wait for none.
    """

    def __init__(
        self,
        urls: Callable[[], Sequence[str]],
        *,
        count: int = 8,
        seed: int = 4821,
        providers: Sequence[str] = PROVIDERS,
    ) -> None:
        self._urls = urls
        self._count = count
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._providers = providers
        self._phones = (f"7701{number:07d}" for number in itertools.count())
        self._stopped = False
        self.asks: list[Ask] = []
        self.statuses: dict[int, int] = {}
        self.slowest_s = 0.0

    async def run(self) -> None:
        """Go on until stopped."""
        async with _session() as session:
            await asyncio.gather(*(self._call(session) for _ in range(self._count)))

    async def ask(self, ask: Ask) -> None:
        """Post one request beside all the others."""
        self.asks.append(ask)
        async with _session() as session:
            await self._post(session, ask)

    def stop(self) -> None:
        """Let every caller have its answer, and no more."""
        self._stopped = True

    async def repeat_unanswered(self, timeout_s: float) -> None:
        """Repeat what was asked with a key and never answered, until it is."""
        deadline = time.monotonic() + timeout_s
        async with _session() as session:
            while self.unanswered and time.monotonic() < deadline:
                await asyncio.gather(*(self._post(session, ask) for ask in self.unanswered))
                await asyncio.sleep(0.5)

    @property
    def unanswered(self) -> list[Ask]:
        """What was asked with a key, and never answered."""
        return [ask for ask in self.asks if ask.key and not ask.told]

    async def _call(self, session: aiohttp.ClientSession) -> None:
        while not self._stopped:
            if not self._urls():
                await asyncio.sleep(_PAUSE_S)
                continue
            ask = self._next()
            # One that was not answered is repeated at once, once; the others wait for the end.
            if not await self._post(session, ask) and ask.key and self._chance.random() < 0.5:
                await self._post(session, ask)
            await asyncio.sleep(_PAUSE_S * self._chance.random() * 2)

    def _next(self) -> Ask:
        several = self._chance.random() < 0.2
        count = self._chance.randrange(2, _MOST_PHONES) if several else 1
        ask = Ask(
            phones=tuple(_take(self._phones, count)),
            provider=self._chance.choice(self._providers),
            background=self._chance.random() < 0.5,
            key=str(uuid4()) if self._chance.random() < 0.5 else None,
        )
        self.asks.append(ask)
        return ask

    async def _post(self, session: aiohttp.ClientSession, ask: Ask) -> bool:
        """Post it; tell whether there was an answer that says what became of it."""
        urls = self._urls()
        if not urls:
            await asyncio.sleep(_PAUSE_S)
            return False
        url, started = f"{self._chance.choice(urls)}/sms", time.monotonic()
        try:
            async with session.post(url, json=ask.body, headers=ask.headers) as answer:
                self._count_status(answer.status)
                if answer.status in _DONE:
                    await _read(ask, answer)
        except (aiohttp.ClientError, TimeoutError):
            self._count_status(0)
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        return bool(ask.told)

    def _count_status(self, status: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1


async def _read(ask: Ask, answer: aiohttp.ClientResponse) -> None:
    content = await answer.json()
    ask.told = {row["phone"]: row["status"] for row in content["content"]["messages"]}
    ask.accepted = bool(content["status"])
    ask.replayed = answer.headers.get("Idempotent-Replayed") == "true"


def _take(phones: Iterator[str], count: int) -> Iterator[str]:
    return itertools.islice(phones, count)


def _session() -> aiohttp.ClientSession:
    # No connection is used twice: an old one that breaks says nothing about the request.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    return aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)
    )
