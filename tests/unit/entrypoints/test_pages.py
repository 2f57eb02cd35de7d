"""What a page open in a browser may do where no key is asked for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ForbiddenError
from entrypoints.http.pages import check_keyless

HERE = ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "127.9.9.9:1", "[::1]:8080"]
ELSEWHERE = [
    "",
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "localhost:8080.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1:",
    "localhost,evil.example",
    "evil@localhost",
    "10.0.0.1",
    "128.0.0.1",
    "[::2]",
    "١٢٧.0.0.1",
]
CHANGING = ["POST", "DELETE", "PUT", "PATCH", "post", "ANYTHING"]
READING = ["GET", "HEAD", "OPTIONS"]
names = st.text("aAb.:1", min_size=1, max_size=3)


def scope(host: str | None, origin: str | None = None, method: str = "POST") -> Any:  # noqa: ANN401
    given = {b"host": host, b"origin": origin}
    headers = [(name, text.encode()) for name, text in given.items() if text is not None]
    return {"type": "http", "method": method, "headers": headers}


def refused(scope: Any, *, anywhere: bool) -> bool:  # noqa: ANN401
    try:
        check_keyless(scope, anywhere=anywhere)
    except ForbiddenError:
        return True
    return False


@pytest.mark.parametrize("host", HERE)
@pytest.mark.parametrize("method", [*CHANGING, *READING])
def test_a_program_calls_this_machine_by_its_own_name(host: str, method: str) -> None:
    assert not refused(scope(host, method=method), anywhere=False)


@pytest.mark.parametrize("host", [*ELSEWHERE, None])
@pytest.mark.parametrize("method", [*CHANGING, *READING])
def test_a_name_that_was_made_to_lead_here_is_refused(host: str | None, method: str) -> None:
    with pytest.raises(ForbiddenError, match=r"http://127\.0\.0\.1.*habar keys create"):
        check_keyless(scope(host, method=method), anywhere=False)
    origin = f"http://{host}"
    assert refused(scope(host, origin, method), anywhere=False)


@pytest.mark.parametrize("origin", [f"http://{host.lower()}" for host in HERE])
def test_a_page_of_this_machine_may_call(origin: str) -> None:
    assert not refused(scope("localhost:8080", origin), anywhere=False)
    assert not refused(scope("localhost:8080", origin.replace("http:", "https:")), anywhere=False)


@pytest.mark.parametrize("origin", ["null", "file://", *(f"http://{host}" for host in ELSEWHERE)])
@pytest.mark.parametrize("method", [*CHANGING, *READING])
def test_a_page_of_another_site_is_refused_on_this_machine(origin: str, method: str) -> None:
    with pytest.raises(ForbiddenError, match="API key"):
        check_keyless(scope("localhost:8080", origin, method), anywhere=False)


@pytest.mark.parametrize("host", [None, *HERE, *ELSEWHERE])
@pytest.mark.parametrize("method", [*CHANGING, *READING])
def test_where_keys_are_switched_off_programs_call_under_any_name(
    host: str | None, method: str
) -> None:
    assert not refused(scope(host, method=method), anywhere=True)


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://sms.example.kz.evil"])
def test_where_keys_are_switched_off_a_page_of_another_site_changes_nothing(origin: str) -> None:
    for method in CHANGING:
        assert refused(scope("sms.example.kz", origin, method), anywhere=True)
    for method in READING:
        assert not refused(scope("sms.example.kz", origin, method), anywhere=True)


@pytest.mark.parametrize("origin", ["https://sms.example.kz", "http://sms.example.kz"])
def test_where_keys_are_switched_off_its_own_pages_may_call(origin: str) -> None:
    assert not refused(scope("SMS.example.kz", origin), anywhere=True)


@given(host=names, site=names)
def test_a_page_is_of_the_site_whose_name_it_has(host: str, site: str) -> None:
    own = host.lower() == site.lower()
    assert refused(scope(host, f"https://{site}"), anywhere=True) == (not own)
