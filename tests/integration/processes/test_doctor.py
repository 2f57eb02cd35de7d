"""``habar doctor`` names what is wrong, beside a server that is running, and changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import migrate
from tests.integration.conftest import postgres_target, sqlite_target
from tests.integration.processes.examination import DUMMY, SECRETS, examined, wrong
from tests.postgres import PostgresServer
from tests.processes import Program, provided, running_gateway, running_simulator, stored

SIGNED = {"WEBHOOK_SECRETS": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as program:
        yield program.url


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a ``.env``."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "SMS_PROVIDER"),
        ({"SMS_PROVIDER": "smscru"}, "SMSCRU_PASSWORD"),
        ({**DUMMY, "HTTP_PORT": "x"}, "HTTP_PORT"),
        ({**DUMMY, "HTTP_HOST": "0.0.0.0"}, "HTTP_HOST"),  # noqa: S104 - it is refused
        ({**DUMMY, "TWILIO_TOKEN": SECRETS[0]}, "TWILIO_SID"),
        ({**DUMMY, "SMSCRU_BASE_URL": "ftp://smsc.ru"}, "SMSCRU_BASE_URL"),
        ({**DUMMY, "DATABASE_URL": f"mysql://u:{SECRETS[0]}@h/d"}, "DATABASE_URL"),
        ({**DUMMY, "PUBLIC_URL": "sms.example.kz"}, "PUBLIC_URL"),
        ({**DUMMY, "WEBHOOK_URLS": "https://shop.example.kz/x"}, "WEBHOOK_SECRETS"),
        ({**DUMMY, "TWILIO_TOKEN_FILE": "/nowhere/at/all"}, "TWILIO_TOKEN_FILE"),
        ({**DUMMY, "PG_HOST": "127.0.0.1", "PG_PORT": "1", "PG_USER": "me"}, "PG_HOST"),
    ],
)
def test_a_wrong_setting_is_named(place: Path, settings: dict[str, str], named: str) -> None:
    assert named in wrong(place, "--offline", **settings)


def test_a_provider_that_cannot_be_reached_is_named_by_its_address(place: Path) -> None:
    said = wrong(place, **provided("http://127.0.0.1:1"))
    for code in ("SMSCRU", "TWILIO", "EPOCHTASMSRU", "MOBIZONKZ"):
        assert f"{code}_BASE_URL" in said


def test_credentials_a_provider_refuses_are_named(place: Path, simulator: str) -> None:
    said = wrong(place, **provided(simulator, SMSCRU_PASSWORD=SECRETS[0]))
    assert "SMSCRU_PASSWORD" in said
    assert "TWILIO_TOKEN" not in said


def test_a_good_deployment_has_no_problem(place: Path, simulator: str) -> None:
    settings = provided(simulator, SMSCRU_SENDER="HABAR", MOBIZONKZ_SENDER="HABAR")
    code, findings = examined(place, **settings)
    assert code == 0, findings
    seen = {f["check"] for f in findings if f["level"] == "ok"}
    assert seen >= {"settings", "access", "disk", "clock", "smscru", "twilio", "mobizonkz"}


def test_a_webhook_without_an_address_is_named(place: Path) -> None:
    said = wrong(place, **DUMMY, **SIGNED, WEBHOOK_URLS="https://nobody.invalid/s3cret-p4ss")
    assert "nobody.invalid" in said
    assert "WEBHOOK_URLS" in said


def test_a_webhook_on_this_machine_is_named(place: Path) -> None:
    assert "WEBHOOK_ALLOW_PRIVATE" in wrong(place, **DUMMY, **SIGNED, WEBHOOK_HOSTS="127.0.0.1")


def test_a_data_folder_that_is_a_file_is_named(place: Path) -> None:
    (place / "data").write_text("a file")
    assert "DATA_DIR" in wrong(place, "--offline", **DUMMY)


def test_a_file_that_is_no_database_is_named(place: Path) -> None:
    (place / "data").mkdir()
    (place / "data" / "habar.db").write_bytes(b"no database" * 1000)
    assert "DATA_DIR" in wrong(place, "--offline", **DUMMY)


def test_nothing_is_left_beside_a_file_nobody_serves(place: Path) -> None:
    target = sqlite_target(place)
    migrate(target)
    before = _contents(place)
    code, findings = examined(place, "--offline", **DUMMY, **stored(target))
    assert code == 0, findings
    assert _contents(place) == before


def test_nothing_is_made_where_there_is_nothing(place: Path) -> None:
    assert examined(place, "--offline", **DUMMY)[0] == 0
    assert list(place.iterdir()) == []


def test_it_works_beside_a_server(tmp_path: Path) -> None:
    with running_gateway(tmp_path, **DUMMY):
        program = Program(tmp_path, "doctor", "--offline", **DUMMY)
        assert program.wait() == 0, program.output
    assert "revision" in program.output
    assert "SQLite" in program.output


def test_an_empty_postgresql_database_stays_empty(
    place: Path, postgres_server: PostgresServer
) -> None:
    target = postgres_target(postgres_server)
    _, findings = examined(place, "--offline", **DUMMY, **stored(target))
    assert "there are no tables yet" in {f["text"] for f in findings}
    engine = sa.create_engine(target.url.set(drivername="postgresql+psycopg"))
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_database_that_is_not_there_is_not_made(
    place: Path, postgres_server: PostgresServer
) -> None:
    target = postgres_target(postgres_server)
    missing = DatabaseTarget(url=target.url.set(database="nowhere"), admin_url=target.admin_url)
    for _ in range(2):
        said = wrong(place, "--offline", **DUMMY, **stored(missing))
        assert "DATABASE_URL" in said
        assert "nowhere" in said


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
