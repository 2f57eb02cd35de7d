"""The OpenAPI document tells the truth: what it promises is what is answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from entrypoints.container import Container
from entrypoints.http.app import create_app
from tests.integration.http.live import living
from tests.integration.http.service import dummy

NOT_CHECKED: list[Any] = [
    # Text that says true is taken for it, and fields nobody knows are ignored, as the API promises.
    negative_data_rejection,
    # Whether a phone or a provider exists no schema can say.
    positive_data_acceptance,
    # Litestar 2 lists the methods of a path's first handler only in its answer to OPTIONS.
    allow_header_conformance,
    # This machine needs no key as long as there is none; test_scopes asks who may call what.
    ignored_auth,
]
_documented = create_app(Container(settings=dummy(Path("nowhere"))))
schema = schemathesis.openapi.from_dict(
    schemathesis.openapi.from_asgi("/openapi.json", _documented).raw_schema
)


@schemathesis.serializer("text/csv", "application/x-ndjson")
def as_it_is(_: object, value: object) -> bytes:
    """Send a list, which is text to the schema, as it was drawn."""
    return str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with living(tmp_path_factory.mktemp("habar")) as url:
        yield url


@schema.parametrize()
@settings(max_examples=60)
def test_every_answer_is_documented(case: schemathesis.Case[Any], url: str) -> None:
    case.call_and_validate(base_url=url, excluded_checks=NOT_CHECKED)
