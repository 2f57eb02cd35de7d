"""What the simulator saw and does can be read and set over HTTP as well."""

import json
from pathlib import Path

import aiohttp
import pytest

from entrypoints.simulator.accounts import SimulatorSettings
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Client


async def test_the_log_is_read_by_provider_reference_and_phone(client: Client) -> None:
    await client.send_each("Код 4821", "ref-1")
    await client.smscru(id="ref-2", phones="+79031112233")

    async def read(**query: str) -> list[tuple[str, str]]:
        answer = await client.request("GET", "/simulator/sent", params=query)
        return [(item["provider"], item["reference"]) for item in answer.json()]

    each = [(provider.value, "ref-1") for provider in ProviderCode]
    assert await read() == [*each, ("smscru", "ref-2")]
    assert await read(reference="ref-1") == each
    assert await read(phone=f"+{PHONE}") == each
    assert await read(provider="smscru", phone="79031112233") == [("smscru", "ref-2")]
    assert await read(provider="smscru", reference="ref-1") == [("smscru", "ref-1")]
    assert await read(provider="nobody") == []
    await client.request("DELETE", "/simulator/sent")
    assert await read() == []


async def test_a_logged_message_reads_as_plain_json(client: Client) -> None:
    await client.smscru(id="a", sender="ACME")
    [item] = (await client.request("GET", "/simulator/sent")).json()
    assert item["text"] == "Код 4821"
    assert item["sent_at"].endswith("Z")
    assert set(item) == {
        *("provider", "channel", "recipient", "wire_recipient", "text", "sent_at", "arrival"),
        *("sender", "reference", "provider_id", "problems", "spoken", "twiml", "parameters"),
    }


async def test_every_request_is_counted_also_the_refused(client: Client) -> None:
    await client.smscru()
    await client.smscru(psw="wrong")
    await client.smscru("balance")
    await client.twilio_raw("GET", "Messages.json")
    counts = (await client.request("GET", "/simulator/requests")).json()
    assert counts["smscru"] == {
        "total": 3,
        "send": 2,
        "lookup": 0,
        "balance": 1,
        "other": 0,
        "parallel_sends": 1,
    }
    assert (counts["twilio"]["lookup"], counts["mobizonkz"]["total"]) == (1, 0)
    await client.request("DELETE", "/simulator/requests")
    counts = (await client.request("GET", "/simulator/requests")).json()
    assert counts["smscru"]["total"] == 0


async def test_states_are_set_listed_and_cleared(client: Client) -> None:
    await client.smscru(id="a")
    state = {"provider": "smscru", "reference": "a", "status": 3}
    assert (await client.request("POST", "/simulator/states", json=state)).status == 200
    [listed] = (await client.request("GET", "/simulator/states")).json()
    assert listed["status"] == 3
    assert (await client.smscru("status", phone=PHONE, id="a")).json()["status"] == 3
    await client.request("DELETE", "/simulator/states")
    assert (await client.smscru("status", phone=PHONE, id="a")).json()["status"] == 1


async def test_a_message_can_be_found_late(client: Client) -> None:
    client.simulator.states.set(State(provider=ProviderCode.SMSCRU, phone=PHONE, missing_for=2))
    await client.smscru(id="a")
    answers = [await client.smscru("status", phone=PHONE, id="a") for _ in range(3)]
    assert [answer.json()["status"] for answer in answers] == [-3, -3, 1]
    client.simulator.states.set(State(provider=ProviderCode.TWILIO, missing_for=1))
    sid = (await client.twilio()).json()["sid"]
    path = "Messages.json"
    assert (await client.twilio_raw("GET", path)).json()["messages"] == []
    [found] = (await client.twilio_raw("GET", path)).json()["messages"]
    assert found["sid"] == sid


async def test_the_narrowest_state_counts(client: Client) -> None:
    for selection, status in (({}, 0), ({"phone": PHONE}, 20), ({"reference": "a"}, 3)):
        state = {"provider": "smscru", **selection, "status": status}
        await client.request("POST", "/simulator/states", json=state)
    await client.smscru(id="a")
    await client.smscru(id="b")
    await client.smscru(id="c", phones="+79031112233")
    asked = ((PHONE, "a"), (PHONE, "b"), ("79031112233", "c"))
    answers = [await client.smscru("status", phone=phone, id=name) for phone, name in asked]
    assert [answer.json()["status"] for answer in answers] == [3, 20, 0]


async def test_faults_are_set_listed_and_cleared(client: Client) -> None:
    fault = {"provider": "twilio", "fault": "status", "times": 2, "http_status": 500}
    assert (await client.request("POST", "/simulator/faults", json=fault)).status == 200
    assert (await client.twilio()).status == 500
    [listed] = (await client.request("GET", "/simulator/faults")).json()
    assert (listed["fault"], listed["times"]) == ("status", 1)
    await client.request("DELETE", "/simulator/faults?provider=smscru")
    assert len((await client.request("GET", "/simulator/faults")).json()) == 1
    await client.request("DELETE", "/simulator/faults")
    assert (await client.twilio()).status == 201


async def test_latency_is_set_for_everything(client: Client) -> None:
    await client.request("POST", "/simulator/latency", json={"seconds": 0.2})
    with pytest.raises(TimeoutError):
        await client.request("GET", "/sys/balance.php", timeout=aiohttp.ClientTimeout(total=0.1))
    await client.request("POST", "/simulator/latency", json={"seconds": 0})
    assert (await client.smscru("balance")).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("states", "{"),
        ("states", "[" * 100_000),
        ("states", b"\xff"),
        ("states", '{"provider": "nobody"}'),
        ("states", '{"provider": "smscru", "status": "delivered"}'),
        ("faults", '{"fault": "sulk"}'),
        ("faults", '{"fault": "refuse"}'),
        ("faults", '{"fault": "status", "http_status": 599}'),
        ("faults", '{"fault": "hang", "time": 1}'),
        ("faults", '{"fault": "hang", "times": 0}'),
        ("latency", '{"seconds": "long"}'),
        ("latency", '{"seconds": -1}'),
    ],
)
async def test_a_wrong_order_is_refused_with_a_reason(
    client: Client, path: str, body: str | bytes
) -> None:
    answer = await client.request("POST", f"/simulator/{path}", data=body)
    assert answer.status == 400
    assert answer.json()["error"]


async def test_a_wrong_provider_in_a_query_is_refused(client: Client) -> None:
    answer = await client.request("DELETE", "/simulator/faults?provider=nobody")
    assert answer.status == 400


async def test_a_log_file_has_one_line_for_each_message_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    settings = SimulatorSettings(log_path=path)
    for run in (1, 2):
        async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
            await Client(simulator, http).send_each("Код\n4821", f"run-{run}")
            lines = path.read_text(encoding="utf-8").splitlines()
    references = [json.loads(line)["reference"] for line in lines]
    assert references == ["run-1"] * 4 + ["run-2"] * 4
