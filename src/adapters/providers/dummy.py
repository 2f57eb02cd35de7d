"""A provider that takes everything and sends nothing: every message is delivered at once."""

from decimal import Decimal

from domain.lookup import Attempt, Balance, Found, Lookup
from domain.message import Message, MessageStatus
from domain.outcome import Accepted, SubmitOutcome
from domain.text_limit import TextLimit

_LIMIT = TextLimit(characters=1600)


class Dummy:
    """Stands in for any provider where ``SMS_DUMMY=true``; nothing leaves the process."""

    def check_text(self, text: str) -> None:
        """Refuse what Twilio, the most generous of the four, would refuse."""
        _LIMIT.check(text)

    def check_speech(self, text: str) -> None:
        """Refuse what it would refuse as a text."""
        _LIMIT.check(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        """Take the message; see ``SmsProvider.submit``."""
        return Accepted(f"dummy-{message.id.hex}", delivered=True)

    async def place(self, call: Message) -> SubmitOutcome:
        """Take the call; see ``VoiceProvider.place``."""
        return await self.submit(call)

    async def find(self, attempt: Attempt) -> Lookup:
        """Everything it was given has arrived."""
        return Found(status=MessageStatus.DELIVERED, provider_id=f"dummy-{attempt.message.id.hex}")

    async def balance(self) -> Balance:
        """Nothing costs anything."""
        return Balance(Decimal(0))
