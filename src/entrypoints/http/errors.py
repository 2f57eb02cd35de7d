"""From an error to its reply: the only such table."""

import logging
from http import HTTPStatus

from litestar import MediaType, Response
from litestar.exceptions import HTTPException, ValidationException

from application.defects import told
from application.errors import StoppingError, StorageUnavailableError
from domain.errors import (
    DomainError,
    ForbiddenError,
    InvalidEntryError,
    InvalidIdempotencyKeyError,
    InvalidImportError,
    InvalidPhoneError,
    InvalidReferenceError,
    InvalidScheduleError,
    InvalidSenderError,
    InvalidTermsError,
    InvalidTextError,
    KeyReusedError,
    MessageNotFoundError,
    MessageTooLongError,
    NotBlacklistedError,
    NotCancelableError,
    ProviderCannotCallError,
    ProviderNotConfiguredError,
    QueueTooOldError,
    RecipientCountError,
    RequestNotFoundError,
    RequestRunningError,
    UnknownProviderError,
)
from entrypoints.http.replies import ErrorEnvelope, FieldError, HttpRequest, Reply, encode

RETRY_AFTER_S = 5
_log = logging.getLogger(__name__)

REPLIES: dict[type[DomainError], tuple[HTTPStatus, str]] = {
    InvalidPhoneError: (HTTPStatus.BAD_REQUEST, "invalid_phone"),
    InvalidTextError: (HTTPStatus.BAD_REQUEST, "invalid_message"),
    InvalidSenderError: (HTTPStatus.BAD_REQUEST, "invalid_sender"),
    InvalidReferenceError: (HTTPStatus.BAD_REQUEST, "invalid_reference"),
    MessageTooLongError: (HTTPStatus.BAD_REQUEST, "message_too_long"),
    RecipientCountError: (HTTPStatus.BAD_REQUEST, "invalid_phones"),
    UnknownProviderError: (HTTPStatus.BAD_REQUEST, "unknown_provider"),
    ProviderNotConfiguredError: (HTTPStatus.BAD_REQUEST, "provider_not_configured"),
    ProviderCannotCallError: (HTTPStatus.BAD_REQUEST, "provider_cannot_call"),
    NotBlacklistedError: (HTTPStatus.BAD_REQUEST, "not_blacklisted"),
    InvalidEntryError: (HTTPStatus.BAD_REQUEST, "invalid_entry"),
    InvalidImportError: (HTTPStatus.BAD_REQUEST, "invalid_import"),
    InvalidScheduleError: (HTTPStatus.BAD_REQUEST, "invalid_schedule"),
    InvalidTermsError: (HTTPStatus.BAD_REQUEST, "invalid_terms"),
    InvalidIdempotencyKeyError: (HTTPStatus.BAD_REQUEST, "invalid_idempotency_key"),
    MessageNotFoundError: (HTTPStatus.NOT_FOUND, "message_not_found"),
    RequestNotFoundError: (HTTPStatus.NOT_FOUND, "request_not_found"),
    ForbiddenError: (HTTPStatus.FORBIDDEN, "forbidden"),
    NotCancelableError: (HTTPStatus.CONFLICT, "not_cancelable"),
    RequestRunningError: (HTTPStatus.CONFLICT, "request_running"),
    KeyReusedError: (HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
    QueueTooOldError: (HTTPStatus.SERVICE_UNAVAILABLE, "queue_too_old"),
}
_RETRY_AFTER_S: dict[type[DomainError], int] = {RequestRunningError: 1, QueueTooOldError: 30}
_PLAIN: dict[int, tuple[str, str]] = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing under this path; see /docs."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "This path does not take this method; the Allow header names those it takes.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "body_too_large",
        "The body is too large; split the request.",
    ),
}


class BodyError(Exception):
    """A body that cannot be read: not JSON, or not the JSON that is expected."""

    def __init__(
        self,
        code: str,
        message: str,
        errors: list[FieldError] | None = None,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
    ) -> None:
        super().__init__(message)
        self.reply = error_reply(status, code, message, errors)


def invalid_field(field: str, problem: str) -> BodyError:
    """Make the error of one field, or parameter, that has the wrong shape."""
    sentence = f"{field} {problem}."
    return BodyError(
        "invalid_request", f"The request is not valid: {sentence}", [FieldError(field, sentence)]
    )


def error_reply(
    status: int,
    code: str,
    message: str,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Make an error's reply; no cache keeps it."""
    envelope = ErrorEnvelope(status=False, status_code=code, message=message, errors=errors or [])
    return Reply(encode(envelope), status, {"Cache-Control": "no-store", **(headers or {})})


def reply_to(error: Exception) -> Reply:
    """Turn any error into its reply; one nobody foresaw is logged and becomes a 500."""
    match error:
        case DomainError():
            return _domain_reply(error)
        case BodyError():
            return error.reply
        case StorageUnavailableError() | StoppingError():
            return _unavailable_reply(error)
        case ValidationException():
            return _parameter_reply(error)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _http_reply(error)
        case _:
            return _defect_reply(error)


def handle(_: HttpRequest, error: Exception) -> Response[bytes]:
    """Answer an error raised in or before a handler."""
    return response(reply_to(error))


def response(reply: Reply) -> Response[bytes]:
    """Wrap a reply for Litestar."""
    return Response(
        reply.body,
        status_code=reply.status,
        headers=dict(reply.headers),
        media_type=MediaType.JSON,
    )


def _domain_reply(error: DomainError) -> Reply:
    status, code = REPLIES[type(error)]
    problems = [FieldError(p.field, p.message) for p in error.problems]
    wait_s = _RETRY_AFTER_S.get(type(error))
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return error_reply(status, code, error.message, problems, headers)


def _unavailable_reply(error: StorageUnavailableError | StoppingError) -> Reply:
    if isinstance(error, StoppingError):
        return error_reply(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "stopping",
            "The service is stopping; nothing was done. Try again soon.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    _log.error("storage unavailable: %s", error)
    return error_reply(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "storage_unavailable",
        "The database is not available; nothing was done. Try again later.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _parameter_reply(error: ValidationException) -> Reply:
    extra = error.extra if isinstance(error.extra, list) else []
    problems = [FieldError(p["key"], f"{p['key']} cannot have this value.") for p in extra]
    return error_reply(
        HTTPStatus.BAD_REQUEST,
        "invalid_request",
        "The request is not valid; /docs tells what its parameters can be.",
        problems,
    )


def _http_reply(error: HTTPException) -> Reply:
    phrase = HTTPStatus(error.status_code).phrase
    code, message = _PLAIN.get(
        error.status_code, (phrase.lower().replace(" ", "_"), f"{phrase}; see /docs.")
    )
    return error_reply(error.status_code, code, message, headers=dict(error.headers or {}))


def _defect_reply(error: Exception) -> Reply:
    _log.error("%s", told(error))
    return error_reply(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side."
    )
