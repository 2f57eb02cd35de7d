"""``X-Twilio-Signature``, as the official library makes it."""

from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.providers.twilio_signature import TwilioSignature
from application.ports.callbacks import Callback
from tests.twilio_library import official_signature, officially_valid

TOKEN = "0123456789abcdef0123456789abcdef"
RECEIPT_URL = "https://sms.example.kz/hooks/twilio/status?ref=9f2c&try=1"
RECEIPT = (
    "ErrorCode=30003&SmsSid=SM00000000000000000000000000000001&SmsStatus=undelivered"
    "&MessageStatus=undelivered&To=%2B77012345678&MessageSid=SM00000000000000000000000000000001"
    "&AccountSid=AC00000000000000000000000000000001&From=AcmeBank&ApiVersion=2010-04-01"
)
INBOUND = urlencode(
    {
        "Body": "Стоп, пожалуйста ",
        "From": "+77012345678",
        "To": "+15005550006",
        "FromCity": "",
        "MessageSid": "SM00000000000000000000000000000002",
        "AccountSid": "AC00000000000000000000000000000001",
        "NumMedia": "0",
    }
)
JSON_URL = (
    "https://sms.example.kz/j?bodySHA256="
    "ba8b2a21871b8e7e9ff68b0b94cbfa01beb45bbf5b9264fb6df875552ec2cd78"
)

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=10)
forms = st.dictionaries(names, values, max_size=6)
paths = st.text("abcXYZ019/._~-%", max_size=15)
queries = st.text("abc019=&%+ref-_.~", max_size=20)


def a_post(
    url: str, body: str, signature: str, *, method: str = "POST", content_type: str = ""
) -> Callback:
    return Callback(
        method=method,
        url=url,
        query=urlsplit(url).query.encode(),
        headers={"x-twilio-signature": signature, "content-type": content_type},
        body=body.encode(),
    )


def accepted(callback: Callback, *tokens: str) -> bool:
    assert callback.url is not None
    return TwilioSignature(tokens or (TOKEN,)).covers(callback, callback.url)


VECTORS = {
    "receipt": a_post(RECEIPT_URL, RECEIPT, "z4dQ5kt+byDnuQAxgYgKlJ2IrQs="),
    "signed with the port": a_post(RECEIPT_URL, RECEIPT, "8CdgnAhKyGRC3r1YNqPaZyBrB6M="),
    "another port": a_post(
        "http://sms.example.kz:8080/hooks/twilio/status", RECEIPT, "GRPjNjyhclwNFZEOgBlmgpgF+Dc="
    ),
    "GET": a_post(
        "https://sms.example.kz/hooks/twilio/status?MessageSid=SM00000000000000000000000000000001"
        "&MessageStatus=delivered",
        "",
        "Es8By7qHrSzmv1WMl6zejMrH2XY=",
        method="GET",
    ),
    "spaces and empty fields": a_post(
        "https://sms.example.kz/hooks/twilio/inbound", INBOUND, "0bKbDDNuJEEPE3fPW29sPCK3dRM="
    ),
    "repeated fields": a_post(
        "https://sms.example.kz/x", "Sid=b&Sid=a&Sid=a&SidX=1", "mFmpWCnNBdgTXshE5xkjwQbTKEk="
    ),
    "JSON": a_post(
        JSON_URL, '{"a":"ж"}', "zQnYIte6g1/iIE40vIyccmZzEvE=", content_type="application/json"
    ),
}


@pytest.mark.parametrize("callback", VECTORS.values(), ids=VECTORS)
def test_the_vectors_are_accepted(callback: Callback) -> None:
    assert accepted(callback)


@pytest.mark.parametrize("callback", VECTORS.values(), ids=VECTORS)
def test_every_other_byte_in_the_address_is_refused(callback: Callback) -> None:
    url = callback.url or ""
    for at in range(len(url)):
        other = chr(ord(url[at]) ^ 1)
        assert not accepted(replace(callback, url=url[:at] + other + url[at + 1 :])), at


@pytest.mark.parametrize("callback", VECTORS.values(), ids=VECTORS)
def test_every_other_byte_in_the_body_is_refused(callback: Callback) -> None:
    for at in range(len(callback.body)):
        changed = bytearray(callback.body)
        changed[at] ^= 2
        assert not accepted(replace(callback, body=bytes(changed))), at


