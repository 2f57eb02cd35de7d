"""What is left, and for how long."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.money import Money, ReadMoney, foretold
from application.ports.balances import BalanceLog, Sample
from domain.lookup import Balance
from tests.contracts.balances import AT, BalanceLogContract
from tests.fakes import FixedClock
from tests.fakes.balances import MemoryBalanceLog

HOUR = timedelta(hours=1)


class TestMemoryBalanceLog(BalanceLogContract):
    @pytest.fixture
    def log(self) -> BalanceLog:
        return MemoryBalanceLog()


def told(*amounts: float, every: timedelta = HOUR) -> Money:
    return foretold(
        [
            Sample("smscru", AT + number * every, Balance(Decimal(str(amount)), "RUB"))
            for number, amount in enumerate(amounts)
        ]
    )


@pytest.mark.parametrize(
    ("amounts", "hours"),
    [
        ((100, 90, 80), 8),
        ((100, 90, 190, 180), 27),  # what was paid in is no negative spending
        ((10, 0), 0),
        ((5, -5), 0),
        ((100, 100), None),
        ((100,), None),
        ((50, 100), None),
    ],
)
def test_how_long_it_lasts_follows_from_what_was_spent(
    amounts: tuple[float, ...], hours: float | None
) -> None:
    assert told(*amounts).hours_left == (None if hours is None else pytest.approx(hours))


def test_from_a_few_minutes_nothing_is_foretold() -> None:
    assert told(100, 1, every=timedelta(minutes=29)).hours_left is None


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1, max_size=20))
def test_it_is_never_less_than_no_time(amounts: list[Decimal]) -> None:
    left = told(*map(float, amounts)).hours_left
    assert left is None or left >= 0


async def test_every_provider_has_its_own_money() -> None:
    clock, log = FixedClock(), MemoryBalanceLog()
    for provider, spent in (("twilio", 1), ("smscru", 10)):
        for number in range(3):
            amount = Decimal(100 - number * spent)
            at = clock.now() - (2 - number) * HOUR
            await log.add(Sample(provider, at, Balance(amount)))
    await log.add(Sample("old", clock.now() - 25 * HOUR, Balance(Decimal(1))))
    found = await ReadMoney(log, clock)()
    assert {name: money.hours_left for name, money in found.items()} == {
        "smscru": pytest.approx(8),
        "twilio": pytest.approx(98),
    }
