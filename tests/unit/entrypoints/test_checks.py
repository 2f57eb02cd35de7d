"""What the settings must be together."""

from collections.abc import Mapping

import pytest

from application.errors import SettingsError
from application.routing import SMS_PROVIDERS
from entrypoints.checks import (
    CREDENTIALS,
    check,
    configured,
    database_target,
    default_provider,
    exposure,
)
from entrypoints.failpoints import FAILPOINTS
from entrypoints.settings import Secret, Settings, read_settings

DUMMY = {"SMS_DUMMY": "true"}
SECRET = "s3cret-p4ss"


def credentials(code: str) -> dict[str, str]:
    return {f"{code}_{part}".upper(): f"{SECRET}-{part}" for part in CREDENTIALS[code]}


def problems(environment: Mapping[str, str]) -> list[str]:
    settings = read_settings(environment)
    try:
        check(settings)
    except SettingsError as error:
        assert SECRET not in str(error)  # noqa: PT017 - none at all is an answer, too
        return error.problems
    return []


def test_the_dummy_needs_nothing() -> None:
    assert problems(DUMMY) == []


def test_without_a_provider_both_ways_out_are_named() -> None:
    (problem,) = problems({})
    assert problem.startswith("SMS_PROVIDER: not set")
    assert "SMS_DUMMY=true" in problem
    assert all(code in problem for code in SMS_PROVIDERS)


@pytest.mark.parametrize("code", SMS_PROVIDERS)
def test_a_provider_with_its_credentials_is_enough(code: str) -> None:
    environment = {"SMS_PROVIDER": code, **credentials(code)}
    assert problems(environment) == []
    assert configured(read_settings(environment)) == (code,)


def test_the_older_code_of_epochta_is_known() -> None:
    environment = {"SMS_PROVIDER": "epochtaru", **credentials("epochtasmsru")}
    assert problems(environment) == []
    assert default_provider(read_settings(environment)) == "epochtasmsru"


def test_a_provider_nobody_knows_is_told_with_those_there_are() -> None:
    (problem,) = problems({"SMS_PROVIDER": "carrier-pigeon"})
    assert problem.startswith("SMS_PROVIDER: no such provider")
    assert all(code in problem for code in SMS_PROVIDERS)


@pytest.mark.parametrize("code", SMS_PROVIDERS)
def test_a_provider_without_credentials_names_what_it_needs(code: str) -> None:
    (problem,) = problems({"SMS_PROVIDER": code})
    assert problem.endswith(f"needed by SMS_PROVIDER={code}")
    assert all(f"{code}_{part}".upper() in problem for part in CREDENTIALS[code])


@pytest.mark.parametrize(
    ("code", "left_out"),
    [(code, part) for code, parts in CREDENTIALS.items() for part in parts if len(parts) > 1],
)
def test_a_provider_half_set_up_names_the_other_half(code: str, left_out: str) -> None:
    environment = {**DUMMY, **credentials(code)}
    name = f"{code}_{left_out}".upper()
    del environment[name]
    (problem,) = problems(environment)
    assert problem == f"{name}: not set, though other credentials of {code} are"


def test_one_that_is_half_set_up_is_told_though_another_is_the_default() -> None:
    environment = {"SMS_PROVIDER": "smscru", **credentials("smscru"), "TWILIO_SID": "AC1"}
    (problem,) = problems(environment)
    assert problem.startswith("TWILIO_TOKEN, TWILIO_PHONE: not set")


BAD_URLS = [
    "smsc.ru",
    "ftp://smsc.ru",
    "https://",
    "https:///x",
    "//smsc.ru",
    "http://127.0.0.1:port",
    "http://127.0.0.1:99999",
    "http://[::1",
    "https://smsc.ru/?x=1",
    "https://smsc.ru/#x",
    "https://user:password@smsc.ru",
]


def test_a_default_provider_nobody_knows_is_refused_beside_the_dummy_too() -> None:
    (problem,) = problems({**DUMMY, "SMS_PROVIDER": "smscr"})
    assert problem.startswith("SMS_PROVIDER: no such provider")


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize("code", SMS_PROVIDERS)
def test_a_base_url_has_a_scheme_and_a_host(code: str, url: str) -> None:
    (problem,) = problems({**DUMMY, f"{code.upper()}_BASE_URL": url})
    assert problem.startswith(f"{code.upper()}_BASE_URL: ")


