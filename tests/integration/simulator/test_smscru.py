"""smsc.ru's stand-in answers and refuses as the provider does."""

import asyncio

import aiohttp
import pytest

from entrypoints.simulator.accounts import SimulatorSettings, SmscruAccount
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.minute import MinuteLimit
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Client

SMSCRU = ProviderCode.SMSCRU


async def test_a_send_is_answered_as_recorded(client: Client) -> None:
    answer = await client.smscru(id="ord-7f3a9c", cost="3")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=windows-1251"
    assert answer.body == (
        b'{\n"id": "ord-7f3a9c",\n"cnt": 1,\n"cost": "3.80",\n"balance": "282.75"\n}'
    )


async def test_a_send_is_kept_with_everything_the_wire_carried(client: Client) -> None:
    await client.smscru(id="ord-1", sender="ACME", mes="Код: 4821 & 🙂")
    [message] = client.simulator.sent
    assert (message.provider, message.channel, message.sender) == ("smscru", "sms", "ACME")
    assert (message.recipient, message.wire_recipient) == (PHONE, f"+{PHONE}")
    assert (message.text, message.reference, message.provider_id) == (
        "Код: 4821 & 🙂",
        "ord-1",
        "ord-1",
    )
    assert message.arrival == 1
    assert message.problems == ()
    assert "psw" not in message.parameters


async def test_without_an_id_the_provider_gives_a_bare_number(client: Client) -> None:
    answer = (await client.smscru(id="0")).json()
    assert isinstance(answer["id"], int)
    [message] = client.simulator.sent
    assert (message.provider_id, message.reference) == (str(answer["id"]), None)


async def test_a_key_replaces_login_and_password(client: Client) -> None:
    answer = await client.smscru(login=None, psw=None, apikey="habar-key")
    assert answer.json()["cnt"] == 1


async def test_fields_in_the_query_count_as_well(client: Client) -> None:
    query = {"login": "habar", "psw": "secret", "fmt": "3", "phones": PHONE, "mes": "hi"}
    assert (await client.request("GET", "/sys/send.php", params=query)).json()["cnt"] == 1


async def test_a_multipart_form_is_read(client: Client) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in {"apikey": "habar-key", "phones": PHONE, "charset": "utf-8"}.items():
        form.add_field(name, value)
    form.add_field("mes", "Код\r\n--4821--")
    await client.request("POST", "/sys/send.php", data=form)
    [message] = client.simulator.sent
    assert message.text == "Код\r\n--4821--"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"psw": "wrong"}, 2, "authorise error"),
        ({"login": None, "psw": None, "apikey": "wrong"}, 2, "authorise error"),
        ({"mes": None}, 1, "parameters error"),
        ({"phones": ""}, 1, "parameters error"),
        ({"mes": "x" * 1001}, 1, "parameters error"),
        ({"id": "x" * 41}, 1, "parameters error"),
        ({"id": "2147483648"}, 1, "parameters error"),
        ({"valid": "25"}, 1, "parameters error"),
        ({"call": "1", "voice": "robot"}, 1, "parameters error"),
        ({"call": "1", "param": "25,5,2"}, 1, "parameters error"),
        ({"fmt": "3", "time": "tomorrow"}, 5, "invalid date format"),
    ],
)
async def test_a_refusal_has_a_number_and_no_id(
    client: Client, fields: dict[str, str | None], code: int, words: str
) -> None:
    answer = await client.smscru(**fields)
    assert answer.status == 200
    assert answer.json() == {"error": words, "error_code": code}
    assert len(client.simulator.sent) == 0


async def test_a_wrong_number_is_refused_with_an_id(client: Client) -> None:
    answer = await client.smscru(phones="+7123", id="34")
    assert answer.body == b'{\n"error": "invalid number",\n"error_code": 7,\n"id": 34\n}'


async def test_a_thousand_characters_pass(client: Client) -> None:
    assert (await client.smscru(mes="ж" * 1000)).json()["cnt"] == 15


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("0", b"OK - 1 SMS, ID - 5", b"ERROR = 7 (invalid number), ID - 5"),
        ("1", b"5,1", b"5,-7"),
    ],
)
async def test_other_formats_are_lines_of_text(
    client: Client, kind: str, good: bytes, bad: bytes
) -> None:
    assert (await client.smscru(fmt=kind, id="5")).body == good
    assert (await client.smscru(fmt=kind, id="5", phones="+7123")).body == bad


