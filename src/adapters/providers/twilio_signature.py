"""The signature on Twilio's callbacks.

``X-Twilio-Signature`` is an HMAC over the address, as it was given to Twilio, and the fields of a
form; a JSON body is covered by its digest in the address. Twilio is not consistent about writing
the port, so both spellings count.

Source: docs/providers/twilio.md.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha1, sha256

from adapters.providers.form_fields import Field, form_fields
from application.ports.callbacks import Callback

_HEADER = "x-twilio-signature"
_BODY_DIGEST = b"bodySHA256"
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?:[^/?#@]*@)?(?:\[[^]]*\]|[^/?#:]*))(?::(?P<port>[0-9]+))?"
    r"(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)
_PORTS = {"https": "443", "http": "80"}


class TwilioSignature:
    """Checks it with any of several tokens: while one is replaced, the other still signs."""

    def __init__(self, tokens: Iterable[str]) -> None:
        """Prepare it.

        Args:
            tokens: auth tokens; the secret of an API key signs nothing.
        """
        self._keys = [token.encode() for token in tokens if token]

    def covers(self, callback: Callback, url: str) -> bool:
        """Tell whether the callback was signed for this address."""
        given = callback.headers.get(_HEADER, "").encode("utf-8", "replace")
        if is_json(callback):
            form: Sequence[Field] = ()
            whole = _digest_fits(callback)
        else:
            form = form_fields(callback.body) if callback.method == "POST" else ()
            whole = True
        fields = b"".join(name + value for name, value in sorted(set(form)))
        fits = [
            hmac.compare_digest(_signed(key, spelling.encode() + fields), given)
            for key in self._keys
            for spelling in _spellings(url)
        ]
        return whole and any(fits)


def is_json(callback: Callback) -> bool:
    """Tell whether the body is JSON, which is signed in another way than a form."""
    return callback.headers.get("content-type", "").lower().startswith("application/json")


def _digest_fits(callback: Callback) -> bool:
    digest = sha256(callback.body).hexdigest().encode()
    given = next((v for name, v in form_fields(callback.query) if name == _BODY_DIGEST), b"")
    return hmac.compare_digest(digest, given)


def _signed(key: bytes, text: bytes) -> bytes:
    return b64encode(hmac.digest(key, text, sha1))


def _spellings(url: str) -> set[str]:
    parts = _ADDRESS.fullmatch(url)
    if parts is None:
        return {url}
    scheme, host, port, rest = parts.group("scheme", "host", "port", "rest")
    return {f"{scheme}://{host}{rest}", f"{scheme}://{host}:{port or _PORTS[scheme]}{rest}"}
