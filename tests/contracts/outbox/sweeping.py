"""What is found lying about: messages of processes that are gone, and those that are too late."""

from application.ports.outbox import Outbox, SweepReport
from application.ports.repositories import MessageRepository
from domain.message import MessageStatus
from tests.contracts.outbox.fixtures import (
    HOUR,
    NO_ANSWER,
    SHORT_S,
    OutboxFixtures,
    a_queued,
    a_request,
    a_sending,
    claim_one,
    found,
    leave_one,
    let_leases_run_out,
    names,
    now,
    queue_one,
    settled,
    untimed,
    wanted,
)


class SweepingContract(OutboxFixtures):
    async def test_what_a_process_that_is_gone_was_sending_is_in_doubt(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request, length_s=SHORT_S)
        await other.accept([new], request)
        await queue_one(outbox)
        claimed = await claim_one(other, lease_s=SHORT_S)
        await let_leases_run_out()
        assert await outbox.sweep() == SweepReport(in_doubt=2)
        for message_id in (new.message.id, claimed.message.id):
            stored = await found(reader, message_id)
            assert (stored.message.status, stored.message.attempts) == (MessageStatus.UNKNOWN, 1)
            assert stored.message.failure is not None
            assert names(stored) == ["accepted", "unknown"]
            assert stored.history[-1].provider == new.message.provider
        assert await outbox.sweep() == SweepReport()

    async def test_what_was_swept_is_looked_up_and_never_sent(
        self, outbox: Outbox, other: Outbox
    ) -> None:
        claimed = await leave_one(outbox, other)
        assert not (await outbox.claim(wanted())).claimed
        (doubt,) = await outbox.claim_doubts(wanted())
        assert (doubt.message.id, doubt.message.lookups) == (claimed.message.id, 1)

    async def test_a_process_that_comes_back_too_late_changes_nothing(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        claimed = await leave_one(outbox, other)
        assert len(await outbox.claim_doubts(wanted())) == 1
        before = await found(reader, claimed.message.id)
        assert not await other.settle(settled(claimed))
        await other.release([claimed.lease])
        assert await found(reader, claimed.message.id) == before

    async def test_a_process_that_comes_back_before_anybody_asked_has_its_outcome_written_once(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        claimed = await leave_one(outbox, other)
        known = settled(claimed)
        assert await other.settle(known)
        assert await other.settle(known)
        stored = await found(reader, claimed.message.id)
        assert untimed(stored.message) == untimed(known.message)
        assert names(stored) == ["accepted", "unknown", "submitted"]
        assert not await outbox.claim_doubts(wanted())

    async def test_a_doubt_its_own_process_shares_is_written_once(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        claimed = await leave_one(outbox, other)
        unconfirmed = settled(claimed, NO_ANSWER)
        for _ in range(2):
            assert await other.settle(unconfirmed)
        assert names(await found(reader, claimed.message.id)) == ["accepted", "unknown", "unknown"]

    async def test_what_was_swept_is_not_released(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        claimed = await leave_one(outbox, other)
        await other.release([claimed.lease])
        assert (await found(reader, claimed.message.id)).message.status is MessageStatus.UNKNOWN

    async def test_what_this_process_is_sending_is_left_alone(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        await queue_one(outbox)
        claimed = await claim_one(outbox)
        assert await outbox.sweep() == SweepReport()
        assert (await found(reader, new.message.id)).message.status is MessageStatus.SENDING
        assert await outbox.settle(settled(new))
        assert await outbox.settle(settled(claimed))

    async def test_what_was_settled_in_time_is_no_doubt(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request, length_s=SHORT_S)
        await other.accept([new], request)
        await other.settle(settled(new))
        await let_leases_run_out()
        assert await outbox.sweep() == SweepReport()
        assert names(await found(reader, new.message.id)) == ["accepted", "submitted"]

    async def test_what_waited_past_its_time_has_expired(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(4)
        late = a_queued(request, 1, expires_at=now() - HOUR / 2)
        early = a_queued(request, 2, expires_at=now() + HOUR)
        timeless = a_queued(request, 3)
        await outbox.accept([late, early, timeless], request)
        assert await outbox.sweep() == SweepReport(expired=1)
        stored = await found(reader, late.message.id)
        assert stored.message.status is MessageStatus.EXPIRED
        assert names(stored) == ["accepted", "expired"]
        claim = await outbox.claim(wanted())
        kept = {claimed.message.id for claimed in claim.claimed}
        assert kept == {early.message.id, timeless.message.id}
        assert await outbox.sweep() == SweepReport()

    async def test_a_message_that_is_due_later_can_be_too_late_already(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_queued(request, due_at=now() + HOUR, expires_at=now() - HOUR / 2)
        await outbox.accept([new], request)
        assert (await outbox.sweep()).expired == 1
        assert (await found(reader, new.message.id)).message.status is MessageStatus.EXPIRED

    async def test_two_sweepers_find_each_message_once(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(20)
        news = [a_queued(request, number, expires_at=now() - HOUR / 2) for number in range(20)]
        await outbox.accept(news, request)
        first, second = await outbox.sweep(), await other.sweep()
        assert first.expired + second.expired == 20
        for new in news:
            assert names(await found(reader, new.message.id)) == ["accepted", "expired"]
