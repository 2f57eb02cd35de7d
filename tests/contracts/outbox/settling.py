"""How an attempt ends: in one state, for one lease, however often it is told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from uuid import uuid4

import pytest

from application.ports.outbox import Claimed, Lease, NewMessage, Outbox, Settlement
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import Failure, MessageStatus
from domain.outcome import Accepted, Rejected, RejectReason
from tests.contracts.outbox.fixtures import (
    NO_ANSWER,
    OutboxFixtures,
    a_request,
    a_sending,
    claim_one,
    found,
    names,
    now,
    queue_one,
    settled,
    untimed,
    wanted,
)

BUSY = Failure("provider_throttled", "Too many requests.", "429")
REFUSAL = Rejected(reason=RejectReason.RECIPIENT, provider_code="7", text="invalid number")


def deferred(
    what: NewMessage | Claimed, wait_s: float = 0.0, provider: str = "smscru"
) -> Settlement:
    """Have the message wait for another attempt."""
    assert what.lease is not None
    message = what.message.deferred(now(), BUSY, provider)
    event = Event(at=message.updated_at, name=EventName.DEFERRED, provider="smscru")
    return Settlement(message, what.lease, (event,), wait_s=wait_s)


def moved_on(what: NewMessage | Claimed) -> Settlement:
    """Have the message go to the next provider at once, under a new lease."""
    again = deferred(what, provider="twilio")
    event = Event(at=again.message.updated_at, name=EventName.ROUTED, provider="twilio")
    renewed = Lease(again.message.id, uuid4(), 60.0)
    started = again.message.started(again.message.updated_at)
    return replace(again, message=started, events=(event,), renewed=renewed)


ENDS: dict[str, Callable[[NewMessage], Settlement]] = {
    "accepted": settled,
    "delivered": lambda new: settled(new, Accepted("SM1", delivered=True)),
    "rejected": lambda new: settled(new, REFUSAL),
    "in doubt": lambda new: settled(new, NO_ANSWER),
    "held": lambda new: replace(settled(new, NO_ANSWER), wait_s=None),
    "deferred": deferred,
    "deferred elsewhere": lambda new: deferred(new, 3600, "twilio"),
    "moved on": moved_on,
}
every_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())


async def accept_sending(outbox: Outbox) -> NewMessage:
    request = a_request()
    new = a_sending(request)
    await outbox.accept([new], request)
    return new


class SettlingContract(OutboxFixtures):
    @every_end
    async def test_a_settled_message_has_its_new_state_and_its_history(
        self, outbox: Outbox, reader: MessageRepository, end: Callable[[NewMessage], Settlement]
    ) -> None:
        new = await accept_sending(outbox)
        settlement = end(new)
        assert await outbox.settle(settlement)
        stored = await found(reader, new.message.id)
        assert untimed(stored.message) == untimed(settlement.message)
        assert stored.history[1:] == settlement.events

    @every_end
    async def test_a_settlement_repeated_after_a_lost_answer_is_recognised_and_written_once(
        self, outbox: Outbox, reader: MessageRepository, end: Callable[[NewMessage], Settlement]
    ) -> None:
        new = await accept_sending(outbox)
        settlement = end(new)
        assert await outbox.settle(settlement)
        before = await found(reader, new.message.id)
        assert await outbox.settle(settlement)
        assert all(await asyncio.gather(*(outbox.settle(settlement) for _ in range(3))))
        assert await found(reader, new.message.id) == before

    @every_end
    async def test_a_settlement_with_a_foreign_token_changes_nothing(
        self, outbox: Outbox, reader: MessageRepository, end: Callable[[NewMessage], Settlement]
    ) -> None:
        new = await accept_sending(outbox)
        before = await found(reader, new.message.id)
        settlement = end(new)
        foreign = replace(settlement.lease, token=uuid4())
        assert not await outbox.settle(replace(settlement, lease=foreign))
        assert await found(reader, new.message.id) == before
        assert await outbox.settle(settlement)

    async def test_a_foreign_token_among_many_settlements_spoils_only_its_own(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(20)
        news = [a_sending(request, number) for number in range(20)]
        await outbox.accept(news, request)
        tokens = [uuid4() if number % 5 == 3 else None for number in range(20)]
        done = await asyncio.gather(
            *(
                outbox.settle(settled(new, token=token))
                for new, token in zip(news, tokens, strict=True)
            )
        )
        assert done == [token is None for token in tokens]
        for new, kept in zip(news, done, strict=True):
            stored = await found(reader, new.message.id)
            assert (stored.message.status == "submitted") == kept
            assert names(stored) == ["accepted", "submitted"][: 1 + kept]

    async def test_many_kinds_of_settlements_at_once_do_not_disturb_one_another(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(40)
        news = [a_sending(request, number) for number in range(40)]
        await outbox.accept(news, request)
        done = [end(new) for new, end in zip(news, cycle(ENDS.values()), strict=False)]
        assert all(await asyncio.gather(*map(outbox.settle, done)))
        for settlement in done:
            stored = await found(reader, settlement.message.id)
            assert untimed(stored.message) == untimed(settlement.message)
            assert stored.history[1:] == settlement.events

    async def test_a_message_that_was_never_accepted_cannot_be_settled(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = a_sending(a_request())
        assert not await outbox.settle(settled(new))
        assert await reader.message(new.message.id) is None

    async def test_a_refusal_keeps_the_providers_code_and_text(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await accept_sending(outbox)
        await outbox.settle(settled(new, REFUSAL))
        failure = (await found(reader, new.message.id)).message.failure
        assert failure == Failure("recipient_refused", "invalid number", "7")

    async def test_a_deferred_message_is_not_due_before_its_wait_is_over(
        self, outbox: Outbox
    ) -> None:
        await outbox.settle(deferred(await accept_sending(outbox), 3600))
        claim = await outbox.claim(wanted())
        assert not claim.claimed
        assert claim.wait_s is not None
        assert 3000 < claim.wait_s <= 3600

    async def test_a_deferred_message_is_claimed_for_one_more_attempt(self, outbox: Outbox) -> None:
        await outbox.settle(deferred(await accept_sending(outbox), 0.1))
        await asyncio.sleep(0.2)
        again = await claim_one(outbox)
        assert (again.message.attempts, again.message.failure) == (2, None)
        assert await outbox.settle(settled(again))

    async def test_a_message_deferred_to_another_provider_is_claimed_there(
        self, outbox: Outbox
    ) -> None:
        await outbox.settle(deferred(await accept_sending(outbox), 0.0, "twilio"))
        assert not (await outbox.claim(wanted())).claimed
        assert (await claim_one(outbox, "twilio")).message.provider == "twilio"

    async def test_an_old_lease_settles_nothing_once_the_message_was_claimed_again(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await accept_sending(outbox)
        before = deferred(new)
        await outbox.settle(before)
        again = await claim_one(outbox)
        for late in (settled(new), before):
            assert not await outbox.settle(late)
        stored = await found(reader, new.message.id)
        assert (stored.message.status, stored.message.attempts) == ("sending", 2)
        assert await outbox.settle(settled(again))

    async def test_a_renewed_lease_takes_the_place_of_the_old_one(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await accept_sending(outbox)
        onward = moved_on(new)
        assert await outbox.settle(onward)
        assert not (await outbox.claim(wanted("twilio"))).claimed
        assert not await outbox.settle(settled(new))
        assert onward.renewed is not None
        last = settled(NewMessage(onward.message, new.segments, onward.renewed))
        assert await outbox.settle(last)
        stored = await found(reader, new.message.id)
        assert (stored.message.provider, stored.message.attempts) == ("twilio", 2)
        assert names(stored) == ["accepted", "routed", "submitted"]

    async def test_a_released_message_is_due_at_once_and_its_attempt_undone(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        await outbox.release([(await claim_one(outbox)).lease])
        stored = await found(reader, new.message.id)
        assert (stored.message.status, stored.message.attempts) == (MessageStatus.QUEUED, 0)
        assert names(stored) == ["accepted"]
        assert (await claim_one(outbox)).message.attempts == 1

    async def test_a_released_lease_settles_nothing_before_or_after_the_next_claim(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        first = await claim_one(outbox)
        await outbox.release([first.lease])
        assert not await outbox.settle(settled(first))
        second = await claim_one(outbox)
        assert not await outbox.settle(settled(first))
        assert (await found(reader, new.message.id)).message.status is MessageStatus.SENDING
        assert await outbox.settle(settled(second))

    async def test_what_was_settled_or_is_held_by_another_lease_cannot_be_released(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        done, held = await accept_sending(outbox), await accept_sending(outbox)
        assert done.lease is not None
        assert held.lease is not None
        await outbox.settle(settled(done))
        stranger = replace(held.lease, token=uuid4())
        await outbox.release([done.lease, stranger])
        await outbox.release([])
        assert (await found(reader, done.message.id)).message.status is MessageStatus.SUBMITTED
        assert (await found(reader, held.message.id)).message.status is MessageStatus.SENDING
