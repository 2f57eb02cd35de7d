"""What every log of subscribers' messages must do."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.ids import TimeOrderedIds
from application.ports.blacklist import BlacklistRepository
from application.ports.inbound import Confirmation, InboundFilter, InboundLog, Reception
from application.ports.opt_outs import OptOut, OptOuts
from application.ports.outbox import Outbox
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.inbound import InboundMessage, Keyword
from domain.phone import Phone
from domain.sender_id import SenderId
from domain.terms import Terms
from tests.contracts.outbox.fixtures import a_queued, a_request, claim_one, wanted

PHONE = Phone("+77011234567")
AT = datetime(2026, 11, 23, 6, 34, 43, 123456, tzinfo=UTC)
ALL = InboundFilter()
ids = TimeOrderedIds()


def written(  # noqa: PLR0913 - all that tells one message from another
    text: str = "Қайда? 😀\nSTOP",
    *,
    keyword: Keyword | None = None,
    provider: str = "twilio",
    provider_id: str | None = None,
    phone: str = PHONE.msisdn,
    at: datetime = AT,
) -> InboundMessage:
    return InboundMessage(
        id=ids.new(),
        provider=provider,
        phone=phone,
        to="15005550006",
        text=text,
        received_at=at,
        provider_id=provider_id,
        keyword=keyword,
    )


def asking(keyword: Keyword | None, *, provider_id: str | None = None) -> Reception:
    inbound = written(keyword=keyword, provider_id=provider_id)
    return Reception(inbound=inbound, phone=PHONE, confirmation=a_confirmation())


def a_confirmation() -> Confirmation:
    request = a_request(terms=Terms(route=("twilio",), force=True))
    return Confirmation(request, a_queued(request, provider="twilio"))


class InboundContract(ABC):
    """Subclass once per log and provide the fixtures, all of one empty database."""

    @pytest.fixture
    @abstractmethod
    def inbound(self) -> InboundLog:
        """An empty log."""

    @pytest.fixture
    @abstractmethod
    def blacklist(self) -> BlacklistRepository:
        """The blacklist it writes to."""

    @pytest.fixture
    @abstractmethod
    def opt_outs(self) -> OptOuts:
        """The opt-outs it lifts."""

    @pytest.fixture
    @abstractmethod
    def outbox(self) -> Outbox:
        """The outbox it queues in."""

    @pytest.fixture
    @abstractmethod
    def told(self) -> Callable[[], Awaitable[Sequence[UUID]]]:
        """What returns the ids of the messages webhooks were made of, one for each webhook."""

    async def test_a_message_is_kept_character_by_character(self, inbound: InboundLog) -> None:
        message = written(provider_id="SM1", keyword=Keyword.HELP)
        assert await inbound.write(Reception(inbound=message))
        assert await inbound.find(ALL, before=None, limit=10) == [message]

    async def test_a_sender_that_is_no_number_is_kept(self, inbound: InboundLog) -> None:
        message = written(phone="KaspiBank")
        assert await inbound.write(Reception(inbound=message))
        assert await inbound.find(ALL, before=None, limit=10) == [message]

    async def test_every_message_is_told_once(
        self, inbound: InboundLog, told: Callable[[], Awaitable[Sequence[UUID]]]
    ) -> None:
        message = written(provider_id="SM1")
        await inbound.write(Reception(inbound=message))
        await inbound.write(Reception(inbound=replace(message, id=ids.new())))
        assert await told() == [message.id]

    async def test_a_repetition_changes_nothing(
        self, inbound: InboundLog, blacklist: BlacklistRepository
    ) -> None:
        assert await inbound.write(asking(None, provider_id="SM1"))
        assert not await inbound.write(asking(Keyword.STOP, provider_id="SM1"))
        assert await blacklist.find(PHONE) is None
        (kept,) = await inbound.find(ALL, before=None, limit=10)
        assert kept.keyword is None

    async def test_a_late_repetition_does_not_undo_what_came_after(
        self, inbound: InboundLog, blacklist: BlacklistRepository
    ) -> None:
        await inbound.write(asking(Keyword.STOP, provider_id="SM1"))
        await inbound.write(asking(Keyword.START, provider_id="SM2"))
        assert not await inbound.write(asking(Keyword.STOP, provider_id="SM1"))
        assert await blacklist.find(PHONE) is None

    async def test_of_many_repetitions_at_once_one_counts(self, inbound: InboundLog) -> None:
        message = written(provider_id="SM1")
        repeated = [Reception(inbound=replace(message, id=ids.new())) for _ in range(20)]
        assert sum(await asyncio.gather(*map(inbound.write, repeated))) == 1
        assert len(await inbound.find(ALL, before=None, limit=30)) == 1

    async def test_an_id_is_its_providers_own(self, inbound: InboundLog) -> None:
        for provider in ("twilio", "smscru"):
            message = written(provider=provider, provider_id="1")
            assert await inbound.write(Reception(inbound=message))

    async def test_messages_without_an_id_all_count(self, inbound: InboundLog) -> None:
        for _ in range(2):
            assert await inbound.write(Reception(inbound=written("same")))
        assert len(await inbound.find(ALL, before=None, limit=10)) == 2

    async def test_stop_puts_the_phone_on_the_blacklist(
        self, inbound: InboundLog, blacklist: BlacklistRepository
    ) -> None:
        await inbound.write(asking(Keyword.STOP))
        entry = await blacklist.find(PHONE)
        assert entry is not None
        assert entry.source is BlacklistSource.STOP
        assert entry.created_at == AT.replace(microsecond=entry.created_at.microsecond)
        assert entry.expires_at is None

    async def test_stop_leaves_an_operators_entry_as_it_is(
        self, inbound: InboundLog, blacklist: BlacklistRepository
    ) -> None:
        theirs = BlacklistEntry(PHONE, AT.replace(microsecond=0), reason="complained")
        await blacklist.add(theirs)
        await inbound.write(asking(Keyword.STOP))
        assert await blacklist.find(PHONE) == theirs

    async def test_stop_outlives_an_entry_that_would_expire(
        self, inbound: InboundLog, blacklist: BlacklistRepository
    ) -> None:
        soon = datetime.now(UTC) + timedelta(days=1)
        await blacklist.add(BlacklistEntry(PHONE, AT, expires_at=soon))
        await inbound.write(asking(Keyword.STOP))
        entry = await blacklist.find(PHONE)
        assert entry is not None
        assert entry.expires_at is None

    async def test_start_takes_off_what_stop_put_there(
        self, inbound: InboundLog, blacklist: BlacklistRepository
    ) -> None:
        await inbound.write(asking(Keyword.STOP))
        await inbound.write(asking(Keyword.START))
        assert await blacklist.find(PHONE) is None

    @pytest.mark.parametrize("source", BlacklistSource)
    async def test_start_takes_off_only_what_was_the_subscribers_own_doing(
        self, inbound: InboundLog, blacklist: BlacklistRepository, source: BlacklistSource
    ) -> None:
        await blacklist.add(BlacklistEntry(PHONE, AT, source=source))
        await inbound.write(asking(Keyword.START))
        stays = source in {BlacklistSource.API, BlacklistSource.IMPORT}
        assert (await blacklist.find(PHONE) is not None) == stays

    async def test_start_lifts_the_opt_outs_of_that_provider(
        self, inbound: InboundLog, opt_outs: OptOuts
    ) -> None:
        for provider in ("twilio", "dummy"):
            sender = SenderId("ACME")
            opt_out = OptOut(phone=PHONE, provider=provider, sender=sender, created_at=AT)
            await opt_outs.add(opt_out)
        await inbound.write(asking(Keyword.START))
        assert await opt_outs.among([PHONE], "twilio") == frozenset()
        assert await opt_outs.among([PHONE], "dummy")

    @pytest.mark.parametrize("keyword", [None, Keyword.HELP])
    async def test_other_messages_change_no_list(
        self, inbound: InboundLog, blacklist: BlacklistRepository, keyword: Keyword | None
    ) -> None:
        await inbound.write(asking(keyword))
        assert await blacklist.find(PHONE) is None
        await inbound.write(asking(Keyword.STOP))
        await inbound.write(asking(keyword))
        assert await blacklist.find(PHONE) is not None

    async def test_a_stop_of_no_number_changes_nothing(
        self, inbound: InboundLog, outbox: Outbox
    ) -> None:
        await inbound.write(replace(asking(Keyword.STOP), phone=None))
        assert not (await outbox.claim(wanted("twilio"))).claimed

    async def test_a_stop_is_confirmed_once(self, inbound: InboundLog, outbox: Outbox) -> None:
        first = asking(Keyword.STOP)
        assert first.confirmation is not None
        for reception in (first, asking(Keyword.STOP), asking(Keyword.STOP)):
            await inbound.write(reception)
        claimed = await claim_one(outbox, "twilio")
        assert claimed.message.id == first.confirmation.message.message.id
        assert claimed.message.terms.force
        assert claimed.message.text == first.confirmation.request.text
        assert not (await outbox.claim(wanted("twilio"))).claimed

    async def test_each_new_stop_is_confirmed_anew(
        self, inbound: InboundLog, outbox: Outbox
    ) -> None:
        for keyword in (Keyword.STOP, Keyword.START, Keyword.STOP):
            await inbound.write(asking(keyword))
        assert len((await outbox.claim(wanted("twilio"))).claimed) == 2

    async def test_a_stop_of_somebody_already_listed_is_not_confirmed(
        self, inbound: InboundLog, blacklist: BlacklistRepository, outbox: Outbox
    ) -> None:
        await blacklist.add(BlacklistEntry(PHONE, AT))
        await inbound.write(asking(Keyword.STOP))
        assert not (await outbox.claim(wanted("twilio"))).claimed

    async def test_a_stop_without_a_confirmation_has_none(
        self, inbound: InboundLog, outbox: Outbox
    ) -> None:
        await inbound.write(replace(asking(Keyword.STOP), confirmation=None))
        assert not (await outbox.claim(wanted("twilio"))).claimed

    @pytest.mark.parametrize("keyword", [None, Keyword.START, Keyword.HELP])
    async def test_only_a_stop_is_confirmed(
        self, inbound: InboundLog, outbox: Outbox, keyword: Keyword | None
    ) -> None:
        await inbound.write(asking(keyword))
        assert not (await outbox.claim(wanted("twilio"))).claimed

    async def test_of_many_stops_at_once_one_is_confirmed(
        self, inbound: InboundLog, outbox: Outbox
    ) -> None:
        stops = [asking(Keyword.STOP, provider_id=f"SM{number}") for number in range(20)]
        assert all(await asyncio.gather(*map(inbound.write, stops)))
        assert len((await outbox.claim(wanted("twilio"))).claimed) == 1

    async def test_the_latest_come_first_page_by_page(self, inbound: InboundLog) -> None:
        messages = [written(str(number)) for number in range(7)]
        for message in messages:
            await inbound.write(Reception(inbound=message))
        pages: list[InboundMessage] = []
        while page := await inbound.find(ALL, before=pages[-1].id if pages else None, limit=3):
            assert len(page) <= 3
            pages += page
        assert pages == messages[::-1]

    async def test_only_what_is_wanted_is_found(self, inbound: InboundLog) -> None:
        early = written(phone="77070001234", at=AT - timedelta(hours=1))
        stop = written(keyword=Keyword.STOP)
        late = written(provider="smscru", at=AT + timedelta(hours=1))
        for message in (early, stop, late):
            await inbound.write(Reception(inbound=message))
        wishes = {
            InboundFilter(phone="77070001234"): [early],
            InboundFilter(keyword=Keyword.STOP): [stop],
            InboundFilter(provider="smscru"): [late],
            InboundFilter(since=AT): [late, stop],
            InboundFilter(until=AT): [early],
            InboundFilter(phone="77070001234", provider="smscru"): [],
        }
        for wish, expected in wishes.items():
            assert await inbound.find(wish, before=None, limit=10) == expected
