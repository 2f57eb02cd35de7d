"""What every stand-in is made of: a request that arrived, a reply, and a provider between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol

from entrypoints.simulator.form import Form

JSON = "application/json"


class ProviderCode(StrEnum):
    """The providers that have a stand-in."""

    SMSCRU = "smscru"
    TWILIO = "twilio"
    EPOCHTASMSRU = "epochtasmsru"
    MOBIZONKZ = "mobizonkz"


class Operation(StrEnum):
    """What a request is after; ``other`` is whatever no provider serves."""

    SEND = "send"
    LOOKUP = "lookup"
    BALANCE = "balance"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request, read whole.

    Attributes:
        path: decoded, without the query.
        authorization: the header as it came, or an empty text.
        number: how many requests this provider has had, this one included.
        in_flight: requests of the same operation not yet answered, this one included.
    """

    method: str
    path: str
    query: Form = field(default_factory=Form)
    body: Form = field(default_factory=Form)
    authorization: str = ""
    number: int = 1
    in_flight: int = 1

    @property
    def form(self) -> Form:
        """Query and body together; the body wins."""
        return self.query.merged(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer ready to be written."""

    body: bytes
    status: int = HTTPStatus.OK
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A provider says no.

    Attributes:
        code: the provider's own number for the reason.
        text: what is said beside it; empty: the provider's usual words.
        about: what else the refusal carries, such as the id or the field at fault.
    """

    def __init__(self, code: int, text: str = "", *, about: object = None) -> None:
        super().__init__(f"refused with {code}: {text}")
        self.code = code
        self.text = text
        self.about = about


class Wire(Protocol):
    """One provider's side of its API. It never raises, whatever arrives."""

    @property
    def provider(self) -> ProviderCode:
        """Whose API this is."""
        ...

    def operation(self, arrival: Arrival) -> Operation:
        """Tell what the request is after, without carrying it out."""
        ...

    def answer(self, arrival: Arrival) -> Reply:
        """Carry the request out."""
        ...

    def refuse(self, arrival: Arrival, refusal: RefusedError) -> Reply:
        """Put a refusal into this provider's envelope."""
        ...

    def break_down(self, http_status: int) -> Reply:
        """Answer as the provider does when its own machines fail."""
        ...


def html_page(status: int) -> Reply:
    """Return the page a proxy shows in front of a provider."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Reply(body=page.encode(), status=status, content_type="text/html")
