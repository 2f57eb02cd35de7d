from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.exchange import Answer
from adapters.retry_after import LONGEST_S, retry_after_s


def read(text: str) -> float | None:
    return retry_after_s(Answer(429, httpx.Headers([(b"Retry-After", text.encode())]), b""))


@given(st.integers(0, 86_400))
def test_seconds_are_read_as_they_are(seconds: int) -> None:
    assert read(str(seconds)) == seconds


def test_a_fraction_of_a_second_counts() -> None:
    assert read("0.5") == 0.5


@given(st.integers(86_401) | st.just(10**400))
def test_a_day_is_the_longest_wait(seconds: int) -> None:
    assert read(str(seconds)) == LONGEST_S


@pytest.mark.parametrize("usegmt", [True, False])
def test_a_date_is_a_wait_from_now(usegmt: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=usegmt)
    assert read(date) == pytest.approx(600, abs=30)


def test_a_date_without_a_zone_is_in_utc() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=600)).replace("+0000", "-0000")
    assert read(date) == pytest.approx(600, abs=30)


def test_a_date_gone_by_is_no_wait() -> None:
    assert read("Mon, 23 Nov 2020 06:34:43 GMT") == 0


def test_a_date_years_ahead_is_cut_to_a_day() -> None:
    assert read("Fri, 31 Dec 9999 23:59:59 GMT") == LONGEST_S


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "+5", "NaN", "inf", "-inf", "1e9", "1_000", "0x10", "5 s", "\u0665"]
)
def test_what_is_neither_form_is_ignored(text: str) -> None:
    assert read(text) is None


def test_without_the_header_there_is_nothing_to_say() -> None:
    assert retry_after_s(Answer(429, httpx.Headers(), b"")) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@example("Mon, 23 Nov 999999999999999999999 06:34:43 GMT")
@example("Mon, 23 Nov 2026 06:34:43 -9999999999")
def test_no_header_whatsoever_raises(text: str) -> None:
    wait = read(text)
    assert wait is None or 0 <= wait <= LONGEST_S
