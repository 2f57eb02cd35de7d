"""Every provider, asked about messages it took."""

from collections.abc import Sequence
from urllib.parse import parse_qs, parse_qsl

import httpx
import pytest

from adapters.providers.epochtasmsru import Epochtasmsru, EpochtasmsruAccount
from adapters.providers.mobizonkz import Mobizonkz, MobizonkzAccount
from adapters.providers.smscru import Smscru, SmscruAccount
from application.ports.providers import ReceiptSource
from application.receipt_questions import OneByOne
from application.routing import SMS_PROVIDERS
from domain.lookup import Found
from domain.message import Message
from entrypoints.carriers import Carriers
from entrypoints.settings import Secret, Settings
from tests.contracts.providers import SECRET, Wire
from tests.contracts.receipt_source import BatchContract, ReceiptSourceContract
from tests.unit.adapters.providers.twilio_exchanges import AC, a_record, a_sid, twilio


class TestSmscru(ReceiptSourceContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> ReceiptSource:
        account = SmscruAccount(username="acme", password=SECRET)
        return OneByOne(Smscru(transport, account, base_url="https://smsc.example", timeout_s=30))

    def provider_id(self, number: int) -> str:
        return f"h{number:032x}"

    def delivered(self, messages: Sequence[Message]) -> httpx.Response:
        assert len(messages) == 1
        return httpx.Response(200, json={"status": 1, "last_timestamp": 1792326852})


class TestTwilio(ReceiptSourceContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> ReceiptSource:
        return OneByOne(twilio(transport))

    def provider_id(self, number: int) -> str:
        return a_sid(number)

    def delivered(self, messages: Sequence[Message]) -> httpx.Response:
        (message,) = messages
        return httpx.Response(200, json=a_record(message.provider_id or "", status="delivered"))


def epochta(transport: httpx.AsyncBaseTransport) -> Epochtasmsru:
    account = EpochtasmsruAccount(username="shop", password=SECRET, sender="MyShop")
    return Epochtasmsru(transport, account, base_url="https://api.example", timeout_s=30)


class TestEpochtasmsru(BatchContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> ReceiptSource:
        return epochta(transport)

    def provider_id(self, number: int) -> None:
        """Our reference is its only name."""

    def delivered(self, messages: Sequence[Message]) -> httpx.Response:
        lines = "".join(f'<message id="{m.id.hex}" status="DELIVERED"/>' for m in messages)
        return httpx.Response(200, text=f"<deliveryreport>{lines}</deliveryreport>")

    async def test_it_is_asked_by_our_references(self) -> None:
        messages = self.messages(3)
        wire = Wire(self.delivered(messages))
        await epochta(wire.transport).states(messages)
        (document,) = parse_qs(wire.request.content.decode(), strict_parsing=True)["XML"]
        asked = "".join(f"<messageid>{message.id.hex}</messageid>" for message in messages)
        assert f"<statistics>{asked}</statistics>" in document
        assert "<operation>GETSTATUS</operation>" in document

    async def test_of_a_message_that_is_there_twice_the_furthest_state_counts(self) -> None:
        (message, other) = self.messages(2)
        words = ("SENT", "DELIVERED", "EXPIRED")
        lines = "".join(f'<message id="{message.id.hex}" status="{word}"/>' for word in words)
        lines += f'<message id="{other.id.hex}" status="0"/>'
        answer = httpx.Response(200, text=f"<deliveryreport>{lines}</deliveryreport>")
        found = await self.states(answer, [message, other])
        assert [state.status for state in found if isinstance(state, Found)] == [
            "delivered",
            "submitted",
        ]


def mobizon(transport: httpx.AsyncBaseTransport) -> Mobizonkz:
    account = MobizonkzAccount(api_key=SECRET)
    return Mobizonkz(transport, account, base_url="https://api.example", timeout_s=30)


class TestMobizonkz(BatchContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> ReceiptSource:
        return mobizon(transport)

    def provider_id(self, number: int) -> str:
        return str(169275418 + number)

    def delivered(self, messages: Sequence[Message]) -> httpx.Response:
        items = [{"id": message.provider_id, "status": "DELIVRD"} for message in messages]
        return httpx.Response(200, json={"code": 0, "data": items, "message": ""})

    async def test_it_is_asked_by_its_own_ids(self) -> None:
        messages = self.messages(3)
        wire = Wire(self.delivered(messages))
        await mobizon(wire.transport).states(messages)
        form = dict(parse_qsl(wire.request.content.decode(), strict_parsing=True))
        asked = {name: value for name, value in form.items() if name.startswith("ids")}
        assert asked == {f"ids[{n}]": messages[n].provider_id for n in range(3)}
        assert wire.request.url.path.endswith("/message/getSMSStatus")

    async def test_an_id_may_come_as_a_number(self) -> None:
        messages = self.messages(1)
        items = [{"id": int(messages[0].provider_id or 0), "status": "UNDELIV"}]
        answer = httpx.Response(200, json={"code": 0, "data": items})
        (state,) = await self.states(answer, messages)
        assert isinstance(state, Found)
        assert state.status == "undeliverable"


@pytest.mark.parametrize(
    ("code", "batch"), [("smscru", 1), ("twilio", 1), ("epochtasmsru", 100), ("mobizonkz", 100)]
)
async def test_every_carrier_can_be_asked(code: str, batch: int) -> None:
    settings = Settings(
        smscru_username="acme",
        smscru_password=Secret("x"),
        twilio_sid=AC,
        twilio_token=Secret("x"),
        twilio_phone="+15005550006",
        epochtasmsru_username="shop",
        epochtasmsru_password=Secret("x"),
        epochtasmsru_sender="MyShop",
        mobizonkz_api_key=Secret("x"),
    )
    carriers = Carriers(settings)
    source = carriers.by_code[code].receipts
    await carriers.close()
    assert set(carriers.by_code) == set(SMS_PROVIDERS)
    assert source is not None
    assert source.batch == batch
