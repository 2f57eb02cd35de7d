"""Subscribers' messages: kept, told, and done as they wish."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from application.inbound import ReceiveInbound
from application.ports.inbound import InboundFilter
from domain.blacklist import BlacklistSource
from domain.inbound import InboundMessage, Keyword
from domain.opt_out import Keywords
from domain.phone import Phone
from tests.contracts.inbound import written
from tests.fakes import MemoryInboundLog
from tests.unit.application.gateway import PHONE, Gateway, until

REPLY = "You get no more messages from ACME."


class Desk:
    """A gateway that hears subscribers."""

    def __init__(self, *, stop_reply: str | None = REPLY, listed: tuple[str, ...] = ()) -> None:
        self.gateway = Gateway(listed=listed)
        self.log = MemoryInboundLog(
            self.gateway.blacklist, self.gateway.opt_outs, self.gateway.outbox
        )
        keywords = Keywords(stop=["basta"])
        self.receive = ReceiveInbound(
            self.log, self.gateway.orders, keywords, stop_reply=stop_reply
        )

    async def hear(
        self,
        text: str,
        **more: Any,  # noqa: ANN401 - whatever else a message has
    ) -> InboundMessage:
        """Take a message in; return it as it was kept."""
        inbound = replace(written(text, provider="smscru"), **more)
        await self.receive(inbound)
        return self.log.kept[-1]

    async def source(self, phone: str = PHONE) -> BlacklistSource | None:
        """Tell who put a phone on the blacklist."""
        entry = await self.gateway.blacklist.find(Phone.parse(phone))
        return None if entry is None else entry.source

    @property
    def queued(self) -> list[str]:
        """The texts that are to be sent."""
        return [row.message.text for row in self.gateway.outbox.rows.values()]


async def test_any_message_is_kept_and_told() -> None:
    desk = Desk()
    kept = await desk.hear("When do you open?")
    assert await desk.log.find(InboundFilter(), before=None, limit=2) == [kept]
    assert desk.log.told == [kept]
    assert kept.keyword is None
    assert await desk.source() is None
    assert desk.queued == []


@pytest.mark.parametrize("text", ["STOP", "Стоп, пожалуйста", "тоқтату", "Basta!"])
async def test_who_says_stop_is_put_on_the_blacklist(text: str) -> None:
    desk = Desk()
    kept = await desk.hear(text)
    assert kept.keyword is Keyword.STOP
    assert await desk.source() is BlacklistSource.STOP


async def test_who_says_start_is_taken_off_again() -> None:
    desk = Desk()
    await desk.hear("STOP")
    kept = await desk.hear("START")
    assert kept.keyword is Keyword.START
    assert await desk.source() is None


async def test_an_operators_entry_survives_start() -> None:
    desk = Desk(listed=(PHONE,))
    await desk.hear("START")
    assert await desk.source() is BlacklistSource.API


async def test_a_stop_is_confirmed_through_the_same_provider_though_the_phone_is_listed() -> None:
    desk = Desk()
    await desk.hear("STOP")
    assert desk.queued == [REPLY]
    async with desk.gateway.pumping():
        await until(lambda: desk.gateway.status(PHONE) == "submitted")
    (sent,) = desk.gateway.provider.submitted
    assert (sent.text, sent.recipient.msisdn, sent.provider) == (REPLY, PHONE, "smscru")


async def test_a_stop_said_twice_is_confirmed_once() -> None:
    desk = Desk()
    for _ in range(3):
        await desk.hear("STOP")
    assert desk.queued == [REPLY]


async def test_nothing_is_confirmed_where_no_text_is_set() -> None:
    desk = Desk(stop_reply=None)
    await desk.hear("STOP")
    assert await desk.source() is BlacklistSource.STOP
    assert desk.queued == []


async def test_what_the_provider_says_is_asked_for_wins_and_it_answers_itself() -> None:
    desk = Desk()
    kept = await desk.hear("Нет уж", keyword=Keyword.STOP)
    assert kept.keyword is Keyword.STOP
    assert await desk.source() is BlacklistSource.STOP
    kept = await desk.hear("STOP", keyword=Keyword.START)
    assert kept.keyword is Keyword.START
    assert await desk.source() is None
    assert desk.queued == []


async def test_a_repetition_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    caplog.set_level(logging.INFO)
    for text in ("STOP", "START", "STOP"):
        await desk.hear(text, provider_id={"STOP": "1", "START": "2"}[text])
    assert len(desk.log.kept) == 2
    assert await desk.source() is None
    assert desk.queued == [REPLY]
    assert "came again" in caplog.text
    assert PHONE not in caplog.text


@pytest.mark.parametrize("sender", ["KaspiBank", "1414", ""])
async def test_the_wish_of_a_sender_that_is_no_number_is_only_kept(sender: str) -> None:
    desk = Desk()
    kept = await desk.hear("STOP", phone=sender)
    assert (kept.phone, kept.keyword) == (sender, Keyword.STOP)
    assert not desk.gateway.blacklist.entries
    assert desk.queued == []


async def test_what_cannot_be_confirmed_is_done_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    await desk.hear("STOP", provider="mobizonkz")  # it has no credentials here
    assert await desk.source() is BlacklistSource.STOP
    assert desk.queued == []
    assert "ProviderNotConfiguredError" in caplog.text
    assert PHONE not in caplog.text
