"""Who must not be written to."""

from dataclasses import dataclass
from datetime import datetime

from domain.phone import Phone


@dataclass(frozen=True, slots=True)
class BlacklistEntry:
    """A phone nothing is sent to, unless a request says ``force``.

    Attributes:
        created_at: since when; the first entry keeps its date.
    """

    phone: Phone
    created_at: datetime
