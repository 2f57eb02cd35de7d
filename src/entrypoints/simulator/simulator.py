"""A running simulator, as tests hold it in their hands."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

from entrypoints.simulator.accounts import SimulatorSettings
from entrypoints.simulator.callbacks import CallbackLog
from entrypoints.simulator.epochtasmsru import Epochtasmsru
from entrypoints.simulator.faults import FaultBoard
from entrypoints.simulator.gateway import Addresses
from entrypoints.simulator.inbound import OptOuts
from entrypoints.simulator.mobizonkz import Mobizonkz
from entrypoints.simulator.mobizonkz_callbacks import MobizonkzTeller
from entrypoints.simulator.poster import Poster
from entrypoints.simulator.reporter import Reporter, Teller
from entrypoints.simulator.reporting import ReportingBoard
from entrypoints.simulator.sent_log import SentLog
from entrypoints.simulator.smscru import Smscru
from entrypoints.simulator.smscru_callbacks import SmscruTeller
from entrypoints.simulator.states import StateBoard
from entrypoints.simulator.traffic import Traffic
from entrypoints.simulator.twilio import Twilio
from entrypoints.simulator.twilio_callbacks import TwilioTeller
from entrypoints.simulator.wire import ProviderCode, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """What was sent, what is said of it and to whom, what goes wrong, and how much came in.

    Attributes:
        url: scheme, host and port, the base URL of every provider; empty until it listens.
    """

    settings: SimulatorSettings
    sent: SentLog
    states: StateBoard
    faults: FaultBoard
    addresses: Addresses
    callbacks: CallbackLog
    reporting: ReportingBoard
    reporter: Reporter
    opt_outs: OptOuts = field(default_factory=OptOuts)
    traffic: Traffic = field(default_factory=Traffic)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    @classmethod
    def of(cls, settings: SimulatorSettings) -> Self:
        """Return a simulator that has seen nothing yet."""
        states, reporting = StateBoard(), ReportingBoard(settings.reporting)
        addresses, callbacks = Addresses(settings.gateway), CallbackLog()
        tellers: dict[ProviderCode, Teller] = {
            ProviderCode.SMSCRU: SmscruTeller(settings.smscru, addresses),
            ProviderCode.TWILIO: TwilioTeller(settings.twilio, addresses),
            ProviderCode.MOBIZONKZ: MobizonkzTeller(settings.mobizonkz, addresses),
        }
        return cls(
            settings=settings,
            sent=SentLog(settings.log_path),
            states=states,
            faults=FaultBoard(settings.latency_s),
            addresses=addresses,
            callbacks=callbacks,
            reporting=reporting,
            reporter=Reporter(tellers, states, reporting, Poster(addresses, callbacks)),
        )

    def wires(self) -> dict[str, Wire]:
        """Return the providers under the path each of them serves."""
        known = self.settings
        epochta = Epochtasmsru(known.epochtasmsru, self.sent, self.states)
        return {
            "/sys/{path:.*}": Smscru(known.smscru, self.sent, self.states),
            "/2010-04-01/{path:.*}": Twilio(known.twilio, self.sent, self.states, self.opt_outs),
            "/members/{path:.*}": epochta,
            "/sms/{path:.*}": epochta,
            "/service/{path:.*}": Mobizonkz(known.mobizonkz, self.sent, self.states),
        }
