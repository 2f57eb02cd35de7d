"""Twilio's error numbers: the words said with them, and the HTTP status they come with."""

from http import HTTPStatus

_WORDS = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20005: "Account is not active",
    20006: "Access denied",
    20008: "Resource not accessible with Test Account Credentials",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21201: "No 'To' number is specified",
    21205: "Url parameter is required.",
    21208: "Invalid Timeout",
    21210: "'From' phone number not verified",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21213: "'From' phone number is required",
    21214: "'To' phone number cannot be reached",
    21215: "Account not authorized to call this number",
    21216: "Account not allowed to call this number",
    21217: "Phone number does not appear to be valid",
    21408: "Permission to send an SMS has not been enabled for the region",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable number.",
    21609: "Invalid 'StatusCallback' URL",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable via SMS",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21624: "Invalid validity period value",
    21626: "Invalid StatusCallbackEvent",
    21701: "The Messaging Service does not exist",
    21705: "The Messaging Service Sid is invalid",
    30001: "Queue overflow",
    32018: "The Twiml parameter is too long",
}
_STATUSES = {
    20003: HTTPStatus.UNAUTHORIZED,
    20006: HTTPStatus.FORBIDDEN,
    20008: HTTPStatus.FORBIDDEN,
    20010: HTTPStatus.FORBIDDEN,
    20403: HTTPStatus.FORBIDDEN,
    20404: HTTPStatus.NOT_FOUND,
    21701: HTTPStatus.NOT_FOUND,
    20429: HTTPStatus.TOO_MANY_REQUESTS,
    20500: HTTPStatus.INTERNAL_SERVER_ERROR,
    20503: HTTPStatus.SERVICE_UNAVAILABLE,
}
_OWN_FAILURES = {429: 20429, 500: 20500, 503: 20503}


def words_of(code: int) -> str:
    """Return what Twilio says with a number."""
    return _WORDS.get(code, "Request failed")


def http_status_of(code: int) -> HTTPStatus:
    """Return the HTTP status of a refusal; most are plain bad requests."""
    return _STATUSES.get(code, HTTPStatus.BAD_REQUEST)


def code_of(http_status: int) -> int | None:
    """Return the number Twilio's own failures carry, ``None`` for those of a proxy."""
    return _OWN_FAILURES.get(http_status)
