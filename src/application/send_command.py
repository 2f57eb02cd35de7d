"""What a caller asks for."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCommand:
    """What a caller asks for.

    Attributes:
        phones: as people write them.
        provider: its code, or ``None`` for the default one.
        force: send to blacklisted phones, too.
        dry_run: check everything, store and send nothing.
    """

    phones: Sequence[str]
    text: str
    provider: str | None = None
    force: bool = False
    sender: str | None = None
    reference: str | None = None
    dry_run: bool = False
