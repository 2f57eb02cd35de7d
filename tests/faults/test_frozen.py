"""A process that sleeps past its leases: the others take over, and it wakes up to nothing."""

import asyncio
from pathlib import Path

from adapters.persistence.engines import DatabaseTarget
from tests.faults.records import Kept, Records
from tests.processes import Client, Program, gateway, provided, running_gateway, stored

MESSAGES = 400
RATE = "40"
LEASE_S = 17.0
END_S = 90.0


def histories(records: Records) -> list[tuple[Kept, list[str]]]:
    """Return every message, and what happened to those that were in doubt."""
    rows = sorted(records.messages(), key=lambda row: row.id)
    return [(row, records.events(row.id) if row.doubted else []) for row in rows]


async def test_a_frozen_process_wakes_up_to_nothing(
    place: Path, simulator: Program, postgres: DatabaseTarget, provider: Client
) -> None:
    wanted = provided(
        simulator.url,
        **stored(postgres),
        SMS_PROVIDER="twilio",
        TWILIO_TIMEOUT="2",
        TWILIO_RATE=RATE,
        LOOKUP_DELAYS="1,2",
        # What is asked about receipts would change histories, too.
        RECEIPT_POLL_INTERVAL="3600",
    )
    records = Records(postgres)
    provider.latency(0.3)  # so that there always are some under way
    with running_gateway(place / "frozen", **wanted) as frozen, Client(frozen, simulator) as client:
        phones = [f"7701{number:07d}" for number in range(MESSAGES)]
        client.queue(phones=phones, message="Hi")
        await asyncio.sleep(2)
        frozen.pause()
        await asyncio.sleep(0.5)  # what the database was already told it still does
        under_way = records.count("sending")
        assert under_way > 0
        other = await asyncio.to_thread(lambda: gateway(place / "other", **wanted))
        try:
            assert await records.wait_until_closed(LEASE_S + END_S)
            before = histories(records)
            sent = {message["recipient"] for message in provider.sent()}
            frozen.resume()
            await asyncio.sleep(4)
            after = histories(records)
            assert client.post("/sms", phones="77079999999", message="Hi")["status"] is True
        finally:
            other.kill()
    assert "settlement fenced" in frozen.output, "there was nothing to be fenced"
    assert after == before, "it has changed what was no longer its own"
    everything = [message["recipient"] for message in provider.sent()]
    assert len(everything) == len(set(everything)), "sent twice"
    assert set(everything) == sent | {"77079999999"}, "it has sent what was no longer its own"
    rows = [row for row, _ in before]
    in_doubt = [row for row in rows if row.doubted]
    assert len(in_doubt) == under_way, "only what was under way came into doubt"
    taken = {row.phone for row in rows if row.status in {"submitted", "delivered"}}
    assert taken == sent
    assert all(row.attempts == 1 for row in rows)
