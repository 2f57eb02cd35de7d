"""The checksums are those of the providers' own examples and libraries."""

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from entrypoints.simulator.signatures import mobizonkz_sign, smscru_checksum, twilio_signature

TOKEN = "0123456789abcdef0123456789abcdef"
URL = "https://sms.example.kz/hooks/twilio/status?ref=9f2c&try=1"
SID = "SM00000000000000000000000000000001"
FIELDS = {
    "ErrorCode": "30003",
    "SmsSid": SID,
    "SmsStatus": "undelivered",
    "MessageStatus": "undelivered",
    "To": "+77012345678",
    "MessageSid": SID,
    "AccountSid": "AC00000000000000000000000000000001",
    "From": "AcmeBank",
    "ApiVersion": "2010-04-01",
}
INBOUND = {
    "Body": "Стоп, пожалуйста ",
    "From": "+77012345678",
    "To": "+15005550006",
    "FromCity": "",
    "MessageSid": "SM00000000000000000000000000000002",
    "AccountSid": "AC00000000000000000000000000000001",
    "NumMedia": "0",
}


@pytest.mark.parametrize(
    ("parts", "name", "checksum"),
    [
        (["ord-7f3a9c", "79161234567", "1"], "md5", "273ce3bbf93029064841095133add5c8"),
        (["ord-7f3a9c", "79161234567", "1"], "sha1", "0a9d841722c0d6d8ce56d66b2b221f6990fe620c"),
        (["79161234567", "STOP", "79990001122"], "md5", "d6d4f464fe07ef96d8fad57d574b1701"),
    ],
)
def test_a_checksum_of_smscru_is_that_of_its_example(
    parts: list[str], name: str, checksum: str
) -> None:
    assert smscru_checksum(parts, "s3cret", name=name, charset="utf-8") == checksum


@pytest.mark.parametrize(
    ("url", "fields", "signature"),
    [
        (URL, FIELDS, "z4dQ5kt+byDnuQAxgYgKlJ2IrQs="),
        (f"{URL}#rc=3&rp=ct,rt,5xx", FIELDS, "z4dQ5kt+byDnuQAxgYgKlJ2IrQs="),
        ("https://sms.example.kz/hooks/twilio/inbound", INBOUND, "0bKbDDNuJEEPE3fPW29sPCK3dRM="),
    ],
)
def test_a_signature_of_twilio_is_that_of_its_library(
    url: str, fields: dict[str, str], signature: str
) -> None:
    assert twilio_signature(url, fields, TOKEN) == signature
    bare = url.partition("#")[0]
    assert RequestValidator(TOKEN).validate(bare, fields, signature)


def test_a_sign_of_mobizon_is_that_of_its_example() -> None:
    sign = mobizonkz_sign(7001, 1, "2026-03-02 09:15:00", "hook-secret")
    assert sign == "8d0ffb0f70865f6a96249d8201925ad1a1f1c39d"
