"""The environment becomes settings, or a list of everything that is wrong with it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.errors import SettingsError
from entrypoints.asgi import load_settings
from entrypoints.settings import Secret, Settings, read_settings

FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
SECRET = "s3cret-p4ss"
SAMPLES: dict[Any, tuple[str, object]] = {
    bool: ("yes", True),
    int: ("7", 7),
    float: ("7.5", 7.5),
    str: ("text", "text"),
    tuple: ("one, two,", (Secret("one"), Secret("two"))),
}
OWN = {
    "fallback_providers": ("one, two,", ("one", "two")),
    "lookup_delays": ("1, 2.5,", (1.0, 2.5)),
    "habar_role": ("worker", "worker"),
    "text_retention_hours": ("24", 24),
    "retention_days": ("30", 30),
}
"""Of fields whose values are of a kind no other one has."""


def sample(name: str) -> tuple[str, object]:
    """Return a value for a field as it is written, and as it is read."""
    if name in OWN:
        return OWN[name]
    default = FIELDS[name].default
    if name.endswith(("_timeout", "_rate")):
        return SAMPLES[float]
    return SAMPLES[str if default is None else type(default)]


def problems(*environments: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(*environments)
    return caught.value.problems


def test_nothing_set_is_everything_by_default() -> None:
    assert read_settings({}) == Settings()


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_read_from_its_variable(name: str) -> None:
    written, value = sample(name)
    assert getattr(read_settings({name.upper(): written}), name) == value


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_read_from_a_file(name: str, tmp_path: Path) -> None:
    written, value = sample(name)
    file = tmp_path / "value"
    file.write_text(f"{written}\n")
    assert getattr(read_settings({f"{name.upper()}_FILE": str(file)}), name) == value


@pytest.mark.parametrize("name", FIELDS)
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    names = (name.upper(), f"{name.upper()}_FILE")
    assert read_settings(dict.fromkeys(names, "")) == Settings()


@pytest.mark.parametrize("name", FIELDS)
def test_an_empty_variable_leaves_its_file_to_speak(name: str, tmp_path: Path) -> None:
    written, value = sample(name)
    file = tmp_path / "value"
    file.write_text(written)
    environment = {name.upper(): "", f"{name.upper()}_FILE": str(file)}
    assert getattr(read_settings(environment), name) == value


@pytest.mark.parametrize("part", ["sender", "username", "password", "base_url"])
def test_epochta_is_read_under_its_older_name(part: str, tmp_path: Path) -> None:
    old, new = f"EPOCHTARU_{part.upper()}", f"EPOCHTASMSRU_{part.upper()}"
    file = tmp_path / "value"
    file.write_text("filed\n")
    assert getattr(read_settings({old: "old"}), f"epochtasmsru_{part}") == "old"
    assert getattr(read_settings({old: "old", new: "new"}), f"epochtasmsru_{part}") == "new"
    assert getattr(read_settings({old: "old", new: ""}), f"epochtasmsru_{part}") == "old"
    assert getattr(read_settings({f"{old}_FILE": str(file)}), f"epochtasmsru_{part}") == "filed"


def test_the_first_environment_that_has_a_setting_wins(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("from a file")
    first = {"SMSCRU_PASSWORD_FILE": str(file), "EPOCHTARU_SENDER": "old", "TWILIO_SID": ""}
    second = {"SMSCRU_PASSWORD": "second", "EPOCHTASMSRU_SENDER": "new", "TWILIO_SID": "AC1"}
    settings = read_settings(first, second)
    assert settings.smscru_password == "from a file"
    assert settings.epochtasmsru_sender == "old"
    assert settings.twilio_sid == "AC1"


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on"])
def test_what_means_yes(text: str) -> None:
    assert read_settings({"SMS_DUMMY": text}).sms_dummy is True


@pytest.mark.parametrize("text", ["0", "false", "False", "NO", "off"])
def test_what_means_no(text: str) -> None:
    assert read_settings({"SMS_DUMMY": text}).sms_dummy is False


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SMS_DUMMY", "maybe"),
        ("AUTH_DISABLED", "2"),
        ("HTTP_PORT", "http"),
        ("HTTP_PORT", "-1"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "80.5"),
        ("PG_PORT", "5432;"),
        ("SMSCRU_TIMEOUT", "0"),
        ("SMSCRU_TIMEOUT", "301"),
        ("SMSCRU_TIMEOUT", "nan"),
        ("SMSCRU_TIMEOUT", "inf"),
        ("SMSCRU_TIMEOUT", "30s"),
        ("TWILIO_CONCURRENCY", "0"),
        ("TWILIO_CONCURRENCY", "1001"),
        ("TWILIO_CONCURRENCY", "1.5"),
        ("SHUTDOWN_TIMEOUT", "soon"),
        ("MESSAGE_TTL", "0.5"),
        ("MESSAGE_TTL", "604801"),
        ("QUEUE_MAX_AGE", "0"),
        ("QUEUE_MAX_AGE", "nan"),
        ("MAX_ATTEMPTS", "0"),
        ("MAX_ATTEMPTS", "1001"),
        ("MAX_ATTEMPTS", "2.5"),
        ("SMSCRU_RATE", "0"),
        ("SMSCRU_RATE", "0.009"),
        ("TWILIO_RATE", "100001"),
        ("MOBIZONKZ_RATE", "ten"),
        ("EPOCHTASMSRU_RATE", "nan"),
        ("LOOKUP_DELAYS", "5,soon"),
        ("LOOKUP_DELAYS", "5;30"),
        ("HABAR_ROLE", "server"),
        ("HABAR_ROLE", "API"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_its_name_alone(name: str, text: str) -> None:
    (problem,) = problems({name: text})
    assert problem.startswith(f"{name}: ")
    assert len(text) < 3 or text not in problem.partition(": ")[2].split()


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    environment = {
        "HTTP_PORT": "x",
        "SMS_DUMMY": "x",
        "TWILIO_TIMEOUT": "x",
        "PG_PASSWORD_FILE": str(tmp_path / "missing"),
        "TWILIO_TOKEN_FILE": str(tmp_path),
        "MOBIZONKZ_API_KEY_FILE": str(tmp_path / "bytes"),
        "SMSCRU_PASSWORD_FILE": "\x00",
    }
    told = problems(environment)
    assert sorted(problem.partition(":")[0] for problem in told) == [
        "HTTP_PORT",
        "MOBIZONKZ_API_KEY_FILE",
        "PG_PASSWORD_FILE",
        "SMSCRU_PASSWORD",
        "SMS_DUMMY",
        "TWILIO_TIMEOUT",
        "TWILIO_TOKEN_FILE",
    ]


@given(keys=st.lists(st.from_regex(r"[!-+\--~]{1,20}", fullmatch=True), max_size=5))
def test_a_list_is_split_at_commas(keys: list[str]) -> None:
    written = " ,".join(["", *keys, ""])
    assert read_settings({"API_KEYS": written}).api_keys == tuple(keys)


@given(delays=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=6))
def test_numbers_are_split_at_commas(delays: list[float]) -> None:
    written = " ,".join(["", *map(str, delays), ""])
    assert read_settings({"LOOKUP_DELAYS": written}).lookup_delays == tuple(delays)


@pytest.mark.parametrize("role", ["all", "api", "worker"])
def test_a_process_has_one_of_three_roles(role: str) -> None:
    assert read_settings({"HABAR_ROLE": role}).habar_role == role


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("MESSAGE_TTL", "1", 1),
        ("MESSAGE_TTL", "604800", 604_800),
        ("QUEUE_MAX_AGE", "90.5", 90.5),
        ("MAX_ATTEMPTS", "1", 1),
        ("SMSCRU_RATE", "0.01", 0.01),
        ("TWILIO_RATE", "100000", 100_000),
    ],
)
def test_a_value_at_its_bound_is_taken(name: str, text: str, value: float) -> None:
    assert getattr(read_settings({name: text}), name.lower()) == value


def test_nobody_stands_in_and_no_rate_holds_back_unless_it_is_set() -> None:
    settings = read_settings({})
    assert settings.fallback_providers == ()
    assert {getattr(settings, name) for name in FIELDS if name.endswith("_rate")} == {None}


SECRETS = [name for name, field in FIELDS.items() if "Secret" in str(field.type)]


def test_what_must_not_be_shown_is_known() -> None:
    assert set(SECRETS) == {
        "smscru_password",
        "smscru_callback_secret",
        "twilio_callback_tokens",
        "mobizonkz_webhook_secret",
        "webhook_urls",
        "webhook_secrets",
        "twilio_token",
        "epochtasmsru_password",
        "mobizonkz_api_key",
        "database_url",
        "pg_password",
        "api_keys",
        "dashboard_password",
    }


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_never_shown(name: str) -> None:
    settings = read_settings({name.upper(): SECRET})
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    assert SECRET not in f"{settings!r} {getattr(settings, name)!r}"


@pytest.mark.parametrize("name", FIELDS)
def test_no_problem_repeats_a_value(name: str) -> None:
    try:
        read_settings({name.upper(): SECRET}, {f"{name.upper()}_FILE": f"/{SECRET}"})
    except SettingsError as error:
        assert SECRET not in str(error)  # noqa: PT017 - most fields take any text
    else:
        assert sample(name)[0] not in {"7", "7.5", "yes"}
    assert SECRET not in "".join(_file_problems(f"{name.upper()}_FILE"))


def _file_problems(name: str) -> list[str]:
    return problems({name: f"/nowhere/{SECRET}"})


# The file .env.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, and an environment without settings of its own."""
    monkeypatch.chdir(tmp_path)
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    return tmp_path


