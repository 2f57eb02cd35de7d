"""Settings: the environment, read once and checked whole.

A variable's name is its field's in capitals. ``NAME_FILE`` names a file that holds the value. An
empty variable counts as not set. Every problem is reported, not just the first one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from application.errors import SettingsError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_OLD_NAMES = {
    "EPOCHTASMSRU_SENDER": "EPOCHTARU_SENDER",
    "EPOCHTASMSRU_USERNAME": "EPOCHTARU_USERNAME",
    "EPOCHTASMSRU_PASSWORD": "EPOCHTARU_PASSWORD",
    "EPOCHTASMSRU_BASE_URL": "EPOCHTARU_BASE_URL",
}
Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(ge=1, le=300)]
Count = Annotated[int, Meta(ge=1, le=1000)]
Rate = Annotated[float, Meta(ge=0.01, le=100_000)]
Interval = Annotated[float, Meta(ge=1, le=86_400)]
Day = Annotated[float, Meta(ge=1, le=604_800)]
Hours = Annotated[int, Meta(ge=1, le=87_600)]
Days = Annotated[int, Meta(ge=1, le=3_650)]


class Secret(str):
    """A value that must not be shown: its ``repr`` hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide it."""
        return "Secret(***)"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set; ``.env.example`` explains each one."""

    sms_provider: str | None = None
    sms_dummy: bool = False
    fallback_providers: tuple[str, ...] = ()
    message_ttl: Day = 86_400
    max_attempts: Count = 10
    lookup_delays: tuple[float, ...] = (5, 30, 120, 600)
    queue_max_age: Day = 3_600
    default_region: str | None = None

    smscru_username: str | None = None
    smscru_password: Secret | None = None
    smscru_sender: str | None = None
    smscru_base_url: str = "https://smsc.ru"
    smscru_timeout: Seconds = 30
    smscru_concurrency: Count = 10
    smscru_rate: Rate | None = None
    smscru_callback_secret: Secret | None = None

    twilio_sid: str | None = None
    twilio_token: Secret | None = None
    twilio_phone: str | None = None
    twilio_voice_ru: str = "Polly.Tatyana"
    twilio_voice_en: str = "Polly.Joanna"
    twilio_base_url: str = "https://api.twilio.com"
    twilio_timeout: Seconds = 30
    twilio_concurrency: Count = 50
    twilio_rate: Rate | None = None
    twilio_callback_tokens: tuple[Secret, ...] = ()

    epochtasmsru_username: str | None = None
    epochtasmsru_password: Secret | None = None
    epochtasmsru_sender: str | None = None
    epochtasmsru_base_url: str = "https://api.atompark.com"
    epochtasmsru_timeout: Seconds = 60
    epochtasmsru_concurrency: Count = 2
    epochtasmsru_rate: Rate | None = None

    mobizonkz_api_key: Secret | None = None
    mobizonkz_sender: str | None = None
    mobizonkz_base_url: str = "https://api.mobizon.kz"
    mobizonkz_timeout: Seconds = 30
    mobizonkz_concurrency: Count = 5
    mobizonkz_rate: Rate | None = None
    mobizonkz_webhook_secret: Secret | None = None

    public_url: str | None = None
    receipt_poll_interval: Interval = 30
    stop_words: tuple[str, ...] = ()
    start_words: tuple[str, ...] = ()
    stop_reply: str | None = None
    webhook_urls: tuple[Secret, ...] = ()
    webhook_hosts: tuple[str, ...] = ()
    webhook_secrets: tuple[Secret, ...] = ()
    webhook_allow_private: bool = False

    data_dir: str = "data"
    database_url: Secret | None = None
    pg_host: str | None = None
    pg_real_host: str | None = None
    pg_port: Port = 5432
    pg_database: str = "sms"
    pg_schema: str = "public"
    pg_user: str | None = None
    pg_password: Secret | None = None
    text_retention_hours: Hours | None = None
    retention_days: Days | None = None

    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    api_keys: tuple[Secret, ...] = ()
    auth_disabled: bool = False
    dashboard_enabled: bool = True
    dashboard_password: Secret | None = None
    trusted_proxies: tuple[str, ...] = ()
    shutdown_timeout: Seconds = 20

    docs_enabled: bool = True
    metrics_enabled: bool = True
    metrics_open: bool = False

    log_level: str = "INFO"
    log_format: str = "console"

    habar_role: Literal["all", "api", "worker"] = "all"
    habar_failpoint: str | None = None

    @property
    def asks_password(self) -> bool:
        """Tell whether the settings have a password people must know."""
        return self.dashboard_password is not None

    @property
    def announced(self) -> bool:
        """Tell whether anybody can be told of what happens."""
        return bool(self.webhook_urls or self.webhook_hosts)


class UnreadableSettingsError(SettingsError):
    """Some values cannot be read.

    Attributes:
        names: of those values.
        readable: all the others, with defaults in their place, so that these can be checked too.
    """

    def __init__(self, problems: dict[str, str], readable: Settings) -> None:
        super().__init__(list(problems.values()))
        self.names = frozenset(problems)
        self.readable = readable


def read_settings(*environments: Mapping[str, str]) -> Settings:
    """Read every setting from the first environment that has it.

    Raises:
        UnreadableSettingsError: with every value that cannot be read; no value is repeated.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        try:
            text = next(filter(None, (_text(e, name) for e in environments)), None)
            if text is not None:
                values[field.name] = _convert(text, field.type)
        except (OSError, UnicodeDecodeError) as error:
            problems[name] = f"{name}_FILE: cannot be read: {type(error).__name__}"
        except ValueError as error:
            problems[name] = f"{name}: {error}"
    settings = Settings(**values)
    if problems:
        raise UnreadableSettingsError(problems, settings)
    return settings


def _text(environment: Mapping[str, str], name: str) -> str | None:
    """Find a value under its name, its file's name or its older name."""
    value = environment.get(name)
    if not value and (path := environment.get(f"{name}_FILE")):
        value = Path(path).read_text(encoding="utf-8").strip()
    if not value and name in _OLD_NAMES:
        value = _text(environment, _OLD_NAMES[name])
    return value or None


def _convert(text: str, wanted: Any) -> Any:  # noqa: ANN401 - a field's type, known when it runs
    if wanted is bool:
        return _flag(text)
    if wanted == tuple[Secret, ...]:
        return tuple(Secret(part) for part in _parts(text))
    if wanted == tuple[str, ...]:
        return _parts(text)
    if wanted == tuple[float, ...]:
        return tuple(_number(part) for part in _parts(text))
    if wanted == Secret | None:
        return Secret(text)
    if get_origin(wanted) is Literal and text not in get_args(wanted):
        raise ValueError(f"expected one of {', '.join(get_args(wanted))}")
    try:
        return msgspec.convert(text, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(_plainly(str(error))) from None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("expected numbers, separated by commas") from None


def _plainly(expectation: str) -> str:
    """Say what was expected without a programming language's words."""
    plain = expectation.replace("`", "").partition(", got")[0].replace(" | null", "")
    plain = plain.replace("Expected int", "expected a whole number")
    return plain.replace("Expected float", "expected a number")


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("expected true or false")
