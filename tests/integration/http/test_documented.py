"""The five documented calls, with the documented bodies and the documented answers."""

from datetime import UTC, datetime

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.fakes import FixedClock
from tests.integration.http.service import (
    DOORS,
    Service,
    dummy_on,
    refusal,
    serving,
)

PHONE = {"phone": "77011234567"}
SMS = {
    "provider": "twilio",
    "phones": ["77011234567", "77070001234"],
    "message": "Hello, world!",
}
CALL = {**SMS, "provider": "smscru"}
DONE = b'{"status":true}'


@pytest.mark.parametrize("door", DOORS)
async def test_the_documented_message_gets_the_documented_answer(
    service_on: Service, door: str
) -> None:
    answer = await service_on.client.post(f"/sms{door}", json=SMS)
    assert (answer.status_code, answer.content) == (200, DONE)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("door", DOORS)
async def test_the_documented_call_gets_the_documented_answer(
    service_on: Service, door: str
) -> None:
    answer = await service_on.client.post(f"/call{door}", json=CALL)
    assert (answer.status_code, answer.content) == (200, DONE)
    assert answer.headers["content-type"] == "application/json"


async def test_the_documented_life_of_a_blacklist_entry(target: DatabaseTarget) -> None:
    clock = FixedClock(datetime(2020, 9, 1, tzinfo=UTC))
    async with serving(dummy_on(target), clock=clock) as service:
        added = await service.client.post("/blacklist", json=PHONE)
        assert (added.status_code, added.content) == (200, DONE)

        found = await service.client.request("GET", "/blacklist", json=PHONE)
        assert found.status_code == 200
        assert found.content == (
            b'{"status":true,"content":{"blacklist":'
            b'{"phone":"77011234567","created_at":"2020-09-01 00:00:00"}}}'
        )

        deleted = await service.client.request("DELETE", "/blacklist", json=PHONE)
        assert (deleted.status_code, deleted.content) == (200, DONE)

        missing = await service.client.request("GET", "/blacklist", json=PHONE)
        assert refusal(missing, 400, "not_blacklisted") == []


async def test_a_phone_added_again_is_no_error_and_keeps_its_date(target: DatabaseTarget) -> None:
    clock = FixedClock(datetime(2020, 9, 1, 23, 59, 59, 999_999, tzinfo=UTC))
    async with serving(dummy_on(target), clock=clock) as service:
        await service.client.post("/blacklist", json=PHONE)
        clock.at = datetime(2021, 1, 1, tzinfo=UTC)
        again = await service.client.post("/blacklist", json=PHONE)
        assert again.content == DONE
        found = (await service.client.request("GET", "/blacklist", json=PHONE)).json()
        assert found["content"]["blacklist"]["created_at"] == "2020-09-01 23:59:59"


async def test_deleting_a_phone_that_is_not_listed_is_no_error(service_on: Service) -> None:
    deleted = await service_on.client.request("DELETE", "/blacklist", json=PHONE)
    assert (deleted.status_code, deleted.content) == (200, DONE)
