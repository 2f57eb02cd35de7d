"""This machine's clock, beside other people's."""

from datetime import datetime

from entrypoints.doctor.finding import Finding, ok, problem, warning

_NOTICEABLE_S = 5
_HARMFUL_S = 60
_FIX = "Have this machine's clock set by NTP (timedatectl set-ntp true), or the other one's."


def check_clock(whose: str, there: datetime, before: datetime, after: datetime) -> Finding:
    """Compare a time somebody told with the times here before and after it was asked for."""
    off_s = max((before - there).total_seconds(), (there - after).total_seconds(), 0)
    if off_s < _NOTICEABLE_S:
        return ok("clock", f"agrees with that of {whose}")
    text = f"{off_s:.0f} s away from that of {whose}: receipts and signatures depend on it"
    return (problem if off_s >= _HARMFUL_S else warning)("clock", text, _FIX)