def test_the_file_is_read_and_the_environment_overrules_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text(
        "# a comment\nSMS_DUMMY=true\nexport HTTP_PORT=81\n"
        'LOG_LEVEL="DEBUG"\nAPI_KEYS=\nNAME_ONLY\n'
    )
    monkeypatch.setenv("HTTP_PORT", "82")
    settings = load_settings()
    assert (settings.sms_dummy, settings.http_port, settings.log_level) == (True, 82, "DEBUG")
    assert load_settings({"HTTP_PORT": "83"}).http_port == 83


def test_an_empty_variable_does_not_overrule_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("SMS_DUMMY=true\nHTTP_PORT=81\n")
    monkeypatch.setenv("HTTP_PORT", "")
    assert load_settings().http_port == 81


def test_a_password_in_the_file_is_taken_as_it_stands(folder: Path) -> None:
    (folder / ".env").write_text(
        "SMS_DUMMY=true\nSMSCRU_USERNAME=me\nSMSCRU_PASSWORD='a${HOME}#b'\n"
    )
    assert load_settings().smscru_password == "a${HOME}#b"


def test_a_file_nobody_can_read_is_a_problem(folder: Path) -> None:
    (folder / ".env").write_bytes(b"SMS_DUMMY=true\nSMSCRU_SENDER=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env"):
        load_settings()


def test_what_cannot_be_read_and_what_cannot_work_are_told_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    missing = str(tmp_path / "nowhere")
    with pytest.raises(SettingsError) as raised:
        load_settings(
            {
                "SMS_PROVIDER": "smscru",
                "SMSCRU_USERNAME": "acme",
                "SMSCRU_PASSWORD_FILE": missing,
                "SMSCRU_TIMEOUT": "soon",
                "HTTP_PORT": "99999",
                "TWILIO_SID": "AC1",
                "LOG_LEVEL": "LOUD",
            }
        )
    assert raised.value.problems == [
        "SMSCRU_PASSWORD_FILE: cannot be read: FileNotFoundError",
        "SMSCRU_TIMEOUT: expected a number",
        "HTTP_PORT: expected a whole number <= 65535",
        "TWILIO_TOKEN, TWILIO_PHONE: not set, though other credentials of twilio are",
        "LOG_LEVEL: expected one of DEBUG, INFO, WARNING, ERROR",
    ]


def test_a_provider_that_lacks_half_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as raised:
        load_settings({"SMS_PROVIDER": "smscru", "SMSCRU_USERNAME": "acme"})
    assert raised.value.problems == [
        "SMSCRU_PASSWORD: not set, though other credentials of smscru are"
    ]
