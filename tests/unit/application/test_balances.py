"""What money is left is asked for now and then."""

from decimal import Decimal

import pytest

from application.balances import EVERY_S, WatchBalances
from application.places import Places
from application.ports.balances import Sample
from application.routing import Carrier
from domain.lookup import Balance, NoAnswer
from tests.fakes import FixedClock
from tests.fakes.balances import MemoryBalanceLog
from tests.fakes.system import NOW
from tests.fakes.telemetry import HeardTelemetry

MONEY = Balance(Decimal("12.5"), "RUB")


class ScriptedBalance:
    def __init__(self, answer: Balance | NoAnswer | Exception) -> None:
        self.answer = answer

    async def balance(self) -> Balance | NoAnswer:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def carrier(code: str, source: ScriptedBalance | None) -> Carrier:
    return Carrier(code=code, timeout_s=30, places=Places(1), balance=source)


async def test_everybody_is_asked_who_can_be_and_silence_is_told_too() -> None:
    telemetry = HeardTelemetry()
    carriers = [
        carrier("smscru", ScriptedBalance(MONEY)),
        carrier("twilio", ScriptedBalance(NoAnswer("no answer"))),
        carrier("mobizonkz", None),
    ]
    log = MemoryBalanceLog()
    watch = WatchBalances(carriers, telemetry, log, FixedClock())
    assert await watch.once() == EVERY_S == 300
    assert log.kept == [Sample("smscru", NOW, MONEY)]
    assert telemetry.of("asked") == [("smscru", MONEY), ("twilio", None)]


async def test_one_that_fails_keeps_nobody_from_being_asked() -> None:
    telemetry = HeardTelemetry()
    carriers = [
        carrier("twilio", ScriptedBalance(ValueError("defect"))),
        carrier("smscru", ScriptedBalance(MONEY)),
    ]
    with pytest.raises(ValueError, match="defect"):
        await WatchBalances(carriers, telemetry, MemoryBalanceLog(), FixedClock()).once()
    assert telemetry.of("asked") == [("smscru", MONEY)]
