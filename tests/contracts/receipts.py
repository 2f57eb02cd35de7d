"""What every log of receipts must do."""

import asyncio
from abc import abstractmethod
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application import receipts
from application.ports.outbox import NewMessage, Outbox, Settlement
from application.ports.receipts import Fate, ReceiptLog
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import RECEIPT_STATUSES, Failure, Message, MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
)
from domain.receipt import Receipt
from domain.terms import Terms
from tests.contracts.outbox.fixtures import (
    NO_ANSWER,
    PROVIDER,
    OutboxFixtures,
    a_message,
    a_queued,
    a_request,
    a_sending,
    claim_one,
    found,
    leave_one,
    names,
    now,
    settled,
    wanted,
)

S = MessageStatus
BUSY = Failure("provider_throttled", "Too many requests.")
ROUTE = Terms(route=(PROVIDER, "twilio"))
OUTCOMES: tuple[SubmitOutcome, ...] = (
    Accepted("SM1"),
    Accepted("SM1", delivered=True),
    Rejected(reason=RejectReason.CONTENT),
    Unavailable(kind=UnavailableKind.NETWORK),
    NO_ANSWER,
)
words = st.sampled_from(sorted(RECEIPT_STATUSES))


class Disorder(NamedTuple):
    """What was said in order, and how it arrives: ``early`` of it before the answer."""

    said: list[MessageStatus]
    arrives: list[MessageStatus]
    early: int


@st.composite
def disorders(draw: st.DrawFn) -> Disorder:
    said = draw(st.lists(words, min_size=1, max_size=5))
    repeated = draw(st.lists(st.sampled_from(said), max_size=3))
    arrives = draw(st.permutations([*said, *repeated]))
    return Disorder(said, arrives, draw(st.integers(0, len(arrives))))


def about(message: Message, status: MessageStatus = S.DELIVERED, **more: Any) -> Receipt:  # noqa: ANN401 - whatever a receipt has
    """Make a receipt by our reference, unless it is told otherwise."""
    said: dict[str, Any] = {
        "provider": message.provider,
        "status": status,
        "at": now(),
        "message_id": message.id,
        "provider_code": "31",
        "text": "as it was said",
    }
    return Receipt(**(said | more))


def by_their_name(provider: str = PROVIDER, provider_id: str = "SM1", **more: Any) -> Receipt:  # noqa: ANN401 - as above
    """Make a receipt by the provider's name for a message."""
    status = more.pop("status", S.DELIVERED)
    return Receipt(provider=provider, status=status, at=now(), provider_id=provider_id, **more)


async def send(
    outbox: Outbox, outcome: SubmitOutcome | None = None, terms: Terms | None = None
) -> Message:
    """Have one message sent, taken unless it is told otherwise."""
    _, settlement = await start(outbox, outcome, terms)
    assert await outbox.settle(settlement)
    return settlement.message


async def start(
    outbox: Outbox, outcome: SubmitOutcome | None = None, terms: Terms | None = None
) -> tuple[NewMessage, Settlement]:
    """Have one message under way; return it and what its attempt will come to."""
    request = a_request(terms=terms)
    new = a_sending(request)
    await outbox.accept([new], request)
    return new, replace(settled(new, outcome), wait_s=3600.0)


async def defer(outbox: Outbox, provider: str = PROVIDER) -> Message:
    """Have one message wait for its second attempt, perhaps with another provider."""
    new, settlement = await start(outbox, terms=ROUTE)
    message = new.message.deferred(now(), BUSY, provider)
    event = Event(at=now(), name=EventName.DEFERRED, provider=PROVIDER)
    await outbox.settle(replace(settlement, message=message, events=(event,), wait_s=0.0))
    return message


