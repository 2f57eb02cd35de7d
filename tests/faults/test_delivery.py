"""A thousand receipts that overtake their answers, and gateways that die while they are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.tables import parked_receipts
from tests.delivery import (
    CALLBACKS,
    PUBLIC_URL,
    SECRETS,
    Caller,
    Listener,
    listening,
    waited,
    webhooks_to,
)
from tests.faults.fleet import Fleet
from tests.faults.records import Records
from tests.processes import Program, provided, running_gateway, running_simulator, stored

MESSAGES = 1_000
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running_simulator(tmp_path_factory.mktemp("simulator"), *SECRETS) as simulator:
        yield simulator


@pytest.mark.parametrize("provider", ["smscru", "twilio", "mobizonkz"])
def test_a_thousand_receipts_before_the_answer_find_their_messages(
    place: Path, simulator: Program, target: DatabaseTarget, provider: str
) -> None:
    with (
        running_gateway(place, **settings(simulator, target)) as gateway,
        Caller(gateway, simulator) as caller,
    ):
        caller.forget()
        caller.order("receipts", way="before_the_answer")
        caller.queue(phones=phones(), message="Hi", provider=provider)
        records = Records(target)
        waited(lambda: records.count("delivered") == MESSAGES, PATIENCE_S)
        assert len(caller.sent()) == MESSAGES
        caller.all_told()
        told = Counter(posted["http_status"] for posted in caller.callbacks())
        assert set(told) == {200}
        assert_delivered_once(records)
        waited(lambda: parked(target) == 0, PATIENCE_S)


async def test_gateways_die_while_they_are_told_and_tell(
    place: Path, simulator: Program, postgres: DatabaseTarget
) -> None:
    with listening() as listener:
        wanted = {**settings(simulator, postgres), **webhooks_to(listener)}
        async with told_fleet(place, simulator, wanted) as (fleet, caller):
            caller.queue(phones=phones(), message="Hi", provider="smscru")
            chance, records = Random(4), Records(postgres)  # noqa: S311 - no secret
            for _ in range(4):
                await asyncio.sleep(1)
                await fleet.kill_one(chance)
                caller.order("gateway", urls=fleet.urls(), public_url=PUBLIC_URL, retry_s=0.5)
            assert await records.wait_until_closed(PATIENCE_S)
            await asyncio.to_thread(caller.all_told)
            taken = {sent["recipient"] for sent in caller.sent()}
            await asyncio.to_thread(
                waited, lambda: records.count("delivered") >= len(taken), PATIENCE_S
            )
            for row in records.messages():
                assert row.status == "delivered" if row.phone in taken else row.held
            assert_delivered_once(records)
            await asyncio.to_thread(waited, lambda: ends_told(listener) >= len(taken), PATIENCE_S)
        # A post whose answer died with its process comes again, under the same id.
        ids: dict[tuple[str, str], set[str]] = {}
        for told in listener.told:
            ids.setdefault((told.data["id"], told.type), set()).add(told.id)
        assert {len(names) for names in ids.values()} == {1}
        assert listener.problems == []


def test_what_nobody_took_is_told_again_under_the_same_name(
    place: Path, simulator: Program, target: DatabaseTarget
) -> None:
    with listening() as listener:
        wanted = {**settings(simulator, target), **webhooks_to(listener)}
        with running_gateway(place, **wanted) as gateway, Caller(gateway, simulator) as caller:
            caller.forget()
            listener.refusing = True
            rows = caller.queue(phones=phones()[:20], message="Hi", provider="twilio")
            for row in rows:
                caller.wait_for(row["id"], "delivered", timeout_s=PATIENCE_S)
            waited(lambda: ends_told(listener) == len(rows), PATIENCE_S)
            waited(lambda: listener.refused == {told.id for told in listener.told}, PATIENCE_S)
            assert len(listener.told) == len(listener.refused) >= 2 * len(rows)
        assert listener.problems == []


@asynccontextmanager
async def told_fleet(
    place: Path, simulator: Program, wanted: Mapping[str, str]
) -> AsyncIterator[tuple[Fleet, Caller]]:
    async with Fleet(place, wanted, 3) as fleet:
        with Caller(fleet.living[0], simulator) as caller:
            caller.forget()
            caller.order("gateway", urls=fleet.urls(), public_url=PUBLIC_URL, retry_s=0.5)
            yield fleet, caller


def settings(simulator: Program, target: DatabaseTarget) -> dict[str, str]:
    return {
        **provided(simulator.url, **stored(target)),
        **CALLBACKS,
        "RECEIPT_POLL_INTERVAL": "5",
        "LOOKUP_DELAYS": "1,2,5",
    }


def phones() -> list[str]:
    return [f"7701{number:07d}" for number in range(MESSAGES)]


def assert_delivered_once(records: Records) -> None:
    for message in records.messages():
        if message.status != "delivered":
            continue
        names = records.events(message.id)
        assert (names[-1], names.count("delivered")) == ("delivered", 1), names


def parked(target: DatabaseTarget) -> int:
    driver = "sqlite" if target.sqlite_path else "postgresql+psycopg"
    engine = sa.create_engine(target.url.set(drivername=driver), poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(parked_receipts)) or 0


def ends_told(listener: Listener) -> int:
    told = tuple(listener.told)
    return len({item.data["id"] for item in told if item.type == "message.delivered"})