# Who may call.


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_loopback_anybody_may_call(host: str) -> None:
    assert exposure(Settings(http_host=host)) is None


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.0.1", "gateway.local", "::ffff:10.0.0.1"],  # noqa: S104 - refused
)
def test_where_others_can_call_every_way_out_is_named(host: str) -> None:
    problem = exposure(Settings(http_host=host))
    assert problem is not None
    assert problem.startswith(f"HTTP_HOST: {host} ")
    for way_out in ("habar keys create", "API_KEYS", "AUTH_DISABLED=true"):
        assert way_out in problem
    assert exposure(Settings(http_host=host, api_keys=(Secret(SECRET),))) is None
    assert exposure(Settings(http_host=host, auth_disabled=True)) is None


def test_a_list_without_a_key_is_no_key() -> None:
    host = "0.0.0.0"  # noqa: S104 - refused
    found = read_settings({**DUMMY, "HTTP_HOST": host, "API_KEYS": " , ,"}, {}, {})
    assert exposure(found) is not None


# The database.


def target_url(**environment: str) -> str:
    assert problems({**DUMMY, **environment}) == []
    target = database_target(read_settings({**DUMMY, **environment}))
    return target.url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "sqlite:///data/habar.db"),
        ({"DATA_DIR": "/var/lib/habar"}, "sqlite:////var/lib/habar/habar.db"),
        ({"DATABASE_URL": "sqlite:///own.db"}, "sqlite:///data/own.db"),
        ({"DATABASE_URL": "sqlite:///in/own.db", "DATA_DIR": "/d"}, "sqlite:////d/in/own.db"),
        ({"DATABASE_URL": "sqlite:////abs/own.db", "DATA_DIR": "/d"}, "sqlite:////abs/own.db"),
        ({"DATABASE_URL": "postgresql://u@h/d"}, "postgresql://u@h/d"),
        ({"DATABASE_URL": "postgres://u:p@h:6432/d"}, "postgresql://u:p@h:6432/d"),
        (
            {"DATABASE_URL": "postgresql://u@h/d?sslmode=require&application_name=x"},
            "postgresql://u@h/d?application_name=x&sslmode=require",
        ),
        ({"PG_HOST": "h"}, "postgresql://h:5432/sms"),
        (
            {"PG_HOST": "h", "PG_PORT": "6", "PG_DATABASE": "d", "PG_USER": "u"},
            "postgresql://u@h:6/d",
        ),
        ({"PG_HOST": "h", "DATABASE_URL": "sqlite:///x.db"}, "postgresql://h:5432/sms"),
    ],
)
def test_where_the_database_is(environment: dict[str, str], url: str) -> None:
    assert target_url(**environment) == url


def test_a_password_is_taken_whole() -> None:
    written = {"PG_HOST": "h", "PG_USER": "me@x", "PG_PASSWORD": "a/b:c@d?e#f%20 g"}
    url = database_target(read_settings({**DUMMY, **written})).url
    assert (url.username, url.password, url.host) == ("me@x", "a/b:c@d?e#f%20 g", "h")
    read = database_target(
        read_settings({**DUMMY, "DATABASE_URL": "postgres://u:a%2Fb%3Ac%40d%25@h/d"})
    ).url
    assert (read.password, read.host, read.database) == ("a/b:c@d%", "h", "d")


def test_migrations_go_to_the_server_itself() -> None:
    environment = {"PG_HOST": "pgbouncer", "PG_REAL_HOST": "server", "PG_SCHEMA": "My-Schema"}
    target = database_target(read_settings({**DUMMY, **environment}))
    assert (target.url.host, target.admin_url.host) == ("pgbouncer", "server")
    assert target.schema == "My-Schema"
    assert database_target(read_settings({"PG_HOST": "h"})).admin_url.host == "h"


@pytest.mark.parametrize(
    "url",
    [
        f"no url {SECRET}",
        f"mysql://u:{SECRET}@h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        f"postgresql://u:{SECRET}@h",
        f"postgresql://u:{SECRET}@h:port/d",
        f"postgresql://u:a@{SECRET}@h/d",
        "sqlite:///x.db?mode=memory",
        f"oracle+nothing://{SECRET}",
    ],
)
def test_a_url_that_leads_nowhere_is_refused_without_being_shown(url: str) -> None:
    (problem,) = problems({**DUMMY, "DATABASE_URL": url})
    assert problem.startswith("DATABASE_URL: ")


# How messages leave.

TWO = {"SMS_PROVIDER": "smscru", **credentials("smscru"), **credentials("twilio")}


@pytest.mark.parametrize(
    "environment",
    [
        {**TWO, "FALLBACK_PROVIDERS": "twilio"},
        {**TWO, "FALLBACK_PROVIDERS": "twilio, smscru"},
        {**TWO, **credentials("epochtasmsru"), "FALLBACK_PROVIDERS": "epochtaru"},
        {**DUMMY, "FALLBACK_PROVIDERS": "twilio,mobizonkz,epochtaru"},
    ],
)
def test_who_is_configured_may_stand_in(environment: dict[str, str]) -> None:
    assert problems(environment) == []


