"""Twilio's own library, by which our reading of its signatures is judged."""

from collections.abc import Mapping

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it has no types


def official_signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Sign a request as Twilio does."""
    return str(RequestValidator(token).compute_signature(url, dict(fields)))


def officially_valid(token: str, url: str, sent: Mapping[str, str] | str, signature: str) -> bool:
    """Check a request, fields or the body of JSON, as Twilio advises to."""
    body = sent if isinstance(sent, str) else dict(sent)
    return bool(RequestValidator(token).validate(url, body, signature))
