"""What the settings must be together, and what is made of them."""

import ipaddress
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from phonenumbers import SUPPORTED_REGIONS

from adapters.persistence.engines import DatabaseTarget
from adapters.webhooks.signature import read_secret
from application.errors import SettingsError
from application.routing import ALIASES, SMS_PROVIDERS
from application.webhooks_addresses import host_of
from domain.api_key import Network
from domain.user import LONGEST_PASSWORD, SHORTEST_PASSWORD, UserError, check_password
from entrypoints.failpoints import FAILPOINTS
from entrypoints.settings import Settings
from entrypoints.stop_words import word_problems

CREDENTIALS = {
    "smscru": ("username", "password"),
    "twilio": ("sid", "token", "phone"),
    "epochtasmsru": ("username", "password", "sender"),
    "mobizonkz": ("api_key",),
}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_FORMATS = ("console", "json")
_LONGEST_DELAY_S = 86_400


def problems_of(settings: Settings) -> list[str]:
    """Name everything about settings that cannot work."""
    return [
        *_provider_problems(settings),
        *_access_problems(settings),
        *database_problems(settings),
        *_pipeline_problems(settings),
        *_webhook_problems(settings),
        *word_problems(settings),
        *_retention_problems(settings),
        *_other_problems(settings),
    ]


def check(settings: Settings) -> None:
    """Refuse settings that cannot work.

    Raises:
        SettingsError: with every problem.
    """
    if problems := problems_of(settings):
        raise SettingsError(problems)


def configured(settings: Settings) -> tuple[str, ...]:
    """Return the codes of the providers that have credentials here."""
    return tuple(code for code in SMS_PROVIDERS if not _missing(settings, code))


def default_provider(settings: Settings) -> str:
    """Return the code of the provider that serves requests which name none."""
    code = settings.sms_provider or "dummy"
    return ALIASES.get(code, code)


def database_target(settings: Settings) -> DatabaseTarget:
    """Tell where the database is; ``PG_HOST`` wins over ``DATABASE_URL``."""
    if settings.pg_host is not None:
        url = _postgres_url(settings, settings.pg_host)
        admin_url = _postgres_url(settings, settings.pg_real_host or settings.pg_host)
        return DatabaseTarget(
            url=url, admin_url=admin_url, schema=settings.pg_schema, setting="PG_HOST"
        )
    if settings.database_url is None:
        url = sa.URL.create("sqlite", database=f"{settings.data_dir}/habar.db")
        return DatabaseTarget(url=url, admin_url=url, setting="DATA_DIR")
    url = _read_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        url = url.set(database=str(Path(settings.data_dir, str(url.database))))
        return DatabaseTarget(url=url, admin_url=url)
    return DatabaseTarget(url=url, admin_url=url, schema=settings.pg_schema)


def _read_url(text: str) -> sa.URL:
    """Read a URL; ``postgres:`` is what many platforms hand out."""
    url = sa.make_url(text)
    return url.set(drivername="postgresql") if url.drivername == "postgres" else url


def _postgres_url(settings: Settings, host: str) -> sa.URL:
    return sa.URL.create(
        "postgresql",
        username=settings.pg_user,
        password=settings.pg_password,
        host=host,
        port=settings.pg_port,
        database=settings.pg_database,
    )


def _missing(settings: Settings, code: str) -> list[str]:
    names = [f"{code}_{part}" for part in CREDENTIALS[code]]
    return [name.upper() for name in names if getattr(settings, name) is None]


def _provider_problems(settings: Settings) -> Iterator[str]:
    for code in SMS_PROVIDERS:
        missing = _missing(settings, code)
        if missing and len(missing) < len(CREDENTIALS[code]):
            yield f"{', '.join(missing)}: not set, though other credentials of {code} are"
        if not _is_base_url(getattr(settings, f"{code}_base_url")):
            yield f"{code.upper()}_BASE_URL: expected a scheme and a host, such as https://host"
    code = default_provider(settings)
    if settings.sms_dummy and code in {*SMS_PROVIDERS, "dummy"}:
        return
    if settings.sms_provider is None:
        yield (
            f"SMS_PROVIDER: not set; choose one of {', '.join(SMS_PROVIDERS)}, "
            "or set SMS_DUMMY=true to try Habar without a provider"
        )
    elif code not in SMS_PROVIDERS:
        yield f"SMS_PROVIDER: no such provider; choose one of {', '.join(SMS_PROVIDERS)}"
    elif len(missing := _missing(settings, code)) == len(CREDENTIALS[code]):
        yield f"{', '.join(missing)}: needed by SMS_PROVIDER={code}"


def _is_base_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return whole and not (parts.query or parts.fragment or parts.username)


def trusted_proxies(settings: Settings) -> tuple[Network, ...]:
    """Return the networks of the proxies that may say for whom they call."""
    return tuple(ip_network(text, strict=False) for text in settings.trusted_proxies)


