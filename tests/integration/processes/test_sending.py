"""Posted to a real gateway, seen by the providers, answered and stored as it truly went."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.processes import PROVIDERS, Client, Json

TEXT = "Код 4821: Қазақша ӘәҒғҢңӨөҰұҮүҺһІі 😀👍🏽 & < > % + \"'\\ \u00a0€\nвторая строка\r\nthird"  # noqa: RUF001 - Cyrillic is the point
PHONE = "77011234567"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_text_reaches_the_provider_as_it_was_posted(client: Client, provider: str) -> None:
    answer = client.post("/sms", phones=f"+{PHONE}", message=TEXT, provider=provider)
    assert answer["status"] is True
    (sent,) = client.sent(provider=provider)
    assert (sent["channel"], sent["recipient"], sent["text"]) == ("sms", PHONE, TEXT)
    assert not sent["problems"]


@pytest.mark.parametrize("provider", ["smscru", "twilio"])
def test_a_call_reads_the_text_as_it_was_posted(client: Client, provider: str) -> None:
    text = "Ваш код: 4, 8, 2, 1. Tom & Jerry <b>50%</b> + 1\nПовторяю 😀"  # noqa: RUF001 - Cyrillic is the point
    answer = client.post("/call", phones=PHONE, message=text, provider=provider)
    assert answer["status"] is True
    (sent,) = client.sent(provider=provider)
    assert (sent["channel"], sent["recipient"], sent["text"]) == ("call", PHONE, text)


def test_every_phone_gets_the_text_once(client: Client) -> None:
    phones = [f"7701{number:07d}" for number in range(30)]
    posted = [*phones, f"+{phones[0]}", phones[1]]
    assert client.post("/sms", phones=posted, message="Hi")["status"] is True
    assert sorted(sent["recipient"] for sent in client.sent()) == phones


def test_many_recipients_leave_together_but_never_more_than_allowed(client: Client) -> None:
    phones = [f"7701{number:07d}" for number in range(40)]
    client.latency(0.03)
    for provider, most in (("smscru", 10), ("twilio", 4)):
        assert client.post("/sms", phones=phones, message="Hi", provider=provider)["status"]
        traffic = client.traffic(provider)
        assert (traffic["send"], traffic["parallel_sends"]) == (len(phones), most)


def test_requests_at_the_same_time_share_what_is_allowed(client: Client) -> None:
    client.latency(0.02)
    with ThreadPoolExecutor(30) as callers:
        answers = callers.map(
            lambda number: client.post("/sms", phones=f"7701{number:07d}", message="Hi"), range(60)
        )
        assert all(answer["status"] is True for answer in answers)
    traffic = client.traffic("smscru")
    assert traffic["send"] == 60
    assert 5 < traffic["parallel_sends"] <= 10


UNCONFIRMED = ("unconfirmed", "unknown")
FAULTS: list[tuple[Json, str | None, str, bool]] = [
    ({"fault": "accept_then_drop"}, *UNCONFIRMED, True),
    ({"fault": "drop"}, *UNCONFIRMED, False),
    ({"fault": "garbage"}, *UNCONFIRMED, False),
    ({"fault": "garbage", "accept": True}, *UNCONFIRMED, True),
    ({"fault": "oversize"}, *UNCONFIRMED, False),
    ({"fault": "status", "http_status": 500}, *UNCONFIRMED, False),
    ({"fault": "status", "http_status": 502, "accept": True}, *UNCONFIRMED, True),
    ({"fault": "status", "http_status": 429}, "provider_throttled", "failed", False),
    ({"fault": "slow", "seconds": 0.3}, None, "submitted", True),
    ({"fault": "latency", "seconds": 0.3}, None, "submitted", True),
]


def _name(fault: object) -> str:
    return "-".join(map(str, fault.values())) if isinstance(fault, dict) else ""


@pytest.mark.parametrize(("fault", "code", "status", "taken"), FAULTS, ids=_name)
def test_each_fault_has_its_verdict_and_its_state(
    client: Client, fault: Json, code: str | None, status: str, *, taken: bool
) -> None:
    client.fault(**fault)
    with ThreadPoolExecutor(len(PROVIDERS)) as callers:
        answers = list(callers.map(lambda provider: _post(client, provider), PROVIDERS))
    client.forget_faults()
    for provider, answer in zip(PROVIDERS, answers, strict=True):
        assert answer["status"] is (code is None), (provider, answer)
        assert answer.get("status_code") == code, (provider, answer)
        (row,) = answer["content"]["messages"]
        message = client.message(row["id"])
        assert (row["status"], message["status"]) == (status, status)
        assert message["attempts"] == 1
        assert [line["event"] for line in message["history"]] == ["accepted", status]
        assert bool(client.sent(provider=provider)) == taken
        assert client.traffic(provider)["send"] == 1


SLOW: list[tuple[Json, bool]] = [
    ({"fault": "accept_then_hang"}, True),
    ({"fault": "hang"}, False),
    ({"fault": "slow", "seconds": 3}, True),
    ({"fault": "latency", "seconds": 3}, True),
]


def test_an_answer_that_takes_too_long_leaves_the_outcome_open(client: Client) -> None:
    cases = [(provider, *case) for provider in PROVIDERS for case in SLOW]
    texts = [f"Slow {number:02}." for number in range(len(cases))]
    for (provider, fault, _), text in zip(cases, texts, strict=True):
        client.fault(provider=provider, contains=text, **fault)
    with ThreadPoolExecutor(len(cases)) as callers:
        answers = callers.map(lambda case, text: _post(client, case[0], text), cases, texts)
    for (provider, fault, taken), text, answer in zip(cases, texts, answers, strict=True):
        (row,) = answer["content"]["messages"]
        message = client.message(row["id"])
        assert (answer["status"], answer["status_code"]) == (False, "unconfirmed"), fault
        assert (row["status"], message["status"]) == ("unknown", "unknown")
        sent = [message for message in client.sent(provider=provider) if message["text"] == text]
        assert len(sent) == taken, fault


REFUSALS = {
    "smscru": (7, "recipient_refused"),
    "twilio": (21211, "recipient_refused"),
    "epochtasmsru": (-1, "provider_credentials"),
    "mobizonkz": (1, "recipient_refused"),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_is_told_with_the_providers_own_code(client: Client, provider: str) -> None:
    number, code = REFUSALS[provider]
    client.fault(fault="refuse", provider=provider, code=number)
    answer = _post(client, provider)
    (row,) = answer["content"]["messages"]
    assert (answer["status"], answer["status_code"]) == (False, code)
    assert row["error"]["provider_code"] == str(number)
    assert client.message(row["id"])["error"] == row["error"]
    assert not client.sent(provider=provider)


def test_one_refused_phone_does_not_stop_the_others(client: Client) -> None:
    client.fault(fault="refuse", provider="smscru", code=7, contains="77010000002")
    phones = [f"7701{number:07d}" for number in range(5)]
    answer = client.post("/sms", phones=phones, message="Hi")
    assert (answer["status"], answer["status_code"]) == (False, "recipient_refused")
    states = {row["phone"]: row["status"] for row in answer["content"]["messages"]}
    assert states == {**dict.fromkeys(phones, "submitted"), phones[2]: "rejected"}
    assert sorted(sent["recipient"] for sent in client.sent()) == phones[:2] + phones[3:]


def test_a_blacklisted_phone_hears_nothing_unless_it_is_forced(client: Client) -> None:
    client.post("/blacklist", phone=PHONE)
    assert client.post("/sms", phones=PHONE, message="Hi")["status_code"] == "blacklisted"
    assert client.post("/sms", phones=PHONE, message="Hi", force=True)["status"] is True
    assert len(client.sent()) == 1


def _post(client: Client, provider: str, text: str = "Hi") -> Json:
    return client.post("/sms", phones=PHONE, message=text, provider=provider, force=True)