@pytest.mark.parametrize("callback", VECTORS.values(), ids=VECTORS)
def test_every_other_byte_in_the_signature_is_refused(callback: Callback) -> None:
    signature = callback.headers["x-twilio-signature"]
    for at in range(len(signature)):
        other = signature[:at] + chr(ord(signature[at]) ^ 1) + signature[at + 1 :]
        assert not accepted(replace(callback, headers={"x-twilio-signature": other})), at


@pytest.mark.parametrize("signature", ["", " ", "ж", "=", "z4dQ5kt+byDnuQAxgYgKlJ2IrQs", "\udcff"])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    assert not accepted(a_post(RECEIPT_URL, RECEIPT, signature))


def test_without_the_header_it_is_refused() -> None:
    assert not accepted(replace(VECTORS["receipt"], headers={}))


@pytest.mark.parametrize("tokens", [("old", TOKEN), (TOKEN, "new"), ("", TOKEN)])
def test_any_of_several_tokens_may_have_signed(tokens: tuple[str, ...]) -> None:
    assert accepted(VECTORS["receipt"], *tokens)


def test_an_empty_token_signs_nothing() -> None:
    signature = official_signature("", "https://sms.example.kz/x", {})
    assert not accepted(a_post("https://sms.example.kz/x", "", signature), "")


@given(path=paths, query=queries, fields=forms)
def test_what_the_official_library_signs_is_accepted(
    path: str, query: str, fields: dict[str, str]
) -> None:
    url = f"https://sms.example.kz/{path}?{query}"
    signature = official_signature(TOKEN, url, fields)
    assert accepted(a_post(url, urlencode(fields), signature))


@given(fields=forms, data=st.data())
def test_any_other_field_is_refused(fields: dict[str, str], data: st.DataObject) -> None:
    signature = official_signature(TOKEN, RECEIPT_URL, fields)
    others = data.draw(forms)
    joined = ["".join(f"{n}{f[n]}" for n in sorted(f)) for f in (fields, others)]
    assume(joined[0] != joined[1])  # Twilio writes names and values without anything in between
    assert not accepted(a_post(RECEIPT_URL, urlencode(others), signature))


@given(fields=forms, data=st.data())
def test_a_field_more_or_less_is_refused(fields: dict[str, str], data: st.DataObject) -> None:
    signature = official_signature(TOKEN, RECEIPT_URL, fields)
    name = data.draw(names.filter(lambda name: name not in fields))
    assert not accepted(a_post(RECEIPT_URL, urlencode({**fields, name: "1"}), signature))
    if fields:
        fewer = dict(list(fields.items())[1:])
        assert not accepted(a_post(RECEIPT_URL, urlencode(fewer), signature))


@given(port=st.integers(1, 65_535), fields=forms)
def test_the_port_may_be_written_or_not_as_with_the_official_library(
    port: int, fields: dict[str, str]
) -> None:
    url, bare = f"https://sms.example.kz:{port}/x", "https://sms.example.kz/x"
    body = urlencode(fields)
    for signed in (url, bare):
        signature = official_signature(TOKEN, signed, fields)
        assert officially_valid(TOKEN, url, fields, signature)
        assert accepted(a_post(url, body, signature))
        assert accepted(a_post(bare, body, signature)) == officially_valid(
            TOKEN, bare, fields, signature
        )


@given(body=st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_json_is_covered_by_its_digest_in_the_address(body: str) -> None:
    digest = sha256(body.encode()).hexdigest()
    url = f"https://sms.example.kz/j?bodySHA256={digest}"
    genuine = a_post(url, body, official_signature(TOKEN, url, {}), content_type="application/json")
    assert officially_valid(TOKEN, url, body, genuine.headers["x-twilio-signature"])
    assert accepted(genuine)
    assert not accepted(replace(genuine, body=genuine.body + b" "))


def test_json_without_a_digest_is_refused() -> None:
    signature = official_signature(TOKEN, RECEIPT_URL, {})
    assert not accepted(a_post(RECEIPT_URL, "{}", signature, content_type="application/json"))


def test_an_ipv6_host_and_a_login_keep_their_colons() -> None:
    for host in ("[2001:db8::1]", "user:word@sms.example.kz", "user:word@[2001:db8::1]"):
        with_port = official_signature(TOKEN, f"https://{host}:443/x", {})
        assert accepted(a_post(f"https://{host}/x", "", with_port))
        without = official_signature(TOKEN, f"https://{host}/x", {})
        assert accepted(a_post(f"https://{host}:443/x", "", without))
