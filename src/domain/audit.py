"""What people have changed, and who they were."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class AuditAction(StrEnum):
    """What somebody did."""

    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    KEY_ROTATED = "key.rotated"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_REMOVED = "user.removed"
    SIGNED_IN = "user.signed_in"
    BLACKLIST_ADDED = "blacklist.added"
    BLACKLIST_REMOVED = "blacklist.removed"
    BLACKLIST_IMPORTED = "blacklist.imported"
    MESSAGE_CANCELED = "message.canceled"
    MESSAGE_FORCED = "message.forced"
    PROVIDER_PAUSED = "provider.paused"
    PROVIDER_RESUMED = "provider.resumed"
    WEBHOOK_REPLAYED = "webhook.replayed"
    ENDPOINT_ENABLED = "endpoint.enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change somebody asked for.

    Attributes:
        actor: the name of whoever did it; a key's name, or ``anonymous``.
        account: of that key; ``None`` where nobody has to show one.
        address: the IP address it was done from; ``None`` on the machine itself.
        subject: what it was done to: an id, a provider's code, an address, a phone's digits.
        detail: what else there is to say, for a person.
    """

    id: UUID
    at: datetime
    actor: str
    account: str | None
    address: str | None
    action: AuditAction
    subject: str
    detail: str = ""
