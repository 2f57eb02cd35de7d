"""What every provider adapter must do, whatever its wire looks like."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.ports.providers import BalanceSource, ProviderLookup
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import RECEIPT_STATUSES, Message
from domain.outcome import (
    Accepted,
    Rejected,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from tests.contracts.messages import MESSAGE_ID, NOW, a_message

SECRET = "s3cret-p4ss"
"""Every adapter under test is given this password, token or key."""

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=70
)

Handler = Callable[[httpx.Request], httpx.Response]

NOT_SENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("connect"),
    httpx.PoolTimeout("pool"),
]
PERHAPS_SENT = [
    httpx.ReadTimeout("read"),
    httpx.WriteTimeout("write"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("garbage"),
]
NO_VERDICT = [
    httpx.Response(500, text="<html>oops</html>"),
    httpx.Response(502, text="<html>bad gateway</html>"),
    httpx.Response(200, text=""),
    httpx.Response(200, text="<html>maintenance</html>"),
    httpx.Response(200, content=b"\xff\xfe\x00garbage"),
    httpx.Response(200, content=b"[" * 100_000),
    httpx.Response(200, content=b'{"a":' * 100_000),
    httpx.Response(200, text="null"),
    httpx.Response(200, text="[]"),
    httpx.Response(200, text="{}"),
    httpx.Response(200, text="0"),
    httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
]


class Wire:
    """A transport that answers as it is told and keeps what it was sent."""

    def __init__(self, answer: Handler | httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        self.transport = httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        if isinstance(self._answer, httpx.Response):
            kept = self._answer
            return httpx.Response(kept.status_code, headers=kept.headers, content=kept.content)
        return self._answer(request)

    @property
    def request(self) -> httpx.Request:
        assert len(self.requests) == 1, "one submission is one request"
        return self.requests[0]


class SubmissionContract(ABC):
    """Subclass once per provider and channel, and fill in the abstract parts."""

    @abstractmethod
    def provider(self, transport: httpx.AsyncBaseTransport) -> object:
        """Make the adapter, with ``SECRET`` as its password, token or key."""

    @abstractmethod
    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        """Call ``submit`` or ``place``."""

    @abstractmethod
    def accepting(self) -> httpx.Response:
        """The provider's answer to a message it takes."""

    @abstractmethod
    def refusing(self) -> httpx.Response:
        """Its answer to a recipient it refuses for good."""

    @abstractmethod
    def locking_out(self) -> httpx.Response:
        """Its answer to wrong credentials."""

    @abstractmethod
    def text_sent(self, request: httpx.Request) -> str:
        """Read the message's text back from the wire."""

    @abstractmethod
    def recipient_sent(self, request: httpx.Request) -> str:
        """Read the recipient back from the wire."""

    @abstractmethod
    def reference_sent(self, request: httpx.Request) -> str | None:
        """Read our reference back from the wire; ``None`` where it has no field for one."""

    def message(self, text: str = "Код 4821") -> Message:
        """The message to hand over."""
        return a_message(text)

    async def outcome(self, answer: Handler | httpx.Response | Exception) -> SubmitOutcome:
        return await self.hand_over(self.provider(Wire(answer).transport), self.message())

    async def test_a_message_taken_is_accepted(self) -> None:
        assert isinstance(await self.outcome(self.accepting()), Accepted)

    async def test_a_refusal_is_final_and_keeps_the_providers_code(self) -> None:
        outcome = await self.outcome(self.refusing())
        assert isinstance(outcome, Rejected)
        assert outcome.provider_code

    async def test_wrong_credentials_prove_that_nothing_was_taken(self) -> None:
        outcome = await self.outcome(self.locking_out())
        assert isinstance(outcome, Unavailable)
        assert outcome.kind is UnavailableKind.CREDENTIALS

    @pytest.mark.parametrize("error", NOT_SENT, ids=repr)
    async def test_without_a_connection_nothing_was_taken(self, error: Exception) -> None:
        outcome = await self.outcome(error)
        assert isinstance(outcome, Unavailable)
        assert outcome.kind is UnavailableKind.NETWORK

    @pytest.mark.parametrize("error", PERHAPS_SENT, ids=repr)
    async def test_a_lost_answer_leaves_the_outcome_open(self, error: Exception) -> None:
        assert isinstance(await self.outcome(error), Unconfirmed)

    @pytest.mark.parametrize("answer", NO_VERDICT, ids=lambda r: f"{r.status_code}-{r.text[:9]!r}")
    async def test_an_answer_without_a_verdict_leaves_the_outcome_open(
        self, answer: httpx.Response
    ) -> None:
        assert isinstance(await self.outcome(answer), Unconfirmed)

    @given(status=st.integers(200, 599), body=st.binary(max_size=200))
    async def test_no_answer_whatsoever_raises(self, status: int, body: bytes) -> None:
        outcome = await self.outcome(httpx.Response(status, content=body))
        assert isinstance(outcome, Accepted | Rejected | Unavailable | Unconfirmed)

    @given(text=TEXTS)
    @example("Тест Қазақша әіңғүұқөһ 😀👨‍👩‍👧 &<>%+\"' line\nbreak\r\n~tilde ^{}\\[]|€ %1%")
    async def test_the_text_arrives_character_by_character(self, text: str) -> None:
        wire = Wire(self.accepting())
        await self.hand_over(self.provider(wire.transport), self.message(text))
        assert self.text_sent(wire.request) == text

    async def test_one_recipient_goes_out_in_international_form(self) -> None:
        wire = Wire(self.accepting())
        await self.hand_over(self.provider(wire.transport), self.message())
        assert self.recipient_sent(wire.request).removeprefix("+") == "77011234567"

    async def test_our_reference_goes_along_where_the_wire_has_room(self) -> None:
        wire = Wire(self.accepting())
        await self.hand_over(self.provider(wire.transport), self.message())
        reference = self.reference_sent(wire.request)
        assert reference is None or MESSAGE_ID.hex in reference.replace("-", "")

    async def test_the_secret_is_neither_in_the_url_nor_in_a_repr(self) -> None:
        wire = Wire(self.accepting())
        provider = self.provider(wire.transport)
        await self.hand_over(provider, self.message())
        assert SECRET not in str(wire.request.url)
        assert SECRET not in repr(provider)
        assert SECRET not in str(vars(provider))

    async def test_the_text_and_the_number_are_not_in_the_url(self) -> None:
        wire = Wire(self.accepting())
        await self.hand_over(self.provider(wire.transport), self.message("Sesame"))
        assert "Sesame" not in str(wire.request.url)
        assert "77011234567" not in str(wire.request.url)


