"""Mobizon's stand-in answers and refuses as the provider does."""

import json

import aiohttp
import pytest

from entrypoints.simulator.accounts import MobizonkzAccount, SimulatorSettings
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Client

MOBIZON = ProviderCode.MOBIZONKZ


async def test_a_send_is_answered_with_quoted_ids_and_a_bare_status(client: Client) -> None:
    answer = await client.mobizonkz(more={"params[name]": "n-1"})
    [message] = client.simulator.sent
    campaign = message.parameters["campaignId"]
    assert answer.status == 200
    assert answer.body.decode() == (
        f'{{"code":0,"data":{{"campaignId":"{campaign}","messageId":"{message.provider_id}",'
        '"status":2},"message":""}'
    )
    assert (message.reference, message.recipient, message.text) == ("n-1", PHONE, "Код 4821")
    assert "apiKey" not in message.parameters


@pytest.mark.parametrize(
    "method", ["Message/SendSmsMessage", "message/sendsmsmessage", "MESSAGE/SENDSMSMESSAGE"]
)
async def test_the_case_of_a_method_does_not_matter(client: Client, method: str) -> None:
    assert (await client.mobizonkz(method)).json()["code"] == 0


@pytest.mark.parametrize(
    ("method", "fields", "code"),
    [
        ("message/sendSmsMessage", {"apiKey": "kz1"}, 8),
        ("message/sendSmsMessage", {"apiKey": None}, 8),
        ("massage/sendSmsMessage", {}, 4),
        ("message/sendSms", {}, 5),
        ("user/getOwnBalance", {"output": "xml"}, 6),
        ("message/getSMSStatus", {}, 2),
        ("message/getSMSStatus", {"ids": ",".join(map(str, range(101)))}, 12),
        ("message/list", {"pagination[pageSize]": "7"}, 12),
        ("campaign/get", {"id": "1"}, 2),
    ],
)
async def test_a_refusal_is_a_code_with_200(
    client: Client, method: str, fields: dict[str, str | None], code: int
) -> None:
    answer = await client.mobizonkz(method, fields)
    body = answer.json()
    assert (answer.status, list(body)) == (200, ["code", "data", "message"])
    assert body["code"] == code
    assert body["message"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"recipient": "7701"}, "recipient"),
        ({"recipient": None}, "recipient"),
        ({"recipient": f" {PHONE}"}, "recipient"),
        ({"text": None}, "text"),
        ({"from": "A name too long"}, "from"),
        ({"params[validity]": "59"}, "params"),
        ({"params[name]": "x" * 256}, "params"),
        ({"params[deferredToTs]": "soon"}, "params"),
    ],
)
async def test_a_bad_field_is_named(
    client: Client, fields: dict[str, str | None], field: str
) -> None:
    body = (await client.mobizonkz(more=fields)).json()
    assert (body["code"], list(body["data"])) == (1, [field])
    assert len(client.simulator.sent) == 0


async def test_statuses_are_a_list_without_the_unknown(client: Client) -> None:
    ids = [(await client.mobizonkz()).json()["data"]["messageId"] for _ in range(2)]
    for asked in ({"ids": ",".join([*ids, "1"])}, {"ids[0]": ids[0], "ids[1]": ids[1]}):
        items = (await client.mobizonkz("message/getSMSStatus", asked)).json()["data"]
        assert [(item["id"], item["status"]) for item in items] == [(i, "DELIVRD") for i in ids]
        assert items[0]["segNum"] == "1"
    repeated = "&".join(f"ids[]={i}" for i in ids)
    key = client.simulator.settings.mobizonkz.api_key
    path = f"/service/message/getsmsstatus?apiKey={key}&{repeated}"
    assert len((await client.request("GET", path)).json()["data"]) == 2


async def test_what_is_not_sent_yet_has_no_times(client: Client) -> None:
    client.simulator.states.set(State(provider=MOBIZON, status="ENQUEUD"))
    message_id = (await client.mobizonkz()).json()["data"]["messageId"]
    [item] = (await client.mobizonkz("message/getSMSStatus", {"ids": message_id})).json()["data"]
    assert (item["status"], item["startSendTs"]) == ("ENQUEUD", None)


async def test_a_declined_campaign_leaves_its_message_new(client: Client) -> None:
    client.simulator.states.set(State(provider=MOBIZON, reference="n", status="DECLINED"))
    sent = (await client.mobizonkz(more={"params[name]": "n"})).json()["data"]
    assert sent["status"] == 1
    asked = {"ids": sent["messageId"]}
    [item] = (await client.mobizonkz("message/getSMSStatus", asked)).json()["data"]
    assert item["status"] == "NEW"
    campaign = (await client.mobizonkz("campaign/get", {"id": sent["campaignId"]})).json()["data"]
    assert (campaign["name"], campaign["commonStatus"]) == ("n", "DECLINED")


async def test_a_list_is_searched_by_number_text_and_time(client: Client) -> None:
    await client.mobizonkz(more={"params[name]": "a", "text": "one"})
    await client.mobizonkz(more={"params[name]": "b", "text": "two"})
    await client.mobizonkz(more={"recipient": "79031112233"})

    async def names(**criteria: str) -> list[str]:
        fields: dict[str, str | None] = {f"criteria[{k}]": v for k, v in criteria.items()}
        page = (await client.mobizonkz("message/list", fields)).json()["data"]
        assert page["totalItemCount"] == str(len(page["items"]))
        return [item["campaign"]["name"] for item in page["items"]]

    assert await names(to=PHONE) == ["b", "a"]
    assert await names(to="7701") == ["b", "a"]
    assert await names(to=PHONE, text="one") == ["a"]
    assert await names(to=PHONE, campaignCreateTsFrom="2020-01-01 00:00:00") == ["b", "a"]
    assert await names(to=PHONE, campaignCreateTsFrom="2999-01-01 00:00:00") == []
    assert await names(to=PHONE, campaignCreateTsTo="2020-01-01 00:00:00") == []
    assert await names(to=PHONE, status="UNDELIV") == []
    [message] = client.simulator.sent.find(reference="a")
    assert await names(campaignIds=message.parameters["campaignId"]) == ["a"]


async def test_a_list_goes_by_pages_counted_from_nought(client: Client) -> None:
    for i in range(26):
        await client.mobizonkz(more={"params[name]": str(i)})
    fields: dict[str, str | None] = {"pagination[currentPage]": "1", "sort[id]": "ASC"}
    page = (await client.mobizonkz("message/list", fields)).json()["data"]
    assert [item["campaign"]["name"] for item in page["items"]] == ["25"]
    assert page["totalItemCount"] == "26"


async def test_the_balance_is_a_text(client: Client) -> None:
    body = (await client.mobizonkz("user/getOwnBalance")).body
    assert json.loads(body)["data"] == {"balance": "4043.0656", "currency": "KZT"}


async def test_an_unregistered_sender_is_replaced_without_a_word() -> None:
    account = MobizonkzAccount(senders=frozenset({"Habar"}))
    settings = SimulatorSettings(mobizonkz=account)
    async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        for sender in ("Habar", "Other"):
            assert (await client.mobizonkz(more={"from": sender})).json()["code"] == 0
        first, second = simulator.sent
        assert (first.sender, first.problems) == ("Habar", ())
        assert second.sender == "MOBINFO"
        assert len(second.problems) == 1
