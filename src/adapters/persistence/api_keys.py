"""API keys, on both databases."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.reads import read
from adapters.persistence.rows import Row
from adapters.persistence.tables import api_keys as keys
from domain.api_key import ApiKey, KeyPrint
from domain.caller import Scope

_SECRETS = frozenset({"prefix", "digest", "previous_prefix", "previous_digest", "previous_until"})


class SqlApiKeys:
    """Keys are rows of ``sms_api_keys``; see ``ApiKeys``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine) -> None:
        self._commits = commits
        self._reader = reader

    async def all(self) -> Sequence[ApiKey]:
        """Return every key; see ``ApiKeys.all``."""
        return await self._read(sa.select(keys).order_by(keys.c.id))

    async def find(self, key_id: UUID) -> ApiKey | None:
        """Return a key; see ``ApiKeys.find``."""
        found = await self._read(sa.select(keys).where(keys.c.id == key_id))
        return found[0] if found else None

    async def add(self, key: ApiKey) -> None:
        """Write a new key; see ``ApiKeys.add``."""
        await self._commits.run(_add, key)

    async def revoke(self, key: ApiKey) -> bool:
        """Write when a key was revoked; see ``ApiKeys.revoke``."""
        return await self._commits.run(_revoke, key)

    async def rotate(self, key: ApiKey) -> bool:
        """Write a key's new secret; see ``ApiKeys.rotate``."""
        return await self._commits.run(_rotate, key)

    async def _read(self, query: sa.Select[Any]) -> Sequence[ApiKey]:
        return [_from_row(row) for row in await read(self._reader, query)]


def _add(connection: sa.Connection, items: Sequence[ApiKey]) -> Sequence[None]:
    connection.execute(sa.insert(keys), [_to_row(key) for key in items])
    return [None] * len(items)


def _revoke(connection: sa.Connection, items: Sequence[ApiKey]) -> Sequence[bool]:
    return [_changed(connection, _living(key).values(revoked_at=key.revoked_at)) for key in items]


def _rotate(connection: sa.Connection, items: Sequence[ApiKey]) -> Sequence[bool]:
    return [_changed(connection, _rotation(key)) for key in items]


def _rotation(key: ApiKey) -> sa.Update:
    previous = None if key.previous is None else key.previous.digest
    secrets = {name: value for name, value in _to_row(key).items() if name in _SECRETS}
    return _living(key).where(keys.c.digest == previous).values(secrets)


def _living(key: ApiKey) -> sa.Update:
    return sa.update(keys).where(keys.c.id == key.id, keys.c.revoked_at.is_(None))


def _changed(connection: sa.Connection, change: sa.Update) -> bool:
    return connection.execute(change).rowcount == 1


def _to_row(key: ApiKey) -> Row:
    previous = key.previous
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.current.prefix,
        "digest": key.current.digest,
        "scopes": ",".join(scope for scope in Scope if scope in key.scopes),
        "networks": ",".join(map(str, key.networks)),
        "rate": key.rate,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "previous_prefix": None if previous is None else previous.prefix,
        "previous_digest": None if previous is None else previous.digest,
        "previous_until": key.previous_until,
    }


def _from_row(row: sa.Row[Any]) -> ApiKey:
    previous = None
    if row.previous_digest is not None:
        previous = KeyPrint(row.previous_prefix, row.previous_digest)
    return ApiKey(
        id=row.id,
        name=row.name,
        current=KeyPrint(row.prefix, row.digest),
        scopes=frozenset(map(Scope, row.scopes.split(","))),
        created_at=row.created_at,
        expires_at=row.expires_at,
        networks=tuple(map(ip_network, row.networks.split(","))) if row.networks else (),
        rate=row.rate,
        revoked_at=row.revoked_at,
        previous=previous,
        previous_until=row.previous_until,
    )
