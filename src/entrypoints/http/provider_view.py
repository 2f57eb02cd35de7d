"""Providers, as answers show them."""

from datetime import datetime, timedelta
from math import isinf

import msgspec

from application.ports.provider_states import ProviderState
from application.providers_admin import ProviderReport
from domain.lookup import Balance, NoAnswer
from domain.message import Channel


class LimitsView(msgspec.Struct, frozen=True):
    """How many submissions at once, and how many segments a second; ``null`` is no limit."""

    concurrency: int
    rate: float | None


class BalanceView(msgspec.Struct, frozen=True):
    """Money left; ``error`` where the provider did not tell."""

    amount: str | None
    currency: str | None
    error: str | None


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider; ``balance`` only where it was asked for.

    ``until``: when a pause ends by itself, or when an open circuit is tried next.
    """

    code: str
    default: bool
    sms: bool
    voice: bool
    limits: LimitsView
    state: str
    reason: str | None
    until: datetime | None
    balance: BalanceView | msgspec.UnsetType = msgspec.UNSET


class ProvidersContent(msgspec.Struct, frozen=True):
    """All of them."""

    providers: list[ProviderView]


class ProvidersAnswer(msgspec.Struct, frozen=True):
    """The providers of this deployment."""

    status: bool
    content: ProvidersContent


class ProviderContent(msgspec.Struct, frozen=True):
    """One of them."""

    provider: ProviderView


class ProviderAnswer(msgspec.Struct, frozen=True):
    """One provider."""

    status: bool
    content: ProviderContent


def provider_view(report: ProviderReport) -> ProviderView:
    """Show a provider as it was found."""
    carrier, state = report.carrier, report.state
    return ProviderView(
        code=carrier.code,
        default=report.default,
        sms=carrier.carries(Channel.SMS),
        voice=carrier.carries(Channel.CALL),
        limits=LimitsView(
            carrier.places.count, round(1 / carrier.spacing_s, 3) if carrier.spacing_s else None
        ),
        state=_name(state),
        reason=_reason(state),
        until=_until(state, report.at),
        balance=msgspec.UNSET if report.balance is None else _balance(report.balance),
    )


def _name(state: ProviderState) -> str:
    if state.hold_over:
        return "ok"
    if state.held:
        return "paused"
    if state.open:
        return "open"
    return "throttled" if state.paused_s else "ok"


def _reason(state: ProviderState) -> str | None:
    match _name(state):
        case "ok":
            return None
        case "throttled":
            return "it asks to be left alone"
        case _:
            return state.reason


def _until(state: ProviderState, now: datetime) -> datetime | None:
    seconds = state.paused_s if _name(state) == "throttled" else state.retry_s
    return None if not seconds or isinf(seconds) else now + timedelta(seconds=seconds)


def _balance(told: Balance | NoAnswer) -> BalanceView:
    if isinstance(told, NoAnswer):
        return BalanceView(amount=None, currency=None, error=told.text)
    return BalanceView(amount=f"{told.amount:f}", currency=told.currency, error=None)
