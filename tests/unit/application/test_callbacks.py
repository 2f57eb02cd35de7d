"""What is done with what providers tell us."""

import logging
from uuid import UUID

import pytest

from application.callbacks import TakeCallback
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from domain.inbound import InboundMessage
from domain.message import MessageStatus
from domain.receipt import Receipt
from tests.contracts.messages import NOW

RECEIPT = Receipt(provider="any", status=MessageStatus.DELIVERED, at=NOW, provider_id="1")
TEXT = InboundMessage(
    id=UUID(int=1), provider="any", phone="77011234567", to="1", text="Sesame", received_at=NOW
)
CALLBACK = Callback(method="POST", url=None, query=b"", headers={}, body=b"Sesame")


class Reading:
    """Reads whatever it is told to."""

    def __init__(self, outcome: CallbackOutcome) -> None:
        self.outcome = outcome

    def read(self, callback: Callback) -> CallbackOutcome:
        assert callback is CALLBACK
        return self.outcome


class Kept:
    """Keeps what it is given, unless it is out of order."""

    def __init__(self, error: Exception | None = None) -> None:
        self.all: list[Receipt | InboundMessage] = []
        self._error = error

    async def __call__(self, told: Receipt | InboundMessage) -> None:
        if self._error is not None:
            raise self._error
        self.all.append(told)


async def taken(outcome: CallbackOutcome) -> tuple[Kept, Kept]:
    receipts, texts = Kept(), Kept()
    take = TakeCallback({"any": Reading(outcome)}, receipts, texts)
    assert await take("any", CALLBACK) is outcome
    return receipts, texts


async def test_a_receipt_is_recorded() -> None:
    receipts, texts = await taken(RECEIPT)
    assert (receipts.all, texts.all) == ([RECEIPT], [])


async def test_a_text_is_received() -> None:
    receipts, texts = await taken(TEXT)
    assert (receipts.all, texts.all) == ([], [TEXT])


@pytest.mark.parametrize("outcome", [Ignored(), Refused("why"), Malformed("why")], ids=repr)
async def test_nothing_else_changes_anything(
    outcome: CallbackOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        receipts, texts = await taken(outcome)
    assert (receipts.all, texts.all) == ([], [])
    assert ("why" in caplog.text) == (outcome != Ignored())
    assert "Sesame" not in caplog.text


async def test_a_provider_without_callbacks_has_none() -> None:
    take = TakeCallback({}, Kept(), Kept())
    assert await take("any", CALLBACK) is None


@pytest.mark.parametrize("outcome", [RECEIPT, TEXT], ids=["receipt", "text"])
async def test_what_cannot_be_kept_is_not_taken(outcome: CallbackOutcome) -> None:
    broken = Kept(OSError("away"))
    take = TakeCallback({"any": Reading(outcome)}, broken, broken)
    with pytest.raises(OSError, match="away"):
        await take("any", CALLBACK)
