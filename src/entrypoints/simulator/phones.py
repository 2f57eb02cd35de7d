"""Recipients as providers read them."""

import re

_SEPARATORS = str.maketrans("", "", " -().")
_MSISDN = re.compile(r"[1-9][0-9]{6,14}")


def msisdn(written: str) -> str | None:
    """Return the digits of an international number, or ``None`` when it is none."""
    digits = written.strip().translate(_SEPARATORS).removeprefix("+")
    return digits if _MSISDN.fullmatch(digits) else None


def plain(phone: str) -> str:
    """Return the form under which phones are compared: whatever is written, without a plus."""
    return phone.strip().translate(_SEPARATORS).removeprefix("+")
