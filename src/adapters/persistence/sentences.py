"""What the histories say of what a database did by itself."""

from application.send_report import EXPIRED
from domain.message import Failure

IN_DOUBT = Failure(
    "unconfirmed", "The process that was sending it ended; nobody knows whether it was taken."
)
LATE_AGAIN = Failure("unconfirmed", f"Sent before, and not again: {EXPIRED.text}")
DIVERTED = "{} does not take messages now."
