"""An outbox that tells is an outbox like any other, and tells what was written."""

from uuid import uuid4

import pytest

from adapters.clock import SystemClock
from adapters.telemetry.counted_outbox import CountedOutbox
from application.errors import StorageUnavailableError
from application.ports.outbox import Lease, Settlement, SweepReport
from domain.message import MessageStatus
from tests.contracts.outbox import OutboxContract
from tests.contracts.outbox.fixtures import a_queued, a_request, a_sending, claim_one, settled
from tests.fakes import MemoryIdempotency, MemoryMessages, MemoryOutbox, MemoryProviderStates
from tests.fakes.telemetry import HeardTelemetry


class TestCountedOutbox(OutboxContract):
    @pytest.fixture
    def behind(self) -> MemoryOutbox:
        return MemoryOutbox(clock=SystemClock())

    @pytest.fixture
    def outbox(self, behind: MemoryOutbox) -> CountedOutbox:
        return CountedOutbox(behind, HeardTelemetry())

    @pytest.fixture
    def other(self, behind: MemoryOutbox) -> CountedOutbox:
        return CountedOutbox(behind.another(), HeardTelemetry())

    @pytest.fixture
    def reader(self, behind: MemoryOutbox) -> MemoryMessages:
        return MemoryMessages(behind)

    @pytest.fixture
    def states(self, behind: MemoryOutbox) -> MemoryProviderStates:
        return behind.states

    @pytest.fixture
    def keys(self, behind: MemoryOutbox) -> MemoryIdempotency:
        return behind.keys


@pytest.fixture
def telemetry() -> HeardTelemetry:
    return HeardTelemetry()


async def test_what_is_written_is_told(telemetry: HeardTelemetry) -> None:
    outbox = CountedOutbox(MemoryOutbox(clock=SystemClock()), telemetry)
    request = a_request()
    await outbox.accept([a_queued(request)], request)
    claimed = await claim_one(outbox)
    await outbox.settle(settled(claimed))
    await outbox.sweep()
    assert telemetry.heard == [
        ("accepted", 1),
        ("settled", MessageStatus.SUBMITTED),
        ("swept", SweepReport()),
    ]


async def test_a_settlement_whose_lease_was_lost_is_not_told(telemetry: HeardTelemetry) -> None:
    outbox = CountedOutbox(MemoryOutbox(), telemetry)
    request = a_request()
    new = a_sending(request)
    await outbox.accept([new], request)
    lost = Lease(new.message.id, uuid4(), 60)
    assert not await outbox.settle(Settlement(new.message, lost, ()))
    assert telemetry.of("settled") == []


async def test_what_could_not_be_written_is_not_told(telemetry: HeardTelemetry) -> None:
    outbox = CountedOutbox(MemoryOutbox(away_at=frozenset({0})), telemetry)
    request = a_request()
    with pytest.raises(StorageUnavailableError):
        await outbox.accept([a_sending(request)], request)
    assert telemetry.heard == []
