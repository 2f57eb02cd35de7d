"""Request headers, as ASGI hands them over: lower-case names, values as they came."""

from collections.abc import Iterable

RawHeaders = Iterable[tuple[bytes, bytes]]
REPRESENTATION = "return=representation"


def header(headers: RawHeaders, name: bytes) -> str:
    """Return a header's value; the values of several lines are one list, as HTTP has it."""
    return b",".join([value for key, value in headers if key == name]).decode("latin-1")


def wants_representation(headers: RawHeaders) -> bool:
    """Tell whether ``Prefer`` asks for what became of each message.

    Source: RFC 7240, 2 (names know no case; of a preference named twice the first counts).
    """
    for preference in header(headers, b"prefer").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "return":
            return value.strip().strip('"').lower() == "representation"
    return False
