"""The database: can it be reached, is it up to date, does it keep what it says it has written?"""

import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from domain.phone import mask_numbers
from entrypoints.doctor.finding import Finding, problem
from entrypoints.doctor.postgres import check_postgres
from entrypoints.doctor.sqlite import check_sqlite

CHECK = "database"


def check_database(target: DatabaseTarget) -> list[Finding]:
    """Look at the database with connections that cannot write."""
    look = check_postgres if target.sqlite_path is None else check_sqlite
    try:
        return look(target)
    except (sa.exc.DBAPIError, OSError) as error:
        said = mask_numbers(" ".join(str(getattr(error, "orig", error)).split()))
        return [
            problem(
                CHECK,
                f"it cannot be opened: {said}",
                f"Check {target.setting} and whether the database is running; where the database "
                "itself is missing, habar migrate makes it.",
            )
        ]
