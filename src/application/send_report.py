"""What became of a request."""

from dataclasses import dataclass

from domain.message import Failure, Message
from domain.outcome import RejectReason
from domain.request import Request
from domain.segments import Segments

BLACKLISTED = Failure("blacklisted", "The phone is on the blacklist; nothing was sent.")
OPTED_OUT = Failure(
    str(RejectReason.OPTED_OUT), "The recipient has opted out of this sender; nothing was sent."
)
EXPIRED = Failure("expired", "Its time was over before it could be sent.")
STOPPING = Failure("not_sent", "The service stopped before it was sent.")
NOT_STORED = Failure("storage_unavailable", "It could not be stored, so it was not sent.")


@dataclass(frozen=True, slots=True)
class SendReport:
    """What became of a request.

    Attributes:
        messages: one per recipient, in the order they were named; blacklisted ones are ``blocked``.
    """

    request: Request
    segments: Segments
    messages: tuple[Message, ...]

    @property
    def failure_code(self) -> str | None:
        """``None`` when every message that was not blocked was accepted, else one word why.

        One word for all where they failed alike; ``not_all_accepted`` where they did not.
        """
        codes = {None if m.failure is None else m.failure.code for m in self.messages}
        refused = codes - {None, BLACKLISTED.code}
        if refused:
            return refused.pop() if len(refused) == 1 else "not_all_accepted"
        return None if None in codes else BLACKLISTED.code
