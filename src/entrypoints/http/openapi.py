"""What the OpenAPI document says beyond what Litestar can read from a handler."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar.datastructures import ResponseHeader
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
)

from entrypoints.http.bodies import PhoneBody, SendBody
from entrypoints.http.replies import ErrorEnvelope

ANYWHERE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
ASSETS = "/docs/assets"
NOT_FOUND = (HTTPStatus.NOT_FOUND,)


def answers(
    answer: type[msgspec.Struct], *, also: tuple[HTTPStatus, ...] = ()
) -> Mapping[int, ResponseSpec]:
    """Document the answer of a route, and the errors it can give."""
    errors = {
        int(status): ResponseSpec(ErrorEnvelope, description=status.phrase, generate_examples=False)
        for status in (*ANYWHERE, *also)
    }
    good = ResponseSpec(answer, description="Done", generate_examples=False)
    return {int(HTTPStatus.OK): good, **errors}


LOCATION = ResponseHeader(
    name="Location",
    description="Where the request and its messages can be read: /requests/{id}",
    documentation_only=True,
)


def _body(wanted: type[msgspec.Struct], *, required: bool) -> RequestBody:
    """Document a body the handler reads itself."""
    (schema,), parts = msgspec.json.schema_components([wanted])
    inlined = parts[wanted.__name__] if "$ref" in schema else schema
    # Litestar writes a plain mapping as it is.
    media = OpenAPIMediaType(schema=cast("Schema", inlined))
    return RequestBody(content={"application/json": media}, required=required)


@dataclass
class SendOperation(Operation):
    """An operation with a ``SendBody``."""

    def __post_init__(self) -> None:
        """Add the body."""
        self.request_body = _body(SendBody, required=True)


@dataclass
class PhoneOperation(Operation):
    """An operation with a ``PhoneBody``."""

    def __post_init__(self) -> None:
        """Add the body."""
        self.request_body = _body(PhoneBody, required=True)


@dataclass
class OptionalPhoneOperation(Operation):
    """An operation with a ``PhoneBody``, which ``?phone=`` replaces."""

    def __post_init__(self) -> None:
        """Add the body."""
        self.request_body = _body(PhoneBody, required=False)


def openapi_config(version: str, *, keys: bool) -> OpenAPIConfig:
    """Describe the API; the pages under ``/docs`` need nothing from the internet.

    Args:
        version: of the program.
        keys: whether callers must show one.
    """
    schemes: dict[str, Any] = {
        "bearer": SecurityScheme(type="http", scheme="bearer"),
        "key": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
    }
    return OpenAPIConfig(
        title="Habar",
        version=version,
        description="One JSON API in front of many SMS and voice providers.",
        path="/docs",
        components=Components(security_schemes=schemes if keys else {}),
        security=[{name: []} for name in schemes] if keys else None,
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{ASSETS}/swagger-ui-bundle.js",
                css_url=f"{ASSETS}/swagger-ui.css",
                standalone_preset_js_url=f"{ASSETS}/swagger-ui-standalone-preset.js",
                favicon=f'<link rel="icon" type="image/png" href="{ASSETS}/favicon-32x32.png">',
                path="/",
            )
        ],
        use_handler_docstrings=True,
    )
