"""The keys callers were given, with every change of them in the audit log."""

from collections.abc import Sequence
from uuid import UUID

from application.audit import Audit
from application.ports.api_keys import ApiKeys
from domain.api_key import ApiKey
from domain.audit import AuditAction
from domain.caller import Caller, Scope


class AuditedKeys:
    """``ApiKeys`` that writes down who changes what, before it is changed."""

    def __init__(self, keys: ApiKeys, audit: Audit, by: Caller) -> None:
        self._keys = keys
        self._audit = audit
        self._by = by

    async def all(self) -> Sequence[ApiKey]:
        """Return every key; see ``ApiKeys.all``."""
        return await self._keys.all()

    async def find(self, key_id: UUID) -> ApiKey | None:
        """Return a key; see ``ApiKeys.find``."""
        return await self._keys.find(key_id)

    async def add(self, key: ApiKey) -> None:
        """Write a new key; see ``ApiKeys.add``."""
        scopes = ", ".join(scope for scope in Scope if scope in key.scopes)
        await self._audit(
            self._by, AuditAction.KEY_CREATED, key.account, f"{key.name}; may {scopes}"
        )
        await self._keys.add(key)

    async def revoke(self, key: ApiKey) -> bool:
        """Write when a key was revoked; see ``ApiKeys.revoke``."""
        await self._audit(self._by, AuditAction.KEY_REVOKED, key.account, key.name)
        return await self._keys.revoke(key)

    async def rotate(self, key: ApiKey) -> bool:
        """Write a key's new secret; see ``ApiKeys.rotate``."""
        await self._audit(self._by, AuditAction.KEY_ROTATED, key.account, key.name)
        return await self._keys.rotate(key)
