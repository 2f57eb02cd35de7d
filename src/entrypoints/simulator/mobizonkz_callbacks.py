"""What Mobizon posts to the webhook of an account: final states only, and inbound messages never.

``sign`` covers the event's id, the attempt and the time, not the data.
"""

import itertools
import json
import secrets
from collections.abc import Sequence

from entrypoints.simulator.accounts import MobizonkzAccount
from entrypoints.simulator.callbacks import Callback, CallbackKind, Post, Retries
from entrypoints.simulator.gateway import Addresses
from entrypoints.simulator.inbound import Inbound
from entrypoints.simulator.mobizonkz_items import campaign_id, local_time, status_of
from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.signatures import mobizonkz_sign
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import JSON, ProviderCode

_FINAL = {"DELIVRD", "UNDELIV", "REJECTD", "EXPIRED", "DELETED"}
_RETRIES = Retries(posts_max=10, timeout_s=5.0)

_events = itertools.count(secrets.randbelow(10**6) + 1)


class MobizonkzTeller:
    """Writes the callbacks of one account."""

    def __init__(self, account: MobizonkzAccount, addresses: Addresses) -> None:
        self._account = account
        self._addresses = addresses

    def receipts(self, message: SentMessage, state: State) -> Sequence[Callback]:
        """Tell the final state; see ``Teller``."""
        url, status = self._addresses.handler(self._account.handler), status_of(state)
        if url is None or status not in _FINAL:
            return ()
        event, created = next(_events), local_time(message.sent_at)
        data = {
            "campaignId": int(campaign_id(message)),
            "messageId": int(message.provider_id or 0),
            "segNum": str(count_segments(message.text)),
            "statusUpdateTs": created,
            "status": status,
            "to": message.recipient,
        }

        def write(attempt: int) -> Post:
            content = {
                "eventId": event,
                "eventType": "sms-delivery-report",
                "eventCreateTs": created,
                "webhookId": 3,
                "attempt": attempt,
                "data": data,
                "sign": mobizonkz_sign(event, attempt, created, self._account.webhook_secret),
            }
            return Post(json.dumps(content).encode(), {"Content-Type": JSON})

        callback = Callback(
            provider=ProviderCode.MOBIZONKZ,
            kind=CallbackKind.RECEIPT,
            url=url,
            word=status,
            phone=message.recipient,
            reference=message.reference,
            provider_id=message.provider_id,
            retries=_RETRIES,
            write=write,
        )
        return [callback]

    def inbound(self, _: Inbound) -> Callback | None:
        """Tell nothing: Mobizon has no such event; see ``Teller``."""
        return None
