"""Opt-outs from one sender, on both databases."""

from collections.abc import Sequence

import sqlalchemy as sa

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.opt_out_lookup import OptOutLookup, Refused
from adapters.persistence.rows import Row
from adapters.persistence.tables import opt_outs
from application.ports.opt_outs import OptOut
from domain.phone import Phone

_CODE_LENGTH = 64
_Lifting = tuple[Phone, str | None]


class SqlOptOuts:
    """Opt-outs are rows of ``sms_opt_outs``; see ``OptOuts``."""

    def __init__(self, commits: GroupCommit, lookup: OptOutLookup) -> None:
        self._commits = commits
        self._lookup = lookup

    async def add(self, opt_out: OptOut) -> None:
        """Write an opt-out; see ``OptOuts.add``."""
        await self._commits.run(_add, opt_out)

    async def lift(self, phone: Phone, provider: str | None = None) -> None:
        """Forget the opt-outs of a phone; see ``OptOuts.lift``."""
        await self._commits.run(_lift, (phone, provider))

    async def among(self, phones: Sequence[Phone], provider: str) -> Refused:
        """Return the opt-outs of some phones; see ``OptOuts.among``."""
        return await self._lookup.among(phones, provider)


def add_opt_outs(connection: sa.Connection, new: Sequence[OptOut]) -> None:
    """Write opt-outs, inside a transaction; see ``OptOuts.add``."""
    if not new:
        return
    # In one order, as processes wait for one another's rows.
    rows = sorted(map(_row, new), key=lambda row: (row["phone"], row["provider"], row["sender"]))
    connection.execute(insert_new(connection, opt_outs), rows)


def lift_opt_outs(
    connection: sa.Connection, phones: Sequence[Phone], provider: str | None = None
) -> None:
    """Forget the opt-outs of phones, inside a transaction; see ``OptOuts.lift``."""
    if not phones:
        return
    gone = sa.delete(opt_outs).where(opt_outs.c.phone.in_([phone.msisdn for phone in phones]))
    if provider is not None:
        gone = gone.where(opt_outs.c.provider == provider)
    connection.execute(gone)


def _add(connection: sa.Connection, items: Sequence[OptOut]) -> Sequence[None]:
    add_opt_outs(connection, items)
    return [None] * len(items)


def _lift(connection: sa.Connection, items: Sequence[_Lifting]) -> Sequence[None]:
    for phone, provider in items:
        lift_opt_outs(connection, [phone], provider)
    return [None] * len(items)


def _row(opt_out: OptOut) -> Row:
    code = opt_out.provider_code
    return {
        "phone": opt_out.phone.msisdn,
        "provider": opt_out.provider,
        "sender": "" if opt_out.sender is None else opt_out.sender.text,
        "created_at": opt_out.created_at,
        "provider_code": None if code is None else code.replace("\x00", "")[:_CODE_LENGTH],
    }
