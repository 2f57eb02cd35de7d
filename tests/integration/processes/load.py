"""Callers that do not wait for one another, and what they were told."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp


@dataclass(slots=True)
class Told:
    """What callers know, by phone; each phone is written to once.

    Attributes:
        accepted: phones whose request was answered ``{"status": true}``.
        answered: the HTTP status of every request that was answered.
    """

    posted: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    answered: dict[str, int] = field(default_factory=dict)


class Load:
    """Posts to ``/sms`` until it is stopped, each caller one message at a time."""

    def __init__(self, told: Told, url: str, *, callers: int) -> None:
        self._told = told
        self._url = f"{url}/sms"
        self._callers = callers
        self._stopped = False

    async def run(self) -> None:
        """Go on until stopped, or until nobody listens any more."""
        connector = aiohttp.TCPConnector(limit=self._callers, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(self._call(session) for _ in range(self._callers)))

    def stop(self) -> None:
        """Let every caller have its answer, and no more."""
        self._stopped = True

    async def _call(self, session: aiohttp.ClientSession) -> None:
        while not self._stopped:
            phone = f"7701{len(self._told.posted):07d}"
            self._told.posted.append(phone)
            body = {"phones": phone, "message": f"Code {phone}"}
            try:
                async with session.post(self._url, json=body) as answer:
                    self._told.answered[phone] = answer.status
                    if answer.status == HTTPStatus.OK and (await answer.json())["status"]:
                        self._told.accepted.add(phone)
            except aiohttp.ClientError:
                return
