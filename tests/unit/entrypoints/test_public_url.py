"""The address providers reach us under."""

import logging

import pytest

from entrypoints.carriers import Carriers
from entrypoints.checks import problems_of
from entrypoints.public_url import twilio_receipts_url
from entrypoints.settings import Secret, Settings

PUBLIC = [
    "https://sms.example.kz",
    "http://sms.example.kz:8080",
    "https://sms.example.kz/habar/",
    "https://8.8.8.8",
    "https://[2001:4860:4860::8888]",
]
NOT_PUBLIC = [
    "http://localhost",
    "http://localhost.",
    "http://127.0.0.1:8080",
    "http://[::1]",
    "http://10.1.2.3",
    "http://192.168.1.1",
    "http://169.254.169.254",
    "http://habar",
    "http://habar.local",
    "http://sms.localhost",
    "http://habar.internal",
    "https://my_host.example.kz",
]


def a_deployment(public_url: str | None, twilio: str = "https://api.twilio.com") -> Settings:
    return Settings(
        sms_provider="twilio",
        twilio_sid="AC1",
        twilio_token=Secret("x"),
        twilio_phone="+15005550006",
        twilio_base_url=twilio,
        public_url=public_url,
    )


async def warnings_at_start(settings: Settings, caplog: pytest.LogCaptureFixture) -> list[str]:
    with caplog.at_level(logging.WARNING):
        await Carriers(settings).close()
    return [record.message for record in caplog.records if "PUBLIC_URL" in record.message]


@pytest.mark.parametrize("url", PUBLIC)
async def test_twilio_reports_to_a_public_address(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = a_deployment(url)
    assert twilio_receipts_url(settings) == f"{url.rstrip('/')}/callbacks/twilio/receipt"
    assert await warnings_at_start(settings, caplog) == []


@pytest.mark.parametrize("url", NOT_PUBLIC)
async def test_an_address_twilio_would_refuse_is_left_out_with_a_warning(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = a_deployment(url)
    assert twilio_receipts_url(settings) is None
    assert len(await warnings_at_start(settings, caplog)) == 1


async def test_without_an_address_there_is_nothing_to_warn_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert twilio_receipts_url(a_deployment(None)) is None
    assert await warnings_at_start(a_deployment(None), caplog) == []


def test_a_stand_in_on_this_machine_reports_to_this_machine() -> None:
    settings = a_deployment("http://127.0.0.1:8080", twilio="http://127.0.0.1:9090")
    assert twilio_receipts_url(settings) == "http://127.0.0.1:8080/callbacks/twilio/receipt"


@pytest.mark.parametrize("url", [*PUBLIC, *NOT_PUBLIC])
def test_every_such_address_can_be_set(url: str) -> None:
    assert problems_of(a_deployment(url)) == []


@pytest.mark.parametrize(
    "url",
    [
        "sms.example.kz",
        "ftp://sms.example.kz",
        "https://",
        "https://sms.example.kz?a=1",
        "https://sms.example.kz/#a",
        "https://user:word@sms.example.kz",
        "https://sms.example.kz:99999",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_a_problem(url: str) -> None:
    (problem,) = problems_of(a_deployment(url))
    assert problem.startswith("PUBLIC_URL: ")
