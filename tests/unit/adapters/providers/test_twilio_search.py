from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.twilio import MAX_PAGES
from domain.lookup import Attempt, Found, Lookup, NoAnswer, NotFound
from domain.message import RECEIPT_STATUSES
from domain.sender_id import SenderId
from tests.contracts.messages import NOW, a_message
from tests.contracts.providers import Wire
from tests.unit.adapters.providers.twilio_exchanges import (
    AC,
    CA,
    MG,
    NUMBER,
    a_call,
    a_page,
    a_record,
    a_sid,
    error,
    found,
    twilio,
)

LIST = f"/2010-04-01/Accounts/{AC}/Messages.json"


class Pages:
    """Answers with one page after the other."""

    def __init__(self, *pages: httpx.Response) -> None:
        self._pages = iter(pages)
        self.wire = Wire(lambda _: next(self._pages))

    async def find(self, attempt: Attempt) -> Lookup:
        return await twilio(self.wire.transport).find(attempt)


async def test_a_list_that_is_not_there_is_no_answer() -> None:
    assert isinstance(await found(error(404, 20404)), NoAnswer)


async def test_a_message_is_looked_for_by_its_recipient_alone() -> None:
    wire = Wire(a_page())
    await twilio(wire.transport).find(Attempt(message=a_message(), started_at=NOW))
    assert wire.request.url.path == LIST
    assert wire.request.url.query == b"To=%2B77011234567&PageSize=50"


async def test_a_call_is_looked_for_by_both_its_numbers() -> None:
    wire = Wire(a_page(name="calls"))
    await twilio(wire.transport).find(Attempt(message=a_call(), started_at=NOW))
    assert wire.request.url.path == f"/2010-04-01/Accounts/{AC}/Calls.json"
    query = parse_qsl(wire.request.url.query.decode(), strict_parsing=True)
    assert dict(query) == {"To": "+77011234567", "From": NUMBER, "PageSize": "50"}


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "inbound"},
        {"direction": None},
        {"body": "Код 4822"},
        {"body": None},
        {"from": "+15005550007"},
        {"from": None},
        {"sid": None},
        {"sid": a_sid(7)},
        {"date_created": None},
        {"date_created": "yesterday"},
        {"date_created": "Mon, 23 Nov 999999999999999999999 06:34:43 +0000"},
        {"date_created": format_datetime(NOW - timedelta(seconds=6))},
    ],
)
async def test_what_differs_is_another_message(fields: dict[str, object]) -> None:
    assert await found(a_page(a_record() | fields), taken=[a_sid(7)]) == NotFound()
    assert isinstance(await found(a_page(a_record()), taken=[a_sid(7)]), Found)


@pytest.mark.parametrize("age_s", [-3600, -1, 0, 5])
async def test_clocks_may_differ_by_five_seconds(age_s: int) -> None:
    assert isinstance(await found(a_page(a_record(age_s=age_s))), Found)


async def test_a_date_without_a_zone_is_in_utc() -> None:
    record = a_record() | {"date_created": "Mon, 23 Nov 2026 06:34:43 -0000"}
    assert isinstance(await found(a_page(record)), Found)


async def test_a_call_is_told_by_its_numbers_and_its_time() -> None:
    page = a_page(a_record(CA, body=None), name="calls")
    assert isinstance(await found(page, a_call()), Found)
    assert await found(page, a_call(), taken=[CA]) == NotFound()
    assert await found(page, a_call(), phone="+15005550007") == NotFound()


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        (None, {"from": None, "messaging_service_sid": MG}),
        (None, {"from": "+15005550009", "messaging_service_sid": MG}),
        ("AcmeBank", {"from": "AcmeBank"}),
        ("77010000001", {"from": "+77010000001"}),
    ],
)
async def test_the_service_or_the_callers_sender_is_compared_too(
    sender: str | None, fields: dict[str, object]
) -> None:
    message = replace(a_message(), sender=SenderId(sender) if sender else None)
    assert isinstance(await found(a_page(a_record() | fields), message, phone=MG), Found)
    assert await found(a_page(a_record()), message, phone=MG) == NotFound()


@given(ages=st.lists(st.integers(-600, 600), max_size=12), taken=st.sets(st.integers(0, 11)))
async def test_the_oldest_match_that_is_free_is_the_attempts(
    ages: list[int], taken: set[int]
) -> None:
    ages.sort()
    records = [a_record(a_sid(i), age_s=age) for i, age in enumerate(ages)]
    free = [a_sid(i) for i, age in enumerate(ages) if age <= 5 and i not in taken]
    lookup = await found(a_page(*records), taken=[a_sid(i) for i in taken])
    assert isinstance(lookup, Found) == bool(free)
    assert not isinstance(lookup, Found) or lookup.provider_id == free[-1]


async def test_pages_are_followed_to_the_oldest_match() -> None:
    following = f"{LIST}?To=%2B77011234567&PageSize=50&Page=1&PageToken=PASM1"
    pages = Pages(
        a_page(a_record(a_sid(2), age_s=-60), following=following),
        a_page(a_record(a_sid(1), age_s=-30), a_record(a_sid(0), age_s=60), following=following),
    )
    lookup = await pages.find(Attempt(message=a_message(), started_at=NOW))
    assert isinstance(lookup, Found)
    assert lookup.provider_id == a_sid(1)
    first, second = pages.wire.requests
    assert str(second.url) == f"https://api.twilio.example{following}"
    assert second.headers["authorization"] == first.headers["authorization"]


async def test_a_page_that_fails_leaves_the_question_open() -> None:
    pages = Pages(a_page(a_record(), following=f"{LIST}?Page=1"), error(500, 20500))
    lookup = await pages.find(Attempt(message=a_message(), started_at=NOW))
    assert isinstance(lookup, NoAnswer)


async def test_a_list_without_end_is_left_after_a_few_pages() -> None:
    wire = Wire(a_page(a_record(), following=f"{LIST}?Page=1"))
    lookup = await twilio(wire.transport).find(Attempt(message=a_message(), started_at=NOW))
    assert isinstance(lookup, NoAnswer)
    assert len(wire.requests) == MAX_PAGES


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", "//evil.example/", "@evil.example/", "", f"{LIST}\n", "/x"]
)
async def test_the_token_goes_to_no_other_host(uri: str) -> None:
    wire = Wire(a_page(a_record(), following=uri))
    lookup = await twilio(wire.transport).find(Attempt(message=a_message(), started_at=NOW))
    assert isinstance(lookup, NoAnswer)
    assert len(wire.requests) == 1


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
async def test_no_next_page_whatsoever_raises_or_leads_elsewhere(tail: str) -> None:
    wire = Wire(a_page(following=f"/2010-04-01/Accounts/{tail}"))
    await twilio(wire.transport).find(Attempt(message=a_message(), started_at=NOW))
    assert {request.url.host for request in wire.requests} == {"api.twilio.example"}


@given(
    st.dictionaries(
        st.sampled_from(["sid", "status", "body", "from", "error_code", "date_created"]),
        st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    )
)
async def test_no_record_whatsoever_raises(fields: dict[str, object]) -> None:
    lookup = await found(a_page(a_record() | fields))
    assert not isinstance(lookup, Found) or lookup.status in RECEIPT_STATUSES
