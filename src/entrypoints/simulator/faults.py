"""Switches that make a provider misbehave, matched against each request."""

from collections.abc import Iterator
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

import msgspec

from entrypoints.simulator.wire import Arrival, Operation, ProviderCode


class FaultKind(StrEnum):
    """What goes wrong; ``accept_then_…`` and those that answer slowly record the message first."""

    ACCEPT_THEN_HANG = "accept_then_hang"
    ACCEPT_THEN_DROP = "accept_then_drop"
    HANG = "hang"
    DROP = "drop"
    REFUSE = "refuse"
    STATUS = "status"
    GARBAGE = "garbage"
    OVERSIZE = "oversize"
    SLOW = "slow"
    LATENCY = "latency"


_RECORDED = {
    FaultKind.ACCEPT_THEN_HANG,
    FaultKind.ACCEPT_THEN_DROP,
    FaultKind.SLOW,
    FaultKind.LATENCY,
}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault and the requests it strikes.

    Attributes:
        provider, operation: ``None``: each of them.
        times: how many requests it strikes; ``None``: all, until it is removed.
        path, contains: strike only requests with this in the path, or in any field's value.
        code, text: of ``refuse``: the provider's own number, and its words if not the usual.
        http_status: of ``status``, 503 if not given; of ``refuse``, instead of the usual one.
        retry_after: seconds in the ``Retry-After`` header of ``status``.
        seconds: how long ``slow`` and ``latency`` take.
        size: bytes in an ``oversize`` body.
        accept: record the message before failing, also where the kind would not.
    """

    fault: FaultKind
    provider: ProviderCode | None = None
    operation: Operation | None = Operation.SEND
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    path: str = ""
    contains: str = ""
    code: int | None = None
    text: str = ""
    http_status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    retry_after: int | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    size: Annotated[int, msgspec.Meta(ge=1)] = 16 * 1024 * 1024
    accept: bool = False

    def __post_init__(self) -> None:
        """Refuse a fault that could not be carried out."""
        if self.fault == FaultKind.REFUSE and self.code is None:
            raise ValueError("a refusal needs the provider's own code")
        if self.http_status is not None:
            HTTPStatus(self.http_status)

    @property
    def recorded(self) -> bool:
        """Whether the provider takes the message before things go wrong."""
        return self.accept or self.fault in _RECORDED

    def strikes(self, provider: ProviderCode, operation: Operation, arrival: Arrival) -> bool:
        """Tell whether this request is to suffer."""
        return (
            self.provider in (None, provider)
            and self.operation in (None, operation)
            and self.path.lower() in arrival.path.lower()
            and (not self.contains or arrival.form.mentions(self.contains))
        )


class FaultBoard:
    """The faults set, in the order they were: of those that match a request the first strikes.

    Attributes:
        latency_s: how long each provider takes over each answer, faults or not.
    """

    def __init__(self, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
        self._left: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        self._left.append((fault, fault.times))

    def take(self, provider: ProviderCode, operation: Operation, arrival: Arrival) -> Fault | None:
        """Return the fault that strikes this request, and use it up by one."""
        for index, (fault, left) in enumerate(self._left):
            if not fault.strikes(provider, operation, arrival):
                continue
            if left == 1:
                del self._left[index]
            elif left is not None:
                self._left[index] = (fault, left - 1)
            return fault
        return None

    def clear(self, provider: ProviderCode | None = None) -> None:
        """Remove the faults of one provider, or all of them."""
        self._left = [kept for kept in self._left if provider not in (None, kept[0].provider)]

    def __iter__(self) -> Iterator[Fault]:
        """Walk over the faults still set, with what is left of their times."""
        for fault, left in self._left:
            yield msgspec.structs.replace(fault, times=left)
