"""The settings themselves: can they be read, and can they work together?"""

from collections.abc import Iterator, Mapping

from application.errors import SettingsError
from entrypoints.asgi import read_environment
from entrypoints.checks import problems_of
from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.settings import Settings, UnreadableSettingsError
from entrypoints.tracing import is_wanted, problem_with

_SHORTEST_KEY = 32


def read() -> tuple[Settings, list[str]]:
    """Return the settings, defaults in the place of what cannot be read, and all their problems."""
    try:
        settings = read_environment()
    except UnreadableSettingsError as error:
        others = [p for p in problems_of(error.readable) if not any(n in p for n in error.names)]
        return error.readable, [*error.problems, *others]
    except SettingsError as error:
        return Settings(), error.problems
    return settings, problems_of(settings)


def check_settings(problems: list[str]) -> Iterator[Finding]:
    """Tell what keeps Habar from starting."""
    for text in problems:
        name = text.partition(":")[0]
        yield problem("settings", text, f"Correct {name}; .env.example explains it.")
    if not problems:
        yield ok("settings", "they can be read and work together")


def check_access(settings: Settings) -> Iterator[Finding]:
    """Tell who may call."""
    if settings.auth_disabled:
        yield warning(
            "access",
            "AUTH_DISABLED=true: whoever reaches this address may send",
            "Unset AUTH_DISABLED and give out keys (habar keys create), unless something in front "
            "of Habar checks who may call.",
        )
    elif any(len(key) < _SHORTEST_KEY for key in settings.api_keys):
        yield warning(
            "access",
            f"a key of API_KEYS has fewer than {_SHORTEST_KEY} characters and could be guessed",
            "Make keys for API_KEYS with openssl rand -hex 32, or with habar keys create.",
        )
    else:
        others = "with keys of API_KEYS" if settings.api_keys else "with keys of habar keys create"
        yield ok("access", f"callers on other machines have to show a key; {others}")


def check_traces(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Tell whether traces are made, where somebody has asked for them."""
    if not is_wanted(environment):
        return
    text = problem_with(environment)
    if text is None:
        yield ok("traces", "requests are traced")
    else:
        fix = "Correct it as docs/traces.md says, or set OTEL_TRACES_EXPORTER=none."
        yield warning("traces", f"nothing is traced: {text}", fix)
