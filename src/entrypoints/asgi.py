"""The application, for any ASGI server: ``uvicorn --factory entrypoints.asgi:create``."""

import os
from collections.abc import Mapping
from types import MappingProxyType

from dotenv import dotenv_values
from litestar.types import ASGIApp

from application.errors import SettingsError
from entrypoints.checks import check, problems_of
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.life import life
from entrypoints.logs import configure_logs
from entrypoints.settings import Settings, UnreadableSettingsError, read_settings


def load_settings(overrides: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """Read the environment, and a ``.env`` file, which it overrules.

    Args:
        overrides: settings that win over both, under the same names.

    Raises:
        SettingsError: with every problem.
    """
    try:
        settings = read_environment(overrides)
    except UnreadableSettingsError as error:
        # The others are checked as well: nobody wants to hear of them at the next start.
        others = [p for p in problems_of(error.readable) if not any(n in p for n in error.names)]
        raise SettingsError([*error.problems, *others]) from None
    check(settings)
    return settings


def read_environment(overrides: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """Read settings as ``load_settings`` does, without a look at whether they can work together.

    Raises:
        SettingsError: some cannot be read.
    """
    return read_settings(overrides, os.environ, _written())


def _written() -> dict[str, str]:
    try:
        # Values are taken as they stand: a password may hold a ``${``.
        found = dotenv_values(".env", interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f".env: cannot be read: {type(error).__name__}"]) from None
    return {name: value for name, value in found.items() if value is not None}


def create() -> ASGIApp:
    """Build the application from the environment."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    container = Container(settings=settings)
    return create_app(container, lifespan=lambda _: life(container))
