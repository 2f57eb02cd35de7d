"""The application, for any ASGI server: ``uvicorn --factory entrypoints.asgi:create``."""

import os
from collections.abc import Mapping
from types import MappingProxyType

from dotenv import dotenv_values
from litestar.types import ASGIApp

from entrypoints.checks import check
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.life import life
from entrypoints.logs import configure_logs
from entrypoints.settings import Settings, read_settings


def load_settings(overrides: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """Read the environment, and a ``.env`` file, which it overrules.

    Args:
        overrides: settings that win over both, under the same names.

    Raises:
        SettingsError: with every problem.
    """
    written = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    settings = read_settings(overrides, os.environ, written)
    check(settings)
    return settings


def create() -> ASGIApp:
    """Build the application from the environment."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    container = Container(settings=settings)
    return create_app(container, lifespan=lambda _: life(container))
