"""What callers were told, what providers sent and what is on disk, held against each other."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from tests.faults.callers import Ask
from tests.faults.records import Kept
from tests.processes import Json

TAKEN = frozenset({"submitted", "delivered"})
_NOT_SENT = frozenset({"failed", "rejected", "blocked", "expired", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What it came to, in messages unless it says otherwise.

    Attributes:
        requests: posted; ``unanswered`` ones had a key, were repeated, and still got no answer.
        accepted: their caller was told 202, or true.
        sent: by the providers.
        resolved: nobody knew what became of them, and the provider said that it had them.
        held: nobody knows; none of them was sent unless ``missed``.
        given_up: reported as not sent, after all attempts.
        lost: accepted, and neither sent nor honestly reported.
        doubled: sendings too many.
        untracked: sent, and not on disk.
        missed: sent, and yet held.
        denied: sent, and yet reported as not sent, on disk or to the caller.
        unfinished: something was still to happen to them when the time was over.
    """

    requests: int
    unanswered: int
    accepted: int
    sent: int
    resolved: int
    held: int
    given_up: int
    lost: int
    doubled: int
    untracked: int
    missed: int
    denied: int
    unfinished: int

    @property
    def broken(self) -> dict[str, int]:
        """The promises that were not kept; empty is what is wanted."""
        names = ("lost", "doubled", "untracked", "missed", "denied", "unfinished", "unanswered")
        return {name: count for name, count in asdict(self).items() if name in names and count}


def balance(asks: Iterable[Ask], rows: Iterable[Kept], sent: Iterable[Json]) -> Figures:
    """Hold the three against each other; every phone belongs to one request only."""
    asked = list(asks)
    kept = {row.phone: row for row in rows}
    times = Counter(str(message["recipient"]) for message in sent)
    accepted = {phone: ask for ask in asked if ask.accepted for phone in ask.phones}
    denied = {row.phone for row in kept.values() if row.status in _NOT_SENT}
    denied |= {p for ask in asked for p, status in ask.told.items() if status in _NOT_SENT}
    held = {phone for phone, row in kept.items() if row.held}
    return Figures(
        requests=len(asked),
        unanswered=sum(1 for ask in asked if ask.key and not ask.told),
        accepted=len(accepted),
        sent=times.total(),
        resolved=sum(1 for row in kept.values() if row.doubted and row.status in TAKEN),
        held=len(held),
        given_up=sum(1 for row in kept.values() if row.status in _NOT_SENT),
        lost=sum(1 for phone, ask in accepted.items() if _lost(kept.get(phone), times[phone], ask)),
        doubled=sum(count - 1 for count in times.values()),
        untracked=len(times.keys() - kept.keys()),
        missed=len(held & times.keys()),
        denied=len(denied & times.keys()),
        unfinished=sum(1 for row in kept.values() if row.open),
    )


def _lost(row: Kept | None, times: int, ask: Ask) -> bool:
    if times:
        return False
    # A caller who waited was told that the provider took it; in the background it may end held.
    return not ask.background or row is None or row.status in TAKEN
