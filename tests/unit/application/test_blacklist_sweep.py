"""Entries that have expired are swept, now and then."""

from datetime import timedelta

from application.blacklist_sweep import EVERY_S, SweepBlacklist
from application.slices import SLICE
from domain.blacklist import BlacklistEntry
from domain.phone import Phone
from tests.fakes import NOW, FixedClock, MemoryBlacklist


async def test_what_has_expired_is_deleted_a_piece_at_a_time() -> None:
    clock = FixedClock()
    blacklist = MemoryBlacklist(clock=clock)
    end = NOW + timedelta(days=1)
    phones = [Phone(f"+7701{number:07d}") for number in range(SLICE + 1)]
    await blacklist.add_all([BlacklistEntry(phone, NOW, expires_at=end) for phone in phones])
    await blacklist.add(BlacklistEntry(Phone("+77770000000"), NOW))
    sweep = SweepBlacklist(blacklist)
    assert await sweep.once() == EVERY_S
    assert len(blacklist.entries) == SLICE + 2
    clock.at = end
    assert await sweep.once() < EVERY_S
    assert await sweep.once() == EVERY_S
    assert [*blacklist.entries] == [Phone("+77770000000")]