@pytest.mark.parametrize("code", ["mobizonkz", "epochtaru", "nobody", "Twilio"])
def test_one_that_stands_in_has_to_be_configured(code: str) -> None:
    (problem,) = problems({**TWO, "FALLBACK_PROVIDERS": f"twilio,{code}"})
    assert problem == f"FALLBACK_PROVIDERS: {code} is not configured; choose of smscru, twilio"


def test_every_one_that_cannot_stand_in_is_told() -> None:
    told = problems({**DUMMY, "FALLBACK_PROVIDERS": "nobody,twilio,pigeon"})
    assert [problem.split()[1] for problem in told] == ["nobody", "pigeon"]


@pytest.mark.parametrize("delays", ["1", "0.5,1,2", "5,30,120,600,3600", "5, 30"])
def test_delays_that_grow_are_taken(delays: str) -> None:
    assert problems({**DUMMY, "LOOKUP_DELAYS": delays}) == []


@pytest.mark.parametrize("delays", [" , ,", "0,5", "-1,5", "5,5", "30,5", "5,30,20"])
def test_delays_that_do_not_grow_are_refused(delays: str) -> None:
    (problem,) = problems({**DUMMY, "LOOKUP_DELAYS": delays})
    assert problem == "LOOKUP_DELAYS: expected seconds that grow, such as 5,30,120,600"


@pytest.mark.parametrize("delays", ["nan", "5,inf", "inf"])
def test_delays_nobody_can_wait_are_refused(delays: str) -> None:
    (problem,) = problems({**DUMMY, "LOOKUP_DELAYS": delays})
    assert problem.startswith("LOOKUP_DELAYS: ")


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("database", [{}, {"DATABASE_URL": "sqlite:///own.db"}])
def test_a_file_has_one_process_that_does_all(role: str, database: dict[str, str]) -> None:
    (problem,) = problems({**DUMMY, **database, "HABAR_ROLE": role})
    assert problem.startswith("HABAR_ROLE: a SQLite file has one process")
    assert "PostgreSQL" in problem
    assert problems({**DUMMY, **database, "HABAR_ROLE": "all"}) == []


@pytest.mark.parametrize("role", ["all", "api", "worker"])
@pytest.mark.parametrize("database", [{"PG_HOST": "h"}, {"DATABASE_URL": "postgresql://u@h/d"}])
def test_on_postgresql_the_work_can_be_divided(role: str, database: dict[str, str]) -> None:
    assert problems({**DUMMY, **database, "HABAR_ROLE": role}) == []


@pytest.mark.parametrize("url", [f"no url {SECRET}", f"postgresql://u:{SECRET}@h:port/d"])
def test_a_role_beside_a_url_that_leads_nowhere_is_no_further_problem(url: str) -> None:
    (problem,) = problems({**DUMMY, "HABAR_ROLE": "api", "DATABASE_URL": url})
    assert problem.startswith("DATABASE_URL: ")


# The rest.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DEFAULT_REGION", "XX"),
        ("DEFAULT_REGION", "Kazakhstan"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("HABAR_FAILPOINT", "sometimes"),
    ],
)
def test_a_word_that_is_not_one_of_some_is_refused(name: str, text: str) -> None:
    (problem,) = problems({**DUMMY, name: text})
    assert problem.startswith(f"{name}: expected ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DEFAULT_REGION", "KZ"),
        ("LOG_LEVEL", "debug"),
        ("LOG_FORMAT", "json"),
        *(("HABAR_FAILPOINT", point) for point in FAILPOINTS),
    ],
)
def test_a_word_that_is_one_of_some_is_taken(name: str, text: str) -> None:
    assert problems({**DUMMY, name: text}) == []


def test_every_problem_is_told_at_once() -> None:
    told = problems(
        {
            "TWILIO_SID": "AC1",
            "SMSCRU_BASE_URL": "x",
            "DATABASE_URL": "x",
            "DEFAULT_REGION": "XX",
            "LOG_LEVEL": "x",
            "LOG_FORMAT": "x",
            "FALLBACK_PROVIDERS": "x",
            "LOOKUP_DELAYS": "0",
            "HABAR_FAILPOINT": "x",
        }
    )
    assert len(told) == 10
    assert len(set(told)) == 10


def test_the_default_of_a_deployment_without_provider_is_the_dummy() -> None:
    assert default_provider(Settings()) == "dummy"
