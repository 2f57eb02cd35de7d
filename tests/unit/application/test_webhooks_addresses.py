import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.webhooks_addresses import WebhookAddresses, host_of, masked
from domain.errors import InvalidTermsError

ADDRESSES = WebhookAddresses(
    ("https://own.example/all",), ("Shop.Example", "127.0.0.1", "xn--80ak6aa92e.com")
)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "http://shop.example/",
        "HTTPS://SHOP.EXAMPLE/Habar?order=7&x=%20",
        "https://shop.example:8443/a/b",
        "https://shop.example?x=1",
        "http://127.0.0.1:9191/",
        "https://xn--80ak6aa92e.com/",
        "https://own.example/all",
    ],
)
def test_a_callback_goes_to_a_host_that_is_allowed(url: str) -> None:
    ADDRESSES.check_callback(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example/",
        "ftp://shop.example/",
        "https://",
        "https:///habar",
        "https://shop.example.evil.example/",
        "https://evil.example/shop.example",
        "https://evil.example?shop.example",
        "https://sub.shop.example/",
        "https://shop.example./",
        "https://user@shop.example/",
        "https://shop.example@evil.example/",
        "https://shop.example:pass@evil.example/",
        "https://shop.example\\@evil.example/",
        "https://shop.example\\.evil.example/",
        "https://evil.example\\/shop.example",
        "https://shop.example/#part",
        "https://evil.example#@shop.example/",
        "https://shop.example:0/",
        "https://shop.example:65536/",
        "https://shop.example:/",
        "https://shop.example:\uff18\uff10/",
        "https://shop.example /",
        " https://shop.example/",
        "https://shop.example/a b",
        "https://shop.example/\n",
        "https://shop.example/\r\nX: y",
        "https://shop.example/\x00",
        "https://shop.example/ё",
        "https://shop。example/",
        "https://[::1",
        "https://shop.example/" + "x" * 2_000,
        "https://xn--80ak6aa92e.com.evil.example/",
    ],
)
def test_a_callback_goes_nowhere_else(url: str) -> None:
    with pytest.raises(InvalidTermsError) as caught:
        ADDRESSES.check_callback(url)
    (problem,) = caught.value.problems
    assert problem.field == "callback_url"
    assert problem.message.endswith(".")


@pytest.mark.parametrize(
    "host", ["xn--", "xn--99999999", "shop.xn--zzzzzzzzz.example", ".".join(["a" * 60] * 5)]
)
def test_a_name_nobody_can_read_is_no_host(host: str) -> None:
    assert host_of(f"https://{host}/") is None
    with pytest.raises(InvalidTermsError):
        WebhookAddresses(hosts=(host,)).check_callback(f"https://{host}/")


@given(url=st.text())
def test_whatever_comes_is_taken_or_refused(url: str) -> None:
    assert host_of(url) is None or ADDRESSES.permitted(url) in {True, False}


def test_without_hosts_no_request_has_an_address() -> None:
    with pytest.raises(InvalidTermsError):
        WebhookAddresses(("https://own.example/all",)).check_callback("https://shop.example/")


def test_everything_is_told_to_the_deployment_and_a_requests_own_to_its_address() -> None:
    own = ("https://own.example/all",)
    assert ADDRESSES.told(None) == own
    assert ADDRESSES.told("https://own.example/all") == own
    assert ADDRESSES.told("https://shop.example/x") == (*own, "https://shop.example/x")
    # It was allowed where the request came in.
    assert ADDRESSES.told("https://other.example/x") == (*own, "https://other.example/x")


@pytest.mark.parametrize("rest", ["/secret/path", "?key=secret", "/?a=secret", "", "/"])
def test_a_log_has_no_more_than_the_host(rest: str) -> None:
    assert masked(f"https://shop.example:8443{rest}") == "https://shop.example:8443/…"
