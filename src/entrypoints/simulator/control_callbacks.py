"""``/simulator/…`` for what goes to the gateway: receipts, inbound messages, opt-outs."""

import msgspec
from aiohttp import web

from entrypoints.simulator.gateway import Gateway
from entrypoints.simulator.inbound import Inbound, OptOut
from entrypoints.simulator.json_answers import as_json, checked
from entrypoints.simulator.reporting import Reporting
from entrypoints.simulator.simulator import Simulator
from entrypoints.simulator.wire import ProviderCode

_MESSAGES_ASKED = ("provider", "reference", "phone", "provider_id")
_ASKED = ("provider", "kind", "phone", "reference", "provider_id", "word")


class CallbackControl:
    """The handlers, one for each thing that can be read, set or cleared."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the handlers."""
        return [
            web.get("/simulator/callbacks", self.callbacks),
            web.delete("/simulator/callbacks", self.clear_callbacks),
            web.get("/simulator/gateway", self.gateway),
            web.post("/simulator/gateway", checked(self.set_gateway)),
            web.get("/simulator/receipts", self.receipts),
            web.post("/simulator/receipts", checked(self.set_receipts)),
            web.delete("/simulator/receipts", self.clear_receipts),
            web.post("/simulator/receipts/again", self.tell_again),
            web.post("/simulator/inbound", checked(self.inbound)),
            web.get("/simulator/opt-outs", self.opt_outs),
            web.post("/simulator/opt-outs", checked(self.opt_out)),
            web.delete("/simulator/opt-outs", self.clear_opt_outs),
        ]

    async def callbacks(self, request: web.Request) -> web.Response:
        """Return what was posted: ``?provider=&kind=&phone=&reference=&provider_id=&word=``."""
        asked = {name: request.query.get(name) or None for name in _ASKED}
        return as_json(self._simulator.callbacks.find(**asked))

    async def clear_callbacks(self, _: web.Request) -> web.Response:
        """Forget what was posted."""
        self._simulator.callbacks.clear()
        return as_json({})

    async def gateway(self, _: web.Request) -> web.Response:
        """Return where callbacks go, and how many messages there is still to tell of."""
        known = msgspec.to_builtins(self._simulator.addresses.gateway)
        return as_json({**known, "pending": self._simulator.reporter.pending})

    async def set_gateway(self, request: web.Request) -> web.Response:
        """Set where callbacks go; see ``Gateway``."""
        gateway = msgspec.json.decode(await request.read(), type=Gateway)
        self._simulator.addresses.gateway = gateway
        return as_json(gateway)

    async def receipts(self, _: web.Request) -> web.Response:
        """Return the ways set in which receipts are told."""
        return as_json(list(self._simulator.reporting))

    async def set_receipts(self, request: web.Request) -> web.Response:
        """Set how receipts are told; see ``Reporting``."""
        reporting = msgspec.json.decode(await request.read(), type=Reporting)
        self._simulator.reporting.set(reporting)
        return as_json(reporting)

    async def clear_receipts(self, _: web.Request) -> web.Response:
        """Tell in the usual way again."""
        self._simulator.reporting.clear()
        return as_json({})

    async def tell_again(self, request: web.Request) -> web.Response:
        """Tell the present state of what was taken: ``?provider=&reference=&phone=&provider_id=``.

        The answer says how many messages that were.
        """
        asked = {name: request.query.get(name) or None for name in _MESSAGES_ASKED}
        found = self._simulator.sent.find(**asked)
        await self._simulator.reporter.taken(found)
        return as_json({"messages": len(found)})

    async def inbound(self, request: web.Request) -> web.Response:
        """Have a subscriber write; see ``Inbound``. The answer tells the gateway's."""
        inbound = msgspec.json.decode(await request.read(), type=Inbound)
        if inbound.provider is ProviderCode.TWILIO:
            self._simulator.opt_outs.heed(inbound)
        return as_json({"http_statuses": await self._simulator.reporter.tell(inbound)})

    async def opt_outs(self, _: web.Request) -> web.Response:
        """Return whom Twilio sends nothing to."""
        return as_json(list(self._simulator.opt_outs))

    async def opt_out(self, request: web.Request) -> web.Response:
        """Have Twilio send nothing more to somebody; see ``OptOut``."""
        opt_out = msgspec.json.decode(await request.read(), type=OptOut)
        self._simulator.opt_outs.add(opt_out)
        return as_json(opt_out)

    async def clear_opt_outs(self, _: web.Request) -> web.Response:
        """Let Twilio send to everybody."""
        self._simulator.opt_outs.clear()
        return as_json({})
