"""What every list of opt-outs must do."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.opt_outs import OptOut, OptOuts
from domain.phone import Phone
from domain.sender_id import SenderId

PHONE = Phone("+77011234567")
OTHER = Phone("+77070001234")
ACME = SenderId("ACME")
OPT_OUT = OptOut(
    phone=PHONE,
    provider="twilio",
    sender=ACME,
    created_at=datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC),
    provider_code="21610",
)


class OptOutsContract(ABC):
    """Subclass once per list and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def opt_outs(self) -> OptOuts:
        """An empty list."""

    async def test_nobody_has_opted_out_at_first(self, opt_outs: OptOuts) -> None:
        assert await opt_outs.among([PHONE], "twilio") == frozenset()
        assert await opt_outs.among([], "twilio") == frozenset()

    async def test_an_opt_out_is_found_with_its_sender(self, opt_outs: OptOuts) -> None:
        await opt_outs.add(OPT_OUT)
        assert await opt_outs.among([OTHER, PHONE], "twilio") == {(PHONE, ACME)}

    async def test_the_default_sender_is_one_of_its_own(self, opt_outs: OptOuts) -> None:
        await opt_outs.add(replace(OPT_OUT, sender=None))
        await opt_outs.add(OPT_OUT)
        assert await opt_outs.among([PHONE], "twilio") == {(PHONE, None), (PHONE, ACME)}

    async def test_each_provider_has_its_own(self, opt_outs: OptOuts) -> None:
        await opt_outs.add(OPT_OUT)
        assert await opt_outs.among([PHONE], "smscru") == frozenset()

    async def test_each_phone_has_its_own(self, opt_outs: OptOuts) -> None:
        await opt_outs.add(OPT_OUT)
        assert await opt_outs.among([OTHER], "twilio") == frozenset()

    async def test_an_opt_out_may_be_told_again(self, opt_outs: OptOuts) -> None:
        later = replace(OPT_OUT, created_at=OPT_OUT.created_at + timedelta(days=1))
        for opt_out in (OPT_OUT, OPT_OUT, later):
            await opt_outs.add(opt_out)
        assert await opt_outs.among([PHONE], "twilio") == {(PHONE, ACME)}

    @pytest.mark.parametrize("code", [None, "", "21610\x00" * 40])
    async def test_any_code_of_a_provider_will_do(self, opt_outs: OptOuts, code: str) -> None:
        await opt_outs.add(replace(OPT_OUT, provider_code=code))
        assert await opt_outs.among([PHONE], "twilio") == {(PHONE, ACME)}

    async def test_a_lifted_opt_out_is_gone_from_every_sender(self, opt_outs: OptOuts) -> None:
        for sender in (ACME, None):
            await opt_outs.add(replace(OPT_OUT, sender=sender))
        await opt_outs.lift(PHONE, "twilio")
        assert await opt_outs.among([PHONE], "twilio") == frozenset()

    async def test_only_what_was_named_is_lifted(self, opt_outs: OptOuts) -> None:
        others = [replace(OPT_OUT, provider="dummy"), replace(OPT_OUT, phone=OTHER)]
        for opt_out in (OPT_OUT, *others):
            await opt_outs.add(opt_out)
        await opt_outs.lift(PHONE, "twilio")
        assert await opt_outs.among([PHONE], "dummy") == {(PHONE, ACME)}
        assert await opt_outs.among([OTHER], "twilio") == {(OTHER, ACME)}

    async def test_all_of_a_phone_may_be_lifted_at_once(self, opt_outs: OptOuts) -> None:
        for provider in ("twilio", "dummy"):
            await opt_outs.add(replace(OPT_OUT, provider=provider))
        await opt_outs.lift(PHONE)
        for provider in ("twilio", "dummy"):
            assert await opt_outs.among([PHONE], provider) == frozenset()

    async def test_lifting_what_is_not_there_is_no_error(self, opt_outs: OptOuts) -> None:
        await opt_outs.lift(PHONE, "twilio")

    async def test_of_a_thousand_phones_exactly_those_come_back(self, opt_outs: OptOuts) -> None:
        phones = [Phone(f"+7701{number:07d}") for number in range(1000)]
        await asyncio.gather(*(opt_outs.add(replace(OPT_OUT, phone=p)) for p in phones[::9]))
        assert await opt_outs.among(phones, "twilio") == {(phone, ACME) for phone in phones[::9]}

    async def test_many_askers_at_once_each_get_their_own_answer(self, opt_outs: OptOuts) -> None:
        phones = [Phone(f"+7701{number:07d}") for number in range(40)]
        await asyncio.gather(*(opt_outs.add(replace(OPT_OUT, phone=p)) for p in phones[:20]))
        asked = [(phone, code) for phone in phones for code in ("twilio", "dummy")]
        answers = await asyncio.gather(*(opt_outs.among([p], code) for p, code in asked))
        assert answers == [
            {(p, ACME)} if code == "twilio" and p in phones[:20] else frozenset()
            for p, code in asked
        ]
