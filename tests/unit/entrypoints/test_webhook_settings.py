import pytest

from entrypoints.checks import problems_of
from entrypoints.settings import read_settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOOD = {
    "SMS_DUMMY": "true",
    "WEBHOOK_URLS": "https://shop.example/habar?key=s3cret, http://127.0.0.1:9191",
    "WEBHOOK_HOSTS": "shop.example,Bank.Example",
    "WEBHOOK_SECRETS": f"{SECRET},{SECRET}",
}


def problems(**changed: str) -> list[str]:
    return problems_of(read_settings({**GOOD, **changed}))


def test_addresses_hosts_and_secrets_are_taken() -> None:
    assert problems() == []


@pytest.mark.parametrize("left_out", ["WEBHOOK_URLS", "WEBHOOK_HOSTS"])
def test_without_a_secret_nobody_is_told(left_out: str) -> None:
    (problem,) = problems(**{"WEBHOOK_SECRETS": "", left_out: ""})
    assert problem.startswith("WEBHOOK_SECRETS: needed by")


def test_without_anybody_to_tell_nothing_is_needed() -> None:
    assert problems(WEBHOOK_SECRETS="", WEBHOOK_URLS="", WEBHOOK_HOSTS="") == []


@pytest.mark.parametrize(
    "url",
    [
        "shop.example",
        "ftp://shop.example",
        "https://user:s3cret@shop.example/",
        "https://shop.example/#s3cret",
        "https://",
    ],
)
def test_an_address_nothing_can_be_posted_to_is_refused_without_being_shown(url: str) -> None:
    (problem,) = problems(WEBHOOK_URLS=f"https://shop.example,{url}")
    assert problem.startswith("WEBHOOK_URLS: expected")
    assert "s3cret" not in problem


@pytest.mark.parametrize("host", ["https://shop.example", "shop.example:443", "*.example", "a/b"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    (problem,) = problems(WEBHOOK_HOSTS=f"shop.example,{host}")
    assert problem.startswith("WEBHOOK_HOSTS: expected")


@pytest.mark.parametrize("secret", ["s3cret", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!"])
def test_a_secret_nobody_could_check_is_refused_without_being_shown(secret: str) -> None:
    (problem,) = problems(WEBHOOK_SECRETS=f"{SECRET},{secret}")
    assert problem.startswith("WEBHOOK_SECRETS: expected")
    assert "s3cret" not in problem