async def test_a_price_is_told_and_nothing_is_sent(client: Client) -> None:
    assert (await client.smscru(cost="1")).json() == {"cost": "3.80", "cnt": 1}
    assert len(client.simulator.sent) == 0


async def test_of_several_numbers_the_wrong_ones_show_only_on_demand(client: Client) -> None:
    phones = f"+{PHONE};+79031112233,+7123"
    assert (await client.smscru(phones=phones, id="j")).json() == {"id": "j", "cnt": 2}
    rows = (await client.smscru(phones=phones, op="1")).json()["phones"]
    assert [row.get("error") for row in rows] == [None, None, "249"]
    bad = (await client.smscru(phones=phones, err="1")).json()["phones"]
    assert [row["phone"] for row in bad] == ["7123"]


async def test_without_a_plus_a_number_is_corrected(client: Client) -> None:
    await client.smscru(phones="87011234567")
    await client.smscru(phones="+87011234567")
    assert [message.recipient for message in client.simulator.sent] == [PHONE, "87011234567"]


async def test_text_without_utf_8_is_read_as_windows_1251(client: Client) -> None:
    assert (await client.smscru(charset=None, mes="Код")).json()["cnt"] == 1
    [message] = client.simulator.sent
    assert message.text == "РљРѕРґ"
    assert message.problems == ("charset is not utf-8",)


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({"mes": "__CALL__ hello"}, "call"),
        ({"mes": "  __viber__hello"}, "viber"),
        ({"mes": "__HLR__"}, "hlr"),
        ({"mes": "__CALL__{menu: 1}"}, "ivr"),
        ({"call": "1"}, "call"),
        ({"call": "1", "mes": "code"}, "code_call"),
        ({"call": "1", "mes": "press {menu: 1}"}, "ivr"),
        ({"mes": "press {menu: 1}"}, "sms"),
        ({"mes": "say __CALL__"}, "sms"),
        ({"phones": "G12"}, "group"),
        ({"hlr": "1", "mes": None}, "hlr"),
        ({"flash": "1"}, "sms"),
    ],
)
async def test_a_message_is_logged_under_the_channel_it_would_take(
    client: Client, fields: dict[str, str | None], channel: str
) -> None:
    await client.smscru(**fields)
    assert [message.channel for message in client.simulator.sent] == [channel]


async def test_a_call_counts_seconds_and_a_code_call_tells_its_code(client: Client) -> None:
    assert (await client.smscru(call="1", id="c-1")).json() == {"id": "c-1", "cnt": 5}
    assert len((await client.smscru(call="1", mes="code")).json()["code"]) == 6


async def test_a_list_sends_each_line_to_its_own_phones(client: Client) -> None:
    rows = f"+{PHONE}:one\\ntwo\nACME|+79031112233,+79031112234:three"
    answer = await client.smscru(phones=None, mes=None, list=rows)
    assert answer.json()["cnt"] == 3
    assert [(m.recipient, m.text, m.sender) for m in client.simulator.sent] == [
        (PHONE, "one\ntwo", None),
        ("79031112233", "three", "ACME"),
        ("79031112234", "three", "ACME"),
    ]


async def test_maxsms_cuts_the_text(client: Client) -> None:
    await client.smscru(mes="a" * 400, maxsms="2")
    [message] = client.simulator.sent
    assert (message.text, message.problems) == ("a" * 306, ("maxsms cut the text",))


async def test_a_comment_line_is_told_as_a_problem(client: Client) -> None:
    await client.smscru(mes="hello\n~~~ for me only")
    [message] = client.simulator.sent
    assert len(message.problems) == 1


async def test_a_message_is_delivered_when_it_is_asked_about(client: Client) -> None:
    await client.smscru(id="a")
    answer = (await client.smscru("status", phone=PHONE, id="a")).json()
    assert list(answer) == ["status", "last_date", "last_timestamp"]
    assert answer["status"] == 1


