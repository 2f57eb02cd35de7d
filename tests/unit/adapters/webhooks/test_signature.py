"""Our signatures and those of the standard's own library."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from adapters.webhooks.signature import TOLERANCE_S, is_signed, read_secret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = '{"type":"message.delivered","data":{"text":"Сәлем"}}'.encode()
NOW = 1_795_415_683
bodies = st.dictionaries(st.text(), st.text()).map(lambda d: json.dumps(d).encode())


def headers(*secrets: str, body: bytes = BODY, at: int = NOW) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": sign([read_secret(s) for s in secrets], "msg_1", at, body),
    }


def good(given: dict[str, str], *secrets: str, body: bytes = BODY) -> bool:
    return is_signed([read_secret(s) for s in secrets], given, body, now=NOW)


def test_the_vector_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    signature = sign([read_secret(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=bodies, secret=st.binary(min_size=24, max_size=64))
def test_the_standards_library_signs_as_we_do(body: bytes, secret: bytes) -> None:
    written = "whsec_" + base64.b64encode(secret).decode()
    theirs = Webhook(written).sign("msg_1", datetime.fromtimestamp(NOW, UTC), body.decode())
    assert sign([secret], "msg_1", NOW, body) == theirs
    assert good({**headers(written, body=body), "webhook-signature": theirs}, written, body=body)


@given(body=bodies)
def test_the_standards_library_takes_what_we_sign(body: bytes) -> None:
    now = int(datetime.now(UTC).timestamp())
    given_headers = headers(SECRET, OTHER, body=body, at=now)
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(body, given_headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(24)).decode()).verify(body, given_headers)


def test_while_secrets_change_either_one_will_do() -> None:
    assert headers(SECRET, OTHER)["webhook-signature"].count("v1,") == 2
    for known in (SECRET, OTHER):
        assert good(headers(SECRET, OTHER), known)
        assert good(headers(known), SECRET, OTHER)
    assert not good(headers(SECRET), OTHER)


@given(data=st.data())
def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(BODY) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != BODY[index]))
    changed = BODY[:index] + bytes([byte]) + BODY[index + 1 :]
    assert not good(headers(SECRET), SECRET, body=changed)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "x", "v1,", "v1,AAAA", "-1", "9" * 400, "\u0661", "ё"])
def test_a_header_that_is_missing_or_another_is_refused(name: str, value: str | None) -> None:
    given_headers = headers(SECRET)
    del given_headers[name]
    if value is not None:
        given_headers[name] = value
    assert not good(given_headers, SECRET)


@pytest.mark.parametrize("late_s", [-TOLERANCE_S - 1, TOLERANCE_S + 1, 10**9])
def test_what_somebody_kept_is_refused(late_s: int) -> None:
    assert good(headers(SECRET, at=NOW - 10), SECRET)
    assert not good(headers(SECRET, at=NOW - late_s), SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "secret",
        SECRET.removeprefix("whsec_"),
        "whsec_c2hvcnQ=",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_ё" + "A" * 32,
        "whsec_" + "!" * 32,
    ],
)
def test_a_secret_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        read_secret(text)
