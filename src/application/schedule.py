"""When a message is sent, and until when that is worth while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.send_command import SendCommand
from domain.errors import InvalidScheduleError

LONGEST_TTL_S = 7 * 86_400
FARTHEST_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a message is due, ``None`` at once, and when it expires."""

    due_at: datetime | None
    expires_at: datetime


def schedule(command: SendCommand, now: datetime, default_ttl_s: float) -> Schedule:
    """Read a command's wishes.

    Raises:
        InvalidScheduleError: they contradict each other, or cannot be meant.
    """
    due_at = _due_at(command, now)
    ttl_s = default_ttl_s if command.ttl_s is None else command.ttl_s
    if not 1 <= ttl_s <= LONGEST_TTL_S:
        raise InvalidScheduleError(f"ttl is 1 to {LONGEST_TTL_S} seconds.")
    return Schedule(due_at, (due_at or now) + timedelta(seconds=ttl_s))


def _due_at(command: SendCommand, now: datetime) -> datetime | None:
    if command.send_at is not None and command.delay_s is not None:
        raise InvalidScheduleError("Give send_at or delay, not both.")
    if command.delay_s is not None:
        if not 0 <= command.delay_s <= FARTHEST_S:
            raise InvalidScheduleError(f"delay is 0 to {FARTHEST_S} seconds.")
        return now + timedelta(seconds=command.delay_s) if command.delay_s else None
    if command.send_at is None or command.send_at <= now:
        return None
    if command.send_at > now + timedelta(seconds=FARTHEST_S):
        raise InvalidScheduleError("send_at is more than a year away.")
    return command.send_at
