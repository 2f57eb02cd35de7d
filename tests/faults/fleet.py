"""Gateways that share a database, and die one after the other."""

import asyncio
import itertools
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Self

from tests.processes import Program, gateway


class Fleet:
    """Equal processes; one that is killed is replaced by another one.

    Attributes:
        kills: so far.
    """

    def __init__(self, place: Path, settings: Mapping[str, str], size: int) -> None:
        self._place = place
        self._settings = dict(settings)
        self._size = size
        self._numbers = itertools.count()
        self.living: list[Program] = []
        self._dead: list[Program] = []
        self.kills = 0

    async def __aenter__(self) -> Self:
        """Start them."""
        self.living += await asyncio.gather(*(self._start() for _ in range(self._size)))
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them all."""
        for program in self.living:
            await asyncio.to_thread(program.kill)

    def urls(self) -> list[str]:
        """Tell where they listen."""
        return [program.url for program in self.living]

    async def kill_one(self, chance: Random) -> None:
        """Kill any of them, and start another one."""
        program = chance.choice(self.living)
        self.living.remove(program)
        await asyncio.to_thread(program.kill)
        self._dead.append(program)
        self.kills += 1
        self.living.append(await self._start())

    @property
    def output(self) -> str:
        """Everything they have written, the dead ones too."""
        return "\n".join(program.output for program in (*self._dead, *self.living))

    async def _start(self) -> Program:
        place = self._place / f"gateway-{next(self._numbers)}"
        # A thread: the load goes on meanwhile.
        program = await asyncio.to_thread(lambda: gateway(place, **self._settings))
        assert program.url, program.output
        return program
