"""Signatures of webhooks.

Source: Standard Webhooks 1.0.0, symmetric signatures.
"""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

PREFIX = "whsec_"
SHORTEST_SECRET = 24
TOLERANCE_S = 300
"""What is older, or newer, is refused: somebody may have kept it."""
_SECONDS = re.compile("[0-9]{1,12}", re.ASCII)


def read_secret(text: str) -> bytes:
    """Read a secret as it is written, ``whsec_`` and base64.

    Raises:
        ValueError: it is not written so, or has fewer than 24 bytes.
    """
    try:
        secret = b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError("not base64") from None
    if not text.startswith(PREFIX) or len(secret) < SHORTEST_SECRET:
        raise ValueError("not whsec_ and 24 bytes or more")
    return secret


def sign(secrets: Sequence[bytes], event_id: str, timestamp: int, body: bytes) -> str:
    """Return the ``webhook-signature``: one for each secret."""
    return " ".join(_signature(secret, event_id, timestamp, body) for secret in secrets)


def is_signed(
    secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: float
) -> bool:
    """Tell whether one of the secrets has signed it within the last five minutes.

    Args:
        secrets: that are good.
        headers: that came with it, their names in small letters.
        body: byte by byte as it came.
        now: Unix time, in seconds.
    """
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _SECONDS.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_S:
        return False
    signatures = headers.get("webhook-signature", "")
    good = [_signature(secret, event_id, int(timestamp), body) for secret in secrets]
    return any(
        hmac.compare_digest(one.encode(), given.encode())
        for one in good
        for given in signatures.split(" ")
    )


def _signature(secret: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    signed = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    return f"v1,{b64encode(hmac.digest(secret, signed, sha256)).decode()}"
