"""Which messages may have been sent is a question of the server's clock, not of the host's."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import locked, migrate
from adapters.persistence.tables import messages
from tests.faults.test_clock import LIBRARIES
from tests.integration.conftest import postgres_target
from tests.integration.persistence.test_restored import NOW, row
from tests.postgres import PostgresServer
from tests.processes import Program, stored


@pytest.mark.skipif(not LIBRARIES, reason="NO LIBFAKETIME: apt install faketime")
@pytest.mark.parametrize("wrong", ["-3h", "+3h"])
def test_a_wrong_clock_puts_no_other_messages_in_doubt(
    tmp_path: Path, postgres_server: PostgresServer, wrong: str
) -> None:
    target = postgres_target(postgres_server)
    migrate(target)
    hour = timedelta(hours=1)
    with locked(target) as connection:
        rows = [row("queued", due_at=NOW - hour), row("queued", due_at=NOW + hour)]
        connection.execute(sa.insert(messages), rows)
    fooled = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": wrong}
    said = held(tmp_path, target, **fooled)
    assert '"in_doubt": 1' in said
    assert '"scheduled": 1' in said


def held(folder: Path, target: DatabaseTarget, **settings: str) -> str:
    wanted = {"SMS_DUMMY": "true", **stored(target), **settings}
    program = Program(folder, "hold", "--yes", "--json", **wanted)
    try:
        assert program.wait() == 0, program.output
    finally:
        program.kill()
    return program.output
