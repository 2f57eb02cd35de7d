"""The database: can it be reached, is it up to date, does it keep what it says it has written?"""

from concurrent.futures import Future
from threading import Thread

import sqlalchemy as sa
from psycopg.errors import LockNotAvailable

from adapters.persistence.engines import DatabaseTarget
from domain.phone import mask_numbers
from entrypoints.doctor.finding import Finding, problem
from entrypoints.doctor.postgres import check_postgres
from entrypoints.doctor.sqlite import check_sqlite

CHECK = "database"
_ANSWER_S = 30.0


def check_database(
    target: DatabaseTarget, unprotected: str | None = None, *, limit_s: float = _ANSWER_S
) -> list[Finding]:
    """Look at the database with connections that cannot write.

    Args:
        target: where it is.
        unprotected: why it has to hold a key, in words; ``None`` where it need not.
        limit_s: how long it may take.

    A pooler whose server is gone keeps its clients waiting for minutes: the thread that asks is
    left behind then, and ends with the program.
    """
    found: list[Finding] = []
    done: Future[None] = Future()

    def look() -> None:
        try:
            _look(target, unprotected, found)
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            done.set_exception(error)
        else:
            done.set_result(None)

    Thread(target=look, daemon=True).start()
    try:
        done.result(limit_s)
    except TimeoutError:
        text = f"it did not answer within {limit_s:.0f} s"
        fix = f"Check {target.setting}, and whether the database, and a pooler before it, is well."
        return [*found, problem(CHECK, text, fix)]
    return found


def _look(target: DatabaseTarget, unprotected: str | None, found: list[Finding]) -> None:
    look = check_postgres if target.sqlite_path is None else check_sqlite
    try:
        for finding in look(target, unprotected):
            found.append(finding)  # noqa: PERF402 - what was seen before an error counts
    except (sa.exc.DBAPIError, OSError) as error:
        found.append(_failure(target, error))


def _failure(target: DatabaseTarget, error: sa.exc.DBAPIError | OSError) -> Finding:
    cause = getattr(error, "orig", error)
    if isinstance(cause, LockNotAvailable):
        return problem(
            CHECK,
            "a table is locked: who wants to read it has to wait",
            "Wait until habar migrate has ended; otherwise see who holds it in pg_locks.",
        )
    said = mask_numbers(" ".join(str(cause).split()))
    return problem(
        CHECK,
        f"it cannot be opened: {said}",
        f"Check {target.setting} and whether the database is running; where the database itself "
        "is missing, habar migrate makes it.",
    )
