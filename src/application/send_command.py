"""What a caller asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.caller import INSIDE, Caller
from domain.idempotency import IdempotencyKey
from domain.terms import OnUnknown, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCommand:
    """What a caller asks for.

    Attributes:
        phones: as people write them.
        provider: its code, or ``None`` for the default one.
        force: send to blacklisted phones, too.
        dry_run: check everything, store and send nothing.
        background: answer as soon as the messages are durable; implied by a schedule.
        send_at: when to send; aware. A time that is past is now.
        delay_s: how long to wait before sending, in seconds.
        ttl_s: how long after that it is still worth sending; ``None`` is the deployment's default.
        fallback: providers to try, in order, where the first is proven not to have taken it;
            ``None`` is the deployment's default, empty is none.
        callback_url: where each change of the messages is told, beside the deployment's own.
        key: the caller's promise that a repetition is not another request.
        account: whose request it is.
        by: who asks; written to the audit log where it is forced.
    """

    phones: Sequence[str]
    text: str
    provider: str | None = None
    force: bool = False
    sender: str | None = None
    reference: str | None = None
    dry_run: bool = False
    background: bool = False
    send_at: datetime | None = None
    delay_s: float | None = None
    ttl_s: float | None = None
    priority: Priority = Priority.TRANSACTIONAL
    fallback: Sequence[str] | None = None
    on_unknown: OnUnknown = OnUnknown.HOLD
    callback_url: str | None = None
    key: IdempotencyKey | None = None
    account: str | None = None
    by: Caller = INSIDE

    @property
    def waits(self) -> bool:
        """Tell whether the caller waits for the providers' verdict."""
        return not self.background and self.send_at is None and self.delay_s is None
