"""What every outbox must do, and the repository that reads it back.

``OutboxContract`` is the whole of it; each of its parts is one file here.
"""

from tests.contracts.outbox.accepting import AcceptingContract
from tests.contracts.outbox.claiming import ClaimingContract
from tests.contracts.outbox.doubting import DoubtingContract
from tests.contracts.outbox.fixtures import a_queued, a_request, a_sending, settled
from tests.contracts.outbox.pacing import PacingContract
from tests.contracts.outbox.queueing import QueueingContract
from tests.contracts.outbox.reading import ReadingContract
from tests.contracts.outbox.resending import ResendingContract
from tests.contracts.outbox.settling import SettlingContract
from tests.contracts.outbox.silence import SilenceContract
from tests.contracts.outbox.sweeping import SweepingContract

__all__ = ["OutboxContract", "a_queued", "a_request", "a_sending", "settled"]


class OutboxContract(
    AcceptingContract,
    ClaimingContract,
    PacingContract,
    SettlingContract,
    DoubtingContract,
    SilenceContract,
    QueueingContract,
    ResendingContract,
    SweepingContract,
    ReadingContract,
):
    """Subclass once per outbox and provide the five fixtures of ``OutboxFixtures``."""
