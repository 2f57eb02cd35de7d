"""Errors as pages: the same status and the same sentence as the API's answer."""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response

from entrypoints.dashboard.pages import page
from entrypoints.dashboard.visit import is_page
from entrypoints.http.errors import handle, reply_to
from entrypoints.http.replies import ErrorEnvelope, HttpRequest

_ENVELOPE = msgspec.json.Decoder(ErrorEnvelope)


def told(error: Exception) -> tuple[int, str]:
    """Return an error's status and what it says to a person."""
    reply = reply_to(error)
    return reply.status, _ENVELOPE.decode(reply.body).message


def show_error(request: HttpRequest, error: Exception) -> Response[Any]:
    """Answer an error: a page where a page was asked for, JSON everywhere else."""
    if not is_page(request.scope["path"]):
        return handle(request, error)
    status, sentence = told(error)
    if status == HTTPStatus.NOT_FOUND and "/docs" in sentence:
        sentence = "There is no such page."
    shown = page(
        request,
        "error.html",
        status=status,
        phrase=HTTPStatus(status).phrase,
        sentence=sentence,
    )
    retry = reply_to(error).headers.get("Retry-After") if status != 500 else None  # noqa: PLR2004
    if retry is not None:
        shown.headers["Retry-After"] = retry
    return shown
