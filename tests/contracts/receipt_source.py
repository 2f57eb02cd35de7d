"""What every provider that can be asked about the messages it took must do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.providers import ReceiptSource
from domain.lookup import Found, Lookup, NoAnswer, NotFound
from domain.message import RECEIPT_STATUSES, Message, MessageStatus
from tests.contracts.messages import a_message
from tests.contracts.providers import NO_VERDICT, NOT_SENT, PERHAPS_SENT, Wire

Answer = httpx.Response | Exception


class ReceiptSourceContract(ABC):
    """Subclass once per provider, and fill in the abstract parts."""

    @abstractmethod
    def source(self, transport: httpx.AsyncBaseTransport) -> ReceiptSource:
        """Make the adapter."""

    @abstractmethod
    def provider_id(self, number: int) -> str | None:
        """The provider's name for one message or another."""

    @abstractmethod
    def delivered(self, messages: Sequence[Message]) -> httpx.Response:
        """Its answer about messages that have all arrived."""

    def messages(self, count: int) -> list[Message]:
        return [
            replace(
                a_message(provider_id=self.provider_id(number)),
                id=UUID(int=number),
                status=MessageStatus.SUBMITTED,
            )
            for number in range(1, count + 1)
        ]

    async def states(self, answer: Answer, messages: Sequence[Message]) -> Sequence[Lookup]:
        return await self.source(Wire(answer).transport).states(messages)

    async def test_one_question_is_about_as_many_as_it_says(self) -> None:
        messages = self.messages(self.source(Wire(httpx.Response(200)).transport).batch)
        wire = Wire(self.delivered(messages))
        found = await self.source(wire.transport).states(messages)
        assert [type(state) for state in found] == [Found] * len(messages)
        assert {state.status for state in found if isinstance(state, Found)} == {"delivered"}
        assert len(wire.requests) == 1

    @pytest.mark.parametrize("error", NOT_SENT + PERHAPS_SENT, ids=repr)
    async def test_a_failed_question_says_nothing_of_any(self, error: Exception) -> None:
        messages = self.messages(1)
        (state,) = await self.states(error, messages)
        assert isinstance(state, NoAnswer)

    @pytest.mark.parametrize("answer", NO_VERDICT, ids=lambda r: f"{r.status_code}-{r.text[:9]!r}")
    async def test_an_unreadable_answer_says_nothing_of_any(self, answer: httpx.Response) -> None:
        (state,) = await self.states(answer, self.messages(1))
        assert isinstance(state, NoAnswer)

    @given(status=st.integers(200, 599), body=st.binary(max_size=200))
    async def test_no_answer_whatsoever_raises(self, status: int, body: bytes) -> None:
        (state,) = await self.states(httpx.Response(status, content=body), self.messages(1))
        assert not isinstance(state, Found) or state.status in RECEIPT_STATUSES


class BatchContract(ReceiptSourceContract):
    """Beyond that, of one that can be asked about many at once."""

    async def test_the_words_come_in_the_order_of_the_messages(self) -> None:
        messages = self.messages(5)
        answer = self.delivered([messages[3], messages[0]])
        found = await self.states(answer, messages)
        arrived = [isinstance(state, Found) for state in found]
        assert arrived == [True, False, False, True, False]

    async def test_a_message_left_out_of_the_answer_is_not_found(self) -> None:
        assert await self.states(self.delivered([]), self.messages(2)) == [NotFound(), NotFound()]

    async def test_a_failed_question_says_nothing_of_every_one(self) -> None:
        found = await self.states(httpx.ReadTimeout("read"), self.messages(3))
        assert [type(state) for state in found] == [NoAnswer] * 3
