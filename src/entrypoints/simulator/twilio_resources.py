"""Messages and calls as Twilio writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlencode

from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.states import State

BASE = "/2010-04-01/Accounts"
_NOT_YET_SENT = {"accepted", "scheduled", "queued", "sending"}
_CALL_OVER = {"completed", "busy", "no-answer", "failed", "canceled"}
_TALK_S = "12"


def message_resource(
    account: str, message: SentMessage, status: str, error: int
) -> dict[str, object]:
    """Return one message; every number but the error code is a text."""
    written, sid = format_datetime(message.sent_at), message.provider_id
    service = message.parameters.get("MessagingServiceSid")
    uri = f"{BASE}/{account}/Messages/{sid}"
    waits = status in _NOT_YET_SENT
    return {
        "sid": sid,
        "account_sid": account,
        "status": status,
        "direction": "outbound-api",
        "to": message.wire_recipient,
        "from": message.parameters.get("From"),
        "messaging_service_sid": service,
        "body": message.text,
        "num_segments": "0" if service and waits else str(count_segments(message.text)),
        "num_media": "0",
        "date_created": written,
        "date_updated": written,
        "date_sent": None if waits else written,
        "price": None,
        "price_unit": "USD",
        "error_code": error or None,
        "error_message": None,
        "api_version": "2010-04-01",
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def call_resource(account: str, call: SentMessage, status: str) -> dict[str, object]:
    """Return one call; why it failed is told in callbacks only."""
    written, sid = format_datetime(call.sent_at), call.provider_id
    over = status in _CALL_OVER
    return {
        "sid": sid,
        "account_sid": account,
        "status": status,
        "direction": "outbound-api",
        "to": call.wire_recipient,
        "from": call.sender,
        "start_time": written if over else None,
        "end_time": written if over else None,
        "duration": (_TALK_S if status == "completed" else "0") if over else "",
        "price": None,
        "price_unit": "USD",
        "answered_by": None,
        "queue_time": "0",
        "parent_call_sid": None,
        "group_sid": None,
        "trunk_sid": None,
        "forwarded_from": None,
        "caller_name": None,
        "date_created": written,
        "date_updated": written,
        "api_version": "2010-04-01",
        "uri": f"{BASE}/{account}/Calls/{sid}.json",
        "subresource_uris": {},
    }


def first_status(message: SentMessage) -> str:
    """Return what the answer to the send itself says."""
    return "accepted" if message.parameters.get("MessagingServiceSid") else "queued"


def known_status(message: SentMessage, state: State) -> str:
    """Return what a look-up says."""
    if state.status is not None:
        return str(state.status)
    return "completed" if message.channel == "call" else "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list.

    Attributes:
        path: of the list itself.
        number: counted from 0.
    """

    path: str
    filters: Mapping[str, str]
    size: int
    number: int

    def cut(self, items: Sequence[object]) -> Sequence[object]:
        """Return this page's share of the items."""
        return items[self.number * self.size : (self.number + 1) * self.size]

    def about(self, total: int) -> dict[str, object]:
        """Return what stands beside the items."""
        start = self.number * self.size
        return {
            "page": self.number,
            "page_size": self.size,
            "start": start,
            "end": max(start, min(start + self.size, total) - 1),
            "next_page_uri": self._uri(self.number + 1) if start + self.size < total else None,
            "previous_page_uri": self._uri(self.number - 1) if self.number else None,
            "first_page_uri": self._uri(0),
            "uri": self._uri(self.number),
        }

    def _uri(self, number: int) -> str:
        query = urlencode({**self.filters, "PageSize": self.size, "Page": number})
        return f"{self.path}?{query}"
