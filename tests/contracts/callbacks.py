"""What every reader of a provider's callbacks must do, whatever they look like."""

from abc import ABC, abstractmethod
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.callbacks import (
    Callback,
    CallbackOutcome,
    CallbackReader,
    Ignored,
    Malformed,
    Refused,
)
from domain.inbound import InboundMessage
from domain.message import RECEIPT_STATUSES
from domain.receipt import Receipt
from tests.contracts.messages import NOW

SECRET = "s3cret-phr4se"
PUBLIC_URL = "https://sms.example.kz"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

JUNK = [
    b"",
    b"\xff\xfe\x00\x98",
    b"=&=&&;%",
    b"%00=%00&%=%zz",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"{",
    b"null",
    b"[]",
    b"{}",
    b'{"status": 1e999999}',
    b'{"id": "\\ud800"}',
    b"&".join([b"status=1"] * 7_000),
    b"<RESPONSE/>",
]


def a_callback(
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/callbacks/any/receipt",
    query: str = "",
    content_type: str = FORM,
    **headers: str,
) -> Callback:
    return Callback(
        method=method,
        url=f"{PUBLIC_URL}{path}" + (f"?{query}" if query else ""),
        query=query.encode(),
        headers={"content-type": content_type}
        | {name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
    )


def form(*fields: tuple[str, str], **more: str) -> bytes:
    return urlencode([*fields, *more.items()]).encode()


def storable(text: str | None, length: int) -> bool:
    if text is None:
        return True
    text.encode()  # half a surrogate pair cannot be
    return len(text) <= length and "\x00" not in text


def check_bounds(outcome: CallbackOutcome) -> None:
    """Check that what a callback says can be kept as it is."""
    match outcome:
        case Receipt():
            assert outcome.status in RECEIPT_STATUSES
            assert storable(outcome.provider_id, 64)
            assert storable(outcome.provider_code, 64)
            assert storable(outcome.text, 300)
        case InboundMessage():
            assert outcome.phone
            assert storable(outcome.provider_id, 64)
            assert storable(outcome.phone, 32)
            assert storable(outcome.to, 32)
            assert storable(outcome.text, 100_000)
        case Refused() | Malformed():
            assert outcome.text
        case Ignored():
            pass


class CallbackReaderContract(ABC):
    """Subclass once per provider, and fill in the abstract parts."""

    @abstractmethod
    def reader(self, secret: str = SECRET) -> CallbackReader:
        """Make the reader; an empty secret is none."""

    @abstractmethod
    def delivered(self) -> Callback:
        """A genuine callback: a message has arrived."""

    @abstractmethod
    def unsigned(self, body: bytes, query: bytes) -> Callback:
        """Bring any bytes into the form of a callback."""

    @abstractmethod
    def signed(self, status: str, provider_id: str) -> Callback:
        """A genuine callback that says anything, in the provider's own words."""

    def test_a_genuine_callback_is_a_receipt(self) -> None:
        receipt = self.reader().read(self.delivered())
        assert isinstance(receipt, Receipt)
        assert receipt.status == "delivered"
        assert receipt.at == NOW
        assert receipt.provider_id
        assert receipt.provider_code
        check_bounds(receipt)

    def test_read_again_it_says_the_same(self) -> None:
        reader = self.reader()
        assert reader.read(self.delivered()) == reader.read(self.delivered())

    def test_without_a_secret_nothing_is_believed(self) -> None:
        assert isinstance(self.reader("").read(self.delivered()), Refused)

    def test_with_another_secret_it_is_refused(self) -> None:
        assert isinstance(self.reader(f"{SECRET}x").read(self.delivered()), Refused)
        assert isinstance(self.reader(SECRET[:-1]).read(self.delivered()), Refused)

    def test_neither_the_secret_nor_what_came_is_in_a_repr(self) -> None:
        assert SECRET not in repr(self.reader())
        genuine = self.delivered()
        assert genuine.body.decode()[:20] not in repr(genuine)
        assert "77011234567" not in repr(genuine)

    @pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk[:12]))
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_garbage_is_neither_believed_nor_an_error(self, method: str, junk: bytes) -> None:
        for callback in (self.unsigned(junk, b""), self.unsigned(b"", junk)):
            outcome = self.reader().read(replace(callback, method=method))
            assert isinstance(outcome, Refused | Malformed)
            check_bounds(outcome)

    @given(body=st.binary(max_size=300), query=st.binary(max_size=100), get=st.booleans())
    def test_no_bytes_whatsoever_raise(self, body: bytes, query: bytes, get: bool) -> None:  # noqa: FBT001 - drawn
        callback = replace(self.unsigned(body, query), method="GET" if get else "POST")
        outcome = self.reader().read(callback)
        check_bounds(outcome)
        assert not isinstance(outcome, Receipt | InboundMessage)

    @given(data=st.data())
    def test_no_change_of_a_genuine_one_raises(self, data: st.DataObject) -> None:
        genuine = self.delivered()
        at = data.draw(st.integers(0, max(len(genuine.body) - 1, 0)))
        put = data.draw(st.binary(max_size=3))
        body = genuine.body[:at] + put + genuine.body[at + 1 :]
        outcome = self.reader().read(replace(genuine, body=body))
        check_bounds(outcome)
        assert not isinstance(outcome, InboundMessage)

    @given(status=st.text(max_size=200), provider_id=st.text(max_size=200))
    def test_whatever_the_provider_says_can_be_kept(self, status: str, provider_id: str) -> None:
        check_bounds(self.reader().read(self.signed(status, provider_id)))
