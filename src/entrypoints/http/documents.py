"""The documents under ``/docs``, which need nothing from the internet, and ``/openapi.json``."""

from collections.abc import Sequence

from litestar import Router, get
from litestar.enums import OpenAPIMediaType
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, Reference, SecurityRequirement, SecurityScheme

from entrypoints.http.replies import HttpRequest, encode

DOCS = "/docs"
ASSETS = f"{DOCS}/assets"
DOCUMENT = "/openapi.json"
DOCUMENTS = (DOCS, f"{DOCS}/", DOCUMENT)
"""Open to everybody: they hold no secret, and a browser cannot show a key to read them."""
_SCHEMES: dict[str, SecurityScheme | Reference] = {
    "bearer": SecurityScheme(type="http", scheme="bearer"),
    "key": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
}


@get(DOCUMENT, include_in_schema=False, media_type=OpenAPIMediaType.OPENAPI_JSON)
async def get_openapi(request: HttpRequest) -> bytes:
    """Show the document itself."""
    return encode(request.app.openapi_schema.to_schema())


async def _only_documents(request: HttpRequest) -> None:
    """Keep Litestar from answering any other path under ``/docs`` with an HTML page."""
    if request.path_params:
        raise NotFoundException


def key_security(*, keys: bool) -> Sequence[SecurityRequirement]:
    """Tell which of the schemes callers must follow: either, where there are keys."""
    return [{name: []} for name in _SCHEMES] if keys else []


def openapi_config(version: str, *, keys: bool) -> OpenAPIConfig:
    """Describe the API.

    Args:
        version: of the program.
        keys: whether callers must show one.
    """
    return OpenAPIConfig(
        title="Habar",
        version=version,
        description="One JSON API in front of many SMS and voice providers.",
        openapi_router=Router(
            DOCS, route_handlers=[], include_in_schema=False, before_request=_only_documents
        ),
        components=Components(security_schemes=_SCHEMES if keys else None),
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
