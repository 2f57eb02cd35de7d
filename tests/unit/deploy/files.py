"""What the files under deploy/ say, and what the program knows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml  # type: ignore[import-untyped]  # it has no types

from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
NAMES = {field.name.upper() for field in msgspec.structs.fields(Settings)}

Json = dict[str, Any]


def documents(path: Path) -> list[Json]:
    """Read every document of a YAML file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def unknown(names: Iterable[str]) -> set[str]:
    """Return the environment's names that are no settings."""
    return {name for name in names if name.removesuffix("_FILE") not in NAMES}


def routes(role: str) -> set[str]:
    """Return the paths that a process of this role serves."""
    app: Any = create_app(Container(settings=Settings(sms_dummy=True)), role=role)
    while not hasattr(app, "routes"):
        app = app._app  # noqa: SLF001 - what is wrapped
    return {route.path for route in app.routes}
