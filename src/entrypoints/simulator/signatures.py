"""How the providers prove that a callback is theirs."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urldefrag


def smscru_checksum(parts: Sequence[str], secret: str, *, name: str, charset: str) -> str:
    """Return a plain hash of the parts and the secret phrase, with colons between.

    Raises:
        ValueError: there is no hash of this name.
    """
    text = ":".join([*parts, secret]).encode(charset, "replace")
    return hashlib.new(name, text, usedforsecurity=False).hexdigest()


def twilio_signature(url: str, fields: Mapping[str, str], token: str) -> str:
    """Return the HMAC-SHA1 of the URL without its fragment and of every field, by name."""
    text = urldefrag(url).url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def mobizonkz_sign(event: int, attempt: int, created: str, secret: str) -> str:
    """Return a plain SHA-1 that says nothing of the data beside it."""
    text = f"{event}|{attempt}|{created}|{secret}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