async def test_status_is_asked_by_phone_and_id_together(client: Client) -> None:
    await client.smscru(id="a")
    for asked in ({"phone": PHONE, "id": "b"}, {"phone": "79031112233", "id": "a"}):
        assert (await client.smscru("status", **asked)).json()["status"] == -3


async def test_a_state_set_is_told_with_its_reason(client: Client) -> None:
    await client.smscru(id="a", call="1")
    client.simulator.states.set(State(provider=SMSCRU, phone=PHONE, status=20, error_code=240))
    answer = (await client.smscru("status", phone=PHONE, id="a")).json()
    assert (answer["status"], answer["flag"], answer["err"]) == (20, 7, 240)


async def test_several_statuses_come_as_an_array(client: Client) -> None:
    await client.smscru(phones=f"+{PHONE},+79031112233", id="a")
    asked = {"phone": f"{PHONE},79031112233", "id": "a,a"}
    answers = (await client.smscru("status", **asked)).json()
    assert [(a["status"], a["id"], a["phone"]) for a in answers] == [
        (1, "a", PHONE),
        (1, "a", "79031112233"),
    ]
    single = (await client.smscru("status", phone=f"{PHONE},", id="a,")).json()
    assert len(single) == 1


async def test_the_whole_status_is_written_in_the_charset_asked_for(client: Client) -> None:
    await client.smscru(id="a")
    whole = await client.smscru("status", phone=PHONE, id="a", all="2", charset=None)
    text = whole.body.decode("windows-1251")
    assert '"status_name": "Доставлено"' in text
    assert '"message": "Код 4821"' in text


async def test_lists_of_unequal_length_are_refused(client: Client) -> None:
    answer = await client.smscru("status", phone=f"{PHONE},{PHONE}", id="a")
    assert answer.json()["error_code"] == 1


async def test_the_balance_is_a_quoted_number(client: Client) -> None:
    assert (await client.smscru("balance")).json() == {"balance": "282.75"}
    with_currency = (await client.smscru("balance", cur="1")).json()
    assert with_currency == {"balance": "282.75", "currency": "RUB"}
    assert (await client.smscru("balance", psw="x")).json()["error_code"] == 2


async def test_another_script_is_not_found(client: Client) -> None:
    assert (await client.smscru("phones")).status == 404


async def test_the_fifteenth_send_at_a_time_is_refused() -> None:
    settings = SimulatorSettings(latency_s=0.3)
    async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        answers = await asyncio.gather(*(client.smscru(id=f"n{i}") for i in range(15)))
        codes = [answer.json().get("error_code") for answer in answers]
        assert sorted(codes, key=bool) == [None] * 14 + [9]
        assert len(simulator.sent) == 14
        assert simulator.traffic.report()["smscru"]["parallel_sends"] == 15


async def test_repeats_and_polling_are_limited_when_switched_on() -> None:
    account = SmscruAccount(refuse_repeats=True, limit_polling=True)
    settings = SimulatorSettings(smscru=account)
    async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        assert "id" in (await client.smscru(id="a")).json()
        assert (await client.smscru(id="b")).json()["error_code"] == 9
        assert "id" in (await client.smscru(mes="another")).json()
        answers = [await client.smscru("status", phone=PHONE, id="a") for _ in range(6)]
        assert [a.json().get("error_code") for a in answers] == [None] * 5 + [9]


def test_a_minute_later_the_count_starts_again() -> None:
    now = 0.0
    limit = MinuteLimit(2, now=lambda: now)
    assert [limit.exceeded("a") for _ in range(3)] == [False, False, True]
    assert not limit.exceeded("b")
    now = 60.0
    assert not limit.exceeded("a")


async def test_repeats_pass_as_a_rule(client: Client) -> None:
    answers = [await client.smscru(id="a") for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"id": "a", "cnt": 1}] * 3


async def test_an_unregistered_sender_is_denied() -> None:
    settings = SimulatorSettings(smscru=SmscruAccount(senders=frozenset({"ACME"})))
    async with serve_simulator(settings) as simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        assert "cnt" in (await client.smscru(sender="ACME")).json()
        refused = (await client.smscru(sender="Other", id="x-1")).json()
        assert refused == {"error": "message is denied", "error_code": 6, "id": "x-1"}
