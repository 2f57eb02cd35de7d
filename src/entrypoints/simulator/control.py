"""``/simulator/…``: how a test in another process reads the log and sets states and faults."""

from typing import Annotated

import msgspec
from aiohttp import web

from entrypoints.simulator.faults import Fault
from entrypoints.simulator.json_answers import as_json, checked
from entrypoints.simulator.simulator import Simulator
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long every answer takes."""

    seconds: Annotated[float, msgspec.Meta(ge=0)]


class Control:
    """The handlers, one for each thing that can be read, set or cleared."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the handlers."""
        return [
            web.get("/simulator/sent", self.sent),
            web.delete("/simulator/sent", self.clear_sent),
            web.get("/simulator/requests", self.requests),
            web.delete("/simulator/requests", self.clear_requests),
            web.get("/simulator/states", self.states),
            web.post("/simulator/states", checked(self.set_state)),
            web.delete("/simulator/states", self.clear_states),
            web.get("/simulator/faults", self.faults),
            web.post("/simulator/faults", checked(self.add_fault)),
            web.delete("/simulator/faults", checked(self.clear_faults)),
            web.post("/simulator/latency", checked(self.set_latency)),
        ]

    async def sent(self, request: web.Request) -> web.Response:
        """Return the messages taken: ``?provider=&reference=&phone=&provider_id=``."""
        names = ("provider", "reference", "phone", "provider_id")
        asked = {name: request.query.get(name) or None for name in names}
        return as_json(self._simulator.sent.find(**asked))

    async def clear_sent(self, _: web.Request) -> web.Response:
        """Forget the messages taken."""
        self._simulator.sent.clear()
        return as_json({})

    async def requests(self, _: web.Request) -> web.Response:
        """Return how many requests each provider has had."""
        return as_json(self._simulator.traffic.report())

    async def clear_requests(self, _: web.Request) -> web.Response:
        """Start counting again."""
        self._simulator.traffic.clear()
        return as_json({})

    async def states(self, _: web.Request) -> web.Response:
        """Return the states set."""
        return as_json(list(self._simulator.states))

    async def set_state(self, request: web.Request) -> web.Response:
        """Set what look-ups say; see ``State``."""
        state = msgspec.json.decode(await request.read(), type=State)
        self._simulator.states.set(state)
        return as_json(state)

    async def clear_states(self, _: web.Request) -> web.Response:
        """Say delivered of everything again."""
        self._simulator.states.clear()
        return as_json({})

    async def faults(self, _: web.Request) -> web.Response:
        """Return the faults that are still to strike."""
        return as_json(list(self._simulator.faults))

    async def add_fault(self, request: web.Request) -> web.Response:
        """Set one more fault; see ``Fault``."""
        fault = msgspec.json.decode(await request.read(), type=Fault)
        self._simulator.faults.add(fault)
        return as_json(fault)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Remove the faults of ``?provider=``, or all."""
        provider = request.query.get("provider")
        self._simulator.faults.clear(ProviderCode(provider) if provider else None)
        return as_json({})

    async def set_latency(self, request: web.Request) -> web.Response:
        """Make every answer take ``seconds``."""
        pace = msgspec.json.decode(await request.read(), type=Pace)
        self._simulator.faults.latency_s = pace.seconds
        return as_json(pace)