def _access_problems(settings: Settings) -> Iterator[str]:
    try:
        trusted_proxies(settings)
    except ValueError:
        yield "TRUSTED_PROXIES: expected networks, such as 10.0.0.0/8,192.168.1.5"
    if settings.api_keys and settings.auth_disabled:
        yield "AUTH_DISABLED: true, though API_KEYS are set; leave one of them out"
    try:
        check_password(settings.dashboard_password or "x" * SHORTEST_PASSWORD)
    except UserError:
        yield f"DASHBOARD_PASSWORD: expected {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"


def exposure(settings: Settings) -> str | None:
    """Say why nobody may serve with these settings as long as the database holds no key."""
    if settings.api_keys or settings.auth_disabled or _is_loopback(settings.http_host):
        return None
    return (
        f"HTTP_HOST: {settings.http_host} can be reached from other machines, and there is no key "
        "yet; make one with habar keys create, set API_KEYS, or AUTH_DISABLED=true where "
        "something in front of Habar checks who may call"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def database_problems(settings: Settings) -> Iterator[str]:
    """Name everything that keeps the database from being found."""
    if settings.pg_host is not None or settings.database_url is None:
        return
    try:
        url = _read_url(settings.database_url)
    except (sa.exc.ArgumentError, ValueError):
        yield "DATABASE_URL: not a URL; expected sqlite:///file or postgresql://user@host/name"
        return
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        yield "DATABASE_URL: expected sqlite or postgresql"
    elif not url.database or url.database == ":memory:":
        yield "DATABASE_URL: name a file or a database; nothing is kept in memory"
    elif url.get_backend_name() == "sqlite" and url.query:
        yield "DATABASE_URL: a SQLite file takes no options behind a question mark"
    elif "@" in (url.host or ""):
        # The part before it would be shown with the host, and it is the end of the password.
        yield "DATABASE_URL: write an @ in the password as %40"


def _is_sqlite(settings: Settings) -> bool:
    if settings.pg_host is not None:
        return False
    return settings.database_url is None or settings.database_url.startswith("sqlite")


def _pipeline_problems(settings: Settings) -> Iterator[str]:
    able = SMS_PROVIDERS if settings.sms_dummy else configured(settings)
    for code in settings.fallback_providers:
        if ALIASES.get(code, code) not in able:
            yield f"FALLBACK_PROVIDERS: {code} is not configured; choose of {', '.join(able)}"
    if settings.habar_role != "all" and _is_sqlite(settings):
        yield "HABAR_ROLE: a SQLite file has one process, which does all; several need PostgreSQL"
    delays = settings.lookup_delays
    grows = list(delays) == sorted(set(delays))
    if not delays or not grows or not 0 < delays[0] <= delays[-1] <= _LONGEST_DELAY_S:
        yield "LOOKUP_DELAYS: expected seconds that grow, such as 5,30,120,600"


def _webhook_problems(settings: Settings) -> Iterator[str]:
    if any(host_of(url) is None for url in settings.webhook_urls):
        yield "WEBHOOK_URLS: expected http or https URLs without credentials or a fragment"
    if any(host_of(f"https://{host}") != host.lower() for host in settings.webhook_hosts):
        yield "WEBHOOK_HOSTS: expected names of hosts, such as shop.example.kz"
    if settings.announced and not settings.webhook_secrets:
        yield "WEBHOOK_SECRETS: needed by WEBHOOK_URLS and WEBHOOK_HOSTS; all webhooks are signed"
    for secret in settings.webhook_secrets:
        try:
            read_secret(secret)
        except ValueError:
            yield "WEBHOOK_SECRETS: expected whsec_ and the base64 of 24 bytes or more"
            return


def _retention_problems(settings: Settings) -> Iterator[str]:
    hours, days = settings.text_retention_hours, settings.retention_days
    if hours is not None and days is not None and hours > days * 24:
        yield "TEXT_RETENTION_HOURS: longer than RETENTION_DAYS; texts go first"


def _other_problems(settings: Settings) -> Iterator[str]:
    if not _can_be_looked_up(settings.http_host):
        yield "HTTP_HOST: not an address or the name of a host"
    if settings.public_url is not None and not _is_base_url(settings.public_url):
        yield "PUBLIC_URL: expected an address without a query, such as https://sms.example.kz"
    if settings.default_region and settings.default_region not in SUPPORTED_REGIONS:
        yield "DEFAULT_REGION: expected two capital letters, such as KZ"
    if settings.log_level.upper() not in _LEVELS:
        yield f"LOG_LEVEL: expected one of {', '.join(_LEVELS)}"
    if settings.log_format not in _FORMATS:
        yield f"LOG_FORMAT: expected one of {', '.join(_FORMATS)}"
    if settings.habar_failpoint not in {None, *FAILPOINTS}:
        yield f"HABAR_FAILPOINT: expected one of {', '.join(FAILPOINTS)}"


def _can_be_looked_up(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True