class LookupContract(ABC):
    """Subclass once per provider and channel that can be asked about an attempt."""

    @abstractmethod
    def lookup(self, transport: httpx.AsyncBaseTransport) -> ProviderLookup:
        """Make the adapter."""

    @abstractmethod
    def knowing(self) -> httpx.Response:
        """The provider's answer about a message that was delivered."""

    @abstractmethod
    def not_knowing(self) -> httpx.Response:
        """Its answer about a message it never saw."""

    def message(self) -> Message:
        """The message asked about: its answer was lost, so it has no provider id."""
        return a_message()

    async def answer(self, answer: Handler | httpx.Response | Exception) -> Lookup:
        attempt = Attempt(message=self.message(), started_at=NOW)
        return await self.lookup(Wire(answer).transport).find(attempt)

    async def test_a_message_it_has_is_found_with_its_state(self) -> None:
        found = await self.answer(self.knowing())
        assert isinstance(found, Found)
        assert found.status == "delivered"

    async def test_a_message_it_never_saw_is_not_found(self) -> None:
        assert await self.answer(self.not_knowing()) == NotFound()

    @pytest.mark.parametrize("error", NOT_SENT + PERHAPS_SENT, ids=repr)
    async def test_a_failed_question_says_nothing_of_the_message(self, error: Exception) -> None:
        assert isinstance(await self.answer(error), NoAnswer)

    @pytest.mark.parametrize("answer", NO_VERDICT, ids=lambda r: f"{r.status_code}-{r.text[:9]!r}")
    async def test_an_unreadable_answer_says_nothing_of_the_message(
        self, answer: httpx.Response
    ) -> None:
        assert isinstance(await self.answer(answer), NoAnswer)

    @given(status=st.integers(200, 599), body=st.binary(max_size=200))
    async def test_no_answer_to_the_question_raises(self, status: int, body: bytes) -> None:
        found = await self.answer(httpx.Response(status, content=body))
        assert not isinstance(found, Found) or found.status in RECEIPT_STATUSES


class BalanceContract(ABC):
    """Subclass once per provider that tells its balance."""

    @abstractmethod
    def source(self, transport: httpx.AsyncBaseTransport) -> BalanceSource:
        """Make the adapter."""

    @abstractmethod
    def telling(self, amount: str) -> httpx.Response:
        """The provider's answer with this amount of money."""

    async def balance(self, answer: Handler | httpx.Response | Exception) -> Balance | NoAnswer:
        return await self.source(Wire(answer).transport).balance()

    async def test_the_amount_is_exact(self) -> None:
        balance = await self.balance(self.telling("282.7512"))
        assert isinstance(balance, Balance)
        assert balance.amount == Decimal("282.7512")

    @pytest.mark.parametrize("error", NOT_SENT + PERHAPS_SENT, ids=repr)
    async def test_a_failed_question_is_no_balance(self, error: Exception) -> None:
        assert isinstance(await self.balance(error), NoAnswer)

    @pytest.mark.parametrize("answer", NO_VERDICT, ids=lambda r: f"{r.status_code}-{r.text[:9]!r}")
    async def test_an_unreadable_answer_is_no_balance(self, answer: httpx.Response) -> None:
        assert isinstance(await self.balance(answer), NoAnswer)

    @pytest.mark.parametrize("amount", ["NaN", "Infinity", "", "many"])
    async def test_what_is_no_number_is_no_balance(self, amount: str) -> None:
        assert isinstance(await self.balance(self.telling(amount)), NoAnswer)
