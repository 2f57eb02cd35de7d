"""Writes docs/reference.md from the OpenAPI document: ``python -m tests.reference``."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from litestar import Litestar

from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings

Json = Mapping[str, Any]
PAGE = Path(__file__).parents[1] / "docs/reference.md"
_HEAD = """# API reference

Made from the OpenAPI document by `make reference`. A running Habar shows that document under
`/openapi.json`, and lets it be tried out under `/docs`. What it all means is in [API](api.md).
"""


def reference() -> str:
    """Return the page."""
    document = _document()
    parts = [_HEAD]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append("\n".join(_operation(f"{method.upper()} {path}", operation)))
    parts.append("## Answers and their parts\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append("\n".join(_schema(name, schema)))
    return "\n".join(parts).rstrip() + "\n"


def _document() -> Json:
    app: Any = create_app(Container(settings=Settings(sms_dummy=True)))
    while not isinstance(app, Litestar):
        app = app._app  # noqa: SLF001 - there is no other way to what it guards
    return app.openapi_schema.to_schema()


def _operation(title: str, operation: Json) -> Iterator[str]:
    yield f"## {title}\n"
    first = operation.get("description", "").split("\n\n", maxsplit=1)[0]
    yield re.sub(r"\s+", " ", first).replace("``", "`") + "\n"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "| Parameter | In | Type | |\n| --- | --- | --- | --- |"
        for one in parameters:
            told = _cell(one.get("description", ""))
            yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {told} |"
        yield ""
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body: `{kind}`\n"
        fields = list(_fields(media.get("schema", {})))
        if fields:
            yield "| Field | Type | |\n| --- | --- | --- |"
            yield from fields
            yield ""
    yield "| Status | Answer |\n| --- | --- |"
    for status, answer in sorted(operation["responses"].items()):
        yield f"| {status} | {_answer(answer)} |"
    yield ""


def _answer(answer: Json) -> str:
    kinds = (_type(media.get("schema", {})) for media in answer.get("content", {}).values())
    return ", ".join(dict.fromkeys(kinds)) or _cell(answer.get("description", ""))


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"### {name}\n"
    if described := schema.get("description"):
        yield re.sub(r"\s+", " ", described).replace("``", "`") + "\n"
    if "enum" in schema:
        yield ", ".join(f"`{value}`" for value in schema["enum"]) + "\n"
        return
    fields = list(_fields(schema))
    if fields:
        yield "| Field | Type | |\n| --- | --- | --- |"
        yield from fields
        yield ""


def _fields(schema: Json) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        yield f"| `{name}` | {_type(field)} | {'required' if name in required else ''} |"


def _type(schema: Json) -> str:
    """Write a schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", maxsplit=1)[-1]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[several]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema.get("format") or schema.get("type") or "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [f"{schema[key]:g}" for key in ("minimum", "maximum") if key in schema]
    limits = f" {' to '.join(bounds)}" if len(bounds) > 1 else ""
    default = f", default {schema['default']}".lower() if schema.get("default") is not None else ""
    return f"{kind}{limits}{default}"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
