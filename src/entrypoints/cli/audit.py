"""``habar audit``."""

import re
from datetime import UTC, datetime, timedelta

import rich_click as click

from application.errors import StorageUnavailableError
from application.ports.audit import AuditFilter
from domain.audit import AuditAction, AuditEntry
from entrypoints.cli.client import UNAVAILABLE, Json, Refused
from entrypoints.cli.output import as_json, print_json, print_table
from entrypoints.moments import moment

_COLUMNS = ("At (UTC)", "Who", "From", "Did", "To what", "Detail")
_LENGTHS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_AGO = re.compile(r"(\d{1,5})([mhd])", re.ASCII)


class Since(click.ParamType[datetime]):
    """``90d``, ``12h``, ``30m`` ago, or a time with an offset."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it."""
        if isinstance(value, datetime):
            return value
        at = _time(value)
        if at is None:
            hint = "is neither 30m, 12h or 7d nor a time such as 2026-11-23T06:34:43Z"
            self.fail(f"{value!r} {hint}", param, ctx)
        return at


def _time(text: str) -> datetime | None:
    if ago := _AGO.fullmatch(text):
        return datetime.now(UTC) - int(ago[1]) * _LENGTHS[ago[2]]
    try:
        at = datetime.fromisoformat(text)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@click.command()
@click.option("--since", type=Since(), help="Only then or later: 30m, 12h, 7d ago, or RFC 3339.")
@click.option(
    "--action", type=click.Choice([action.value for action in AuditAction]), help="Only this."
)
@click.option("--actor", help="Only by them: a key's name or id, or a user of this machine.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many."
)
@as_json
def audit(
    *,
    since: datetime | None,
    action: str | None,
    actor: str | None,
    limit: int,
    json_wanted: bool,
) -> None:
    """Show who changed what, the latest first; from the database itself.

    \b
    habar audit --since 7d
    habar audit --action message.forced --actor shop --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    wanted = AuditFilter(
        action=None if action is None else AuditAction(action), actor=actor, since=since
    )
    found = [_told(entry) for entry in _read(wanted, limit)]
    if json_wanted:
        print_json({"entries": found})
        return
    names = ("actor", "address", "action", "subject", "detail")
    print_table(_COLUMNS, [(moment(row["at"]), *(row[name] for name in names)) for row in found])


def _read(wanted: AuditFilter, limit: int) -> list[AuditEntry]:
    # Loaded here: the other commands start without a database.
    from entrypoints.cli.database import run_on_database  # noqa: PLC0415
    from entrypoints.container import Container  # noqa: PLC0415

    async def read(container: Container) -> list[AuditEntry]:
        page = await container.read_audit()(wanted, limit=limit)
        return list(page.entries)

    try:
        return run_on_database(read)
    except StorageUnavailableError as error:
        raise Refused(f"The database is not available: {error}.", UNAVAILABLE) from None


def _told(entry: AuditEntry) -> Json:
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "account": entry.account,
        "address": entry.address,
        "action": entry.action.value,
        "subject": entry.subject,
        "detail": entry.detail,
    }
