"""In-memory ports, and a provider that says what it is told to."""

from tests.fakes.blacklist import MemoryBlacklist
from tests.fakes.idempotency import MemoryIdempotency
from tests.fakes.inbound import MemoryInboundLog
from tests.fakes.messages import MemoryMessages
from tests.fakes.opt_outs import MemoryOptOuts
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.provider import ScriptedProvider
from tests.fakes.provider_states import MemoryProviderStates
from tests.fakes.rows import Happening, Row
from tests.fakes.system import NOW, CountingIds, FixedClock, PlainNumbering

__all__ = [
    "NOW",
    "CountingIds",
    "FixedClock",
    "Happening",
    "MemoryBlacklist",
    "MemoryIdempotency",
    "MemoryInboundLog",
    "MemoryMessages",
    "MemoryOptOuts",
    "MemoryOutbox",
    "MemoryProviderStates",
    "PlainNumbering",
    "Row",
    "ScriptedProvider",
]
