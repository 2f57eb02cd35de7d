"""What every log of balances must do."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from application.ports.balances import BalanceLog, Sample
from domain.lookup import Balance

AT = datetime(2026, 11, 23, 6, 35, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONEY = Sample("smscru", AT, Balance(Decimal("1234567890.123456"), "RUB"))


class BalanceLogContract(ABC):
    """Subclass once per log and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def log(self) -> BalanceLog:
        """An empty log."""

    async def test_what_was_said_is_read_as_it_was_written(self, log: BalanceLog) -> None:
        owing = Sample("twilio", AT, Balance(Decimal("-0.10")))
        for sample in (owing, MONEY):
            await log.add(sample)
        assert list(await log.since(AT)) == [MONEY, owing]

    async def test_the_oldest_comes_first_and_what_is_older_is_left_out(
        self, log: BalanceLog
    ) -> None:
        samples = [Sample("smscru", AT + n * HOUR, MONEY.balance) for n in range(3)]
        for sample in reversed(samples):
            await log.add(sample)
        assert list(await log.since(AT + HOUR)) == samples[1:]

    async def test_of_two_processes_that_ask_at_once_one_is_heard(self, log: BalanceLog) -> None:
        for amount in (1, 2):
            await log.add(Sample("smscru", AT, Balance(Decimal(amount))))
        assert [sample.balance.amount for sample in await log.since(AT)] == [1]

    async def test_what_is_forgotten_is_gone_and_nothing_else(self, log: BalanceLog) -> None:
        for n in range(3):
            await log.add(Sample("smscru", AT + n * HOUR, MONEY.balance))
        await log.forget(AT + HOUR)
        assert [sample.at for sample in await log.since(AT)] == [AT + HOUR, AT + 2 * HOUR]