class ReceiptLogContract(OutboxFixtures):
    """Subclass once per log and provide it beside the fixtures of an outbox."""

    @pytest.fixture
    @abstractmethod
    def log(self) -> ReceiptLog:
        """Receipts for the outbox's messages; a provider is asked at once about one it took."""

    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(receipts, "FIRST_WAIT_S", 0.0)

    async def work_off(self, log: ReceiptLog, expected: int | None = None) -> list[Fate]:
        """Claim what is due, wait for it where it is to come, and settle it as it stands."""
        fates: list[Fate] = []
        async with asyncio.timeout(30):
            while True:
                due = await log.claim(500, 60.0)
                fates += await asyncio.gather(
                    *(log.settle(parked, _seen_to(parked.receipt), 0.0) for parked in due)
                )
                if expected is None or len(fates) >= expected:
                    return fates
                await asyncio.sleep(0.05)

    @pytest.mark.parametrize("status", [S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED])
    async def test_a_receipt_moves_its_message_and_is_a_line_of_its_history(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog, status: MessageStatus
    ) -> None:
        message = await send(outbox)
        receipt = about(message, status)
        assert await log.record(receipt) is Fate.APPLIED
        stored = await found(reader, message.id)
        failure = None
        if status is not S.DELIVERED:
            failure = Failure(str(status), "as it was said", "31")
        assert (stored.message.status, stored.message.failure) == (status, failure)
        assert stored.message.updated_at == receipt.at
        assert stored.message.provider_id == "SM1"
        assert names(stored) == ["accepted", "submitted", str(status)]
        assert stored.history[-1] == receipt.event(receipt.at)

    async def test_a_receipt_by_the_providers_name_finds_its_message(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        other, message = await send(outbox, Accepted("SM0")), await send(outbox)
        assert await log.record(by_their_name()) is Fate.APPLIED
        assert (await found(reader, message.id)).message.status is S.DELIVERED
        assert (await found(reader, other.id)).message.status is S.SUBMITTED

    async def test_the_names_of_another_provider_mean_nothing(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        assert await log.record(by_their_name("twilio")) is Fate.PARKED
        assert (await found(reader, message.id)).message.status is S.SUBMITTED

    async def test_a_repetition_and_a_step_back_write_nothing(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        await log.record(about(message))
        before = await found(reader, message.id)
        for status in (S.DELIVERED, S.SUBMITTED, S.UNDELIVERABLE, S.EXPIRED):
            assert await log.record(about(message, status)) is Fate.KNOWN
        assert await found(reader, message.id) == before

    async def test_many_receipts_at_once_for_one_message_are_one_after_another(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        said = [S.SUBMITTED, S.EXPIRED, S.DELIVERED] * 5
        await asyncio.gather(*(log.record(about(message, status)) for status in said))
        stored = await found(reader, message.id)
        assert stored.message.status is S.DELIVERED
        assert len(stored.history) == len({*names(stored)})

    async def test_receipts_for_many_messages_at_once_all_count(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        messages = [await send(outbox, Accepted(f"SM{number}")) for number in range(30)]
        fates = await asyncio.gather(*(log.record(about(message)) for message in messages))
        assert {*fates} == {Fate.APPLIED}
        for message in messages:
            assert (await found(reader, message.id)).message.status is S.DELIVERED

    async def test_what_is_being_sent_hears_its_receipt_once_it_is_settled(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        new, settlement = await start(outbox)
        assert await log.record(about(new.message)) is Fate.PARKED
        assert (await found(reader, new.message.id)).message.status is S.SENDING
        assert await outbox.settle(settlement)
        assert await self.work_off(log, 1) == [Fate.APPLIED]
        stored = await found(reader, new.message.id)
        assert names(stored) == ["accepted", "submitted", "delivered"]
        assert stored.message.updated_at >= settlement.message.updated_at
        assert not await log.claim(100, 0.0)

    async def test_a_receipt_that_comes_before_its_message_is_known_waits(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        assert await log.record(by_their_name()) is Fate.PARKED
        message = await send(outbox)
        assert await self.work_off(log, 1) == [Fate.APPLIED]
        assert (await found(reader, message.id)).message.status is S.DELIVERED

    async def test_a_receipt_nobody_knows_the_message_of_waits_and_is_put_off(
        self, log: ReceiptLog
    ) -> None:
        receipt = by_their_name(message_id=uuid4(), provider_code="1", text="gone")
        assert await log.record(receipt) is Fate.PARKED
        assert await self.work_off(log, 2) == [Fate.PARKED] * 2
        (parked,) = await log.claim(100, 60.0)
        assert (parked.receipt, parked.message) == (receipt, None)
        await log.put_off(parked, 3600)
        assert not await log.claim(100, 60.0)
        await log.put_off(parked, 0.0)
        await log.drop(parked)
        assert not await log.claim(100, 60.0)

    async def test_a_repetition_is_parked_once(self, log: ReceiptLog) -> None:
        receipt = by_their_name()
        for _ in range(3):
            again = replace(receipt, at=now())
            assert await log.record(again) is Fate.PARKED
        await asyncio.gather(*(log.record(receipt) for _ in range(5)))
        await log.record(replace(receipt, provider_code="other"))
        assert await self.work_off(log, 2) == [Fate.PARKED] * 2

    async def test_what_was_claimed_is_somebody_elses_for_as_long_as_the_lease(
        self, log: ReceiptLog, outbox: Outbox
    ) -> None:
        message = await send(outbox)
        for number in range(10):
            await log.record(about(message, weak=True, provider_code=str(number)))
        claims = await asyncio.gather(*(log.claim(2, 60.0) for _ in range(8)))
        ids = [parked.id for claim in claims for parked in claim]
        assert len(ids) == len({*ids}) == 10
        assert all(len(claim) <= 2 for claim in claims)

    async def test_a_claim_that_was_lost_is_made_again(
        self, log: ReceiptLog, outbox: Outbox
    ) -> None:
        message = await send(outbox)
        await log.record(about(message, weak=True))
        (first,) = await log.claim(10, 0.0)
        (second,) = await log.claim(10, 60.0)
        assert first == second

    @pytest.mark.parametrize("what", ["weak", "opted_out"])
    async def test_what_has_to_be_seen_to_is_parked_and_due_at_once(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog, what: str
    ) -> None:
        message = await send(outbox)
        receipt = about(message, S.DELIVERED, **{what: True})
        assert await log.record(receipt) is Fate.PARKED
        assert (await found(reader, message.id)).message.status is S.SUBMITTED
        (parked,) = await log.claim(100, 60.0)
        assert parked.receipt == receipt
        assert parked.message is not None
        assert parked.message.id == message.id
        assert await log.settle(parked, _seen_to(receipt), 60.0) is Fate.APPLIED
        assert (await found(reader, message.id)).message.status is S.DELIVERED

    async def test_a_weak_one_that_says_nothing_new_is_not_asked_about(
        self, outbox: Outbox, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        assert await log.record(about(message, S.SUBMITTED, weak=True)) is Fate.KNOWN

    async def test_a_parked_one_settled_twice_is_applied_once(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        await log.record(about(message, weak=True))
        (parked,) = await log.claim(100, 60.0)
        strong = replace(parked.receipt, weak=False)
        assert await log.settle(parked, strong, 0.0) is Fate.APPLIED
        assert await log.settle(parked, strong, 0.0) is Fate.KNOWN
        assert names(await found(reader, message.id))[2:] == ["delivered"]

    async def test_what_was_queued_again_but_taken_after_all_is_not_sent_again(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await defer(outbox, "twilio")
        receipt = about(message, S.SUBMITTED, provider=PROVIDER, provider_id="7")
        assert await log.record(receipt) is Fate.APPLIED
        stored = (await found(reader, message.id)).message
        assert (stored.status, stored.provider, stored.provider_id) == (S.SUBMITTED, PROVIDER, "7")
        assert stored.failure is None
        for provider in (PROVIDER, "twilio"):
            assert not (await outbox.claim(wanted(provider))).claimed
        assert len(await outbox.claim_silent(wanted(PROVIDER))) == 1

    async def test_what_another_provider_has_now_is_not_ended_by_the_former_one(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await defer(outbox, "twilio")
        await outbox.settle(settled(await claim_one(outbox, "twilio"), Accepted("SM2")))
        late = about(message, S.UNDELIVERABLE, provider=PROVIDER)
        assert await log.record(late) is Fate.KNOWN
        arrived = about(message, provider=PROVIDER, provider_id="7")
        assert await log.record(arrived) is Fate.APPLIED
        stored = (await found(reader, message.id)).message
        assert (stored.status, stored.provider, stored.provider_id) == (S.DELIVERED, PROVIDER, "7")

    async def test_a_provider_that_never_had_it_says_nothing_of_it(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        assert await log.record(about(message, provider="mobizonkz")) is Fate.KNOWN
        assert (await found(reader, message.id)).message.status is S.SUBMITTED

    async def test_what_was_never_handed_over_hears_nothing(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        request = a_request()
        queued, blocked = a_queued(request, 1), a_message(request, 2, S.BLOCKED)
        await outbox.accept([queued, replace(queued, message=blocked)], request)
        for message in (queued.message, blocked):
            assert await log.record(about(message)) is Fate.KNOWN
        assert (await claim_one(outbox)).message.id == queued.message.id
        assert (await found(reader, blocked.id)).message.status is S.BLOCKED

    async def test_a_question_that_was_under_way_changes_nothing_any_more(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox, NO_ANSWER)
        await outbox.claim_doubts(wanted())
        new, settlement = await start(outbox, NO_ANSWER)
        await outbox.settle(replace(settlement, wait_s=0.0))
        (doubt,) = await outbox.claim_doubts(wanted())
        await log.record(about(new.message, S.UNDELIVERABLE))
        answered = doubt.message.moved(S.SUBMITTED, now())
        await outbox.settle(Settlement(answered, doubt.lease, (), was=S.UNKNOWN))
        assert (await found(reader, new.message.id)).message.status is S.UNDELIVERABLE
        assert (await found(reader, message.id)).message.status is S.UNKNOWN

    async def test_an_answer_that_comes_later_than_doubt_and_receipt_changes_nothing(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        claimed = await leave_one(outbox, other)
        await log.record(about(claimed.message, S.UNDELIVERABLE))
        await other.settle(settled(claimed, Accepted("SM1")))
        stored = await found(reader, claimed.message.id)
        assert stored.message.status is S.UNDELIVERABLE
        assert names(stored) == ["accepted", "unknown", "undeliverable"]

    async def test_a_message_a_receipt_found_is_asked_about_in_its_turn(
        self, outbox: Outbox, log: ReceiptLog
    ) -> None:
        message = await send(outbox, NO_ANSWER)
        assert await log.record(about(message, S.SUBMITTED)) is Fate.APPLIED
        (silent,) = await outbox.claim_silent(wanted())
        assert silent.message.id == message.id
        await log.record(about(message))
        assert not await outbox.claim_silent(wanted(lease_s=0.0))

    async def test_words_no_column_takes_do_not_undo_a_receipt(
        self, outbox: Outbox, reader: MessageRepository, log: ReceiptLog
    ) -> None:
        message = await send(outbox)
        odd = about(message, S.UNDELIVERABLE, provider_code="9" * 200, text="nu\x00ll \ud800")
        assert await log.record(odd) is Fate.APPLIED
        assert (await found(reader, message.id)).message.status is S.UNDELIVERABLE
        lost = replace(odd, message_id=uuid4(), provider_id="7" * 200)
        assert await log.record(lost) is Fate.PARKED

    @given(disorder=disorders(), outcome=st.sampled_from(OUTCOMES))
    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    async def test_whatever_the_order_and_however_often_it_comes_to_the_same(
        self,
        outbox: Outbox,
        reader: MessageRepository,
        log: ReceiptLog,
        disorder: Disorder,
        outcome: SubmitOutcome,
    ) -> None:
        orderly, (new, settlement) = await send(outbox, outcome), await start(outbox, outcome)
        for status in disorder.said:
            await log.record(about(orderly, status))
        for status in disorder.arrives[: disorder.early]:
            await log.record(about(new.message, status))
        await outbox.settle(settlement)
        for status in disorder.arrives[disorder.early :]:
            await log.record(about(new.message, status))
        await self.work_off(log, len({*disorder.arrives[: disorder.early]}))
        one, two = [await found(reader, m.id) for m in (orderly, new.message)]
        assert one.message.status is two.message.status
        assert len(two.history) == len({*names(two)})


def _seen_to(receipt: Receipt) -> Receipt:
    return replace(receipt, weak=False, opted_out=False)
