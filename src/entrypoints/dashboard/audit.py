"""Who changed what."""

from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from application.audit_reading import ReadAudit
from application.ports.audit import AuditFilter
from domain.audit import AuditAction
from entrypoints.dashboard.pages import page
from entrypoints.dashboard.queries import choice, identity
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.replies import HttpRequest

AUDIT = f"{ROOT}/audit"
_PAGE = 50


@get(AUDIT)
async def get_audit(  # noqa: PLR0913, PLR0917 - one for each field of the form
    request: HttpRequest,
    read_audit: NamedDependency[ReadAudit],
    action: FromQuery[str] = "",
    actor: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Response[str]:
    """Show the audit log, the latest entry first."""
    wanted = AuditFilter(
        action=choice(AuditAction, action),
        actor=actor.strip() or None,
        subject=subject.strip() or None,
    )
    found = await read_audit(wanted, before=identity(before), limit=_PAGE)
    asked = {"action": action, "actor": actor, "subject": subject}
    return page(
        request,
        "audit.html",
        entries=found.entries,
        older=_older(found.next_before),
        asked=asked,
        actions=list(AuditAction),
    )


def _older(before: UUID | None) -> str | None:
    return None if before is None else str(before)
