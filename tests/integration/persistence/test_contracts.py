"""The contracts, on both databases."""

from tests.contracts.blacklist import BlacklistContract
from tests.contracts.blacklist_entries import BlacklistEntriesContract
from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.provider_states import ProviderStatesContract
from tests.integration.persistence.database import Database


class TestOutbox(Database, OutboxContract):
    pass


class TestProviderStates(Database, ProviderStatesContract):
    pass


class TestIdempotency(Database, IdempotencyContract):
    pass


class TestBlacklist(Database, BlacklistContract):
    pass


class TestBlacklistEntries(Database, BlacklistEntriesContract):
    pass
