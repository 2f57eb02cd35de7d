"""Opt-outs in a dictionary."""

from collections.abc import Sequence

from application.ports.opt_outs import OptOut
from domain.phone import Phone
from domain.sender_id import SenderId


class MemoryOptOuts:
    """Opt-outs.

    Attributes:
        kept: by phone, provider and sender.
        asked: the provider of each call of ``among``.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[Phone, str, SenderId | None], OptOut] = {}
        self.asked: list[str] = []

    async def add(self, opt_out: OptOut) -> None:
        self.kept.setdefault((opt_out.phone, opt_out.provider, opt_out.sender), opt_out)

    async def lift(self, phone: Phone, provider: str | None = None) -> None:
        wanted = {provider} if provider is not None else {p for _, p, _ in self.kept}
        self.kept = {
            key: opt_out
            for key, opt_out in self.kept.items()
            if key[0] != phone or key[1] not in wanted
        }

    async def among(
        self, phones: Sequence[Phone], provider: str
    ) -> frozenset[tuple[Phone, SenderId | None]]:
        self.asked.append(provider)
        return frozenset((p, s) for p, code, s in self.kept if p in phones and code == provider)
