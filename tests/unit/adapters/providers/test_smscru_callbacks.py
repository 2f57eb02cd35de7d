from hashlib import md5, sha1
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.smscru_callbacks import SmscruCallbacks
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from domain.inbound import InboundMessage
from domain.receipt import Receipt
from tests.contracts.callbacks import JSON, SECRET, CallbackReaderContract, a_callback, form
from tests.contracts.messages import MESSAGE_ID, NOW
from tests.fakes import CountingIds, FixedClock

OURS = f"h{MESSAGE_ID.hex}"
PHONE = "77011234567"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


def reader(secret: str = SECRET) -> SmscruCallbacks:
    return SmscruCallbacks(secret, FixedClock(), CountingIds())


def checksum(*parts: str, secret: str = SECRET, charset: str = "utf-8") -> str:
    return md5(":".join([*parts, secret]).encode(charset)).hexdigest()  # noqa: S324 - the provider's


def a_status(id_: str = OURS, status: str = "1", **more: str) -> dict[str, str]:
    fields = {"id": id_, "phone": PHONE, "status": status, "ts": "1792326852", "err": "0"}
    return {**fields, "md5": checksum(id_, PHONE, status), **more}


def a_text(text: str, **more: str) -> dict[str, str]:
    to = "79990001122"
    signed = {"phone": PHONE, "mes": text, "to": to, "md5": checksum(PHONE, text, to)}
    return {**signed, "ts": "1792326852", **more}


def told(fields: dict[str, str], query: str = "charset=utf-8") -> CallbackOutcome:
    return reader().read(a_callback(form(**fields), query=query))


def receipt(**fields: str) -> Receipt:
    outcome = told(a_status(**fields))
    assert isinstance(outcome, Receipt)
    return outcome


class TestReader(CallbackReaderContract):
    def reader(self, secret: str = SECRET) -> SmscruCallbacks:
        return reader(secret)

    def delivered(self) -> Callback:
        return a_callback(form(**a_status()))

    def unsigned(self, body: bytes, query: bytes) -> Callback:
        return a_callback(body, query=query.decode("latin-1"))

    def signed(self, status: str, provider_id: str) -> Callback:
        return a_callback(form(**a_status(provider_id, status, err=status)))


@pytest.mark.parametrize(
    "sum_",
    [
        {"md5": "273ce3bbf93029064841095133add5c8"},
        {"sha1": "0a9d841722c0d6d8ce56d66b2b221f6990fe620c"},
        {"md5": "273CE3BBF93029064841095133ADD5C8"},
    ],
)
def test_the_vectors_of_a_status_are_accepted(sum_: dict[str, str]) -> None:
    fields = {"id": "ord-7f3a9c", "phone": "79161234567", "status": "1"}
    assert reader("s3cret").read(a_callback(form(**fields, **sum_))) == Ignored()


def test_the_vector_of_a_text_is_accepted() -> None:
    fields = {"phone": "79161234567", "mes": "STOP", "to": "79990001122"}
    sum_ = "d6d4f464fe07ef96d8fad57d574b1701"
    found = reader("s3cret").read(a_callback(form(**fields, md5=sum_)))
    assert isinstance(found, InboundMessage)
    assert (found.phone, found.to, found.text) == ("79161234567", "79990001122", "STOP")
    assert found.received_at == NOW


def test_the_receipt_names_the_message_by_our_reference() -> None:
    found = receipt()
    assert (found.message_id, found.provider_id) == (MESSAGE_ID, OURS)
    assert receipt(id_=f" {OURS.upper()} ").provider_id == OURS


@pytest.mark.parametrize(
    ("status", "err", "ours", "code"),
    [
        ("-1", "0", "submitted", "-1"),
        ("0", "", "submitted", "0"),
        ("1", "0", "delivered", "1"),
        ("2", "0", "delivered", "2"),
        ("3", "0", "expired", "3"),
        ("20", "13", "undeliverable", "20/13"),
        ("20", "245", "submitted", "20/245"),
        ("20", "240", "undeliverable", "20/240"),
        ("25", "x", "undeliverable", "25"),
        ("99", "0", "submitted", "99"),
    ],
)
def test_the_states(status: str, err: str, ours: str, code: str) -> None:
    found = receipt(status=status, err=err)
    assert (found.status, found.provider_code) == (ours, code)
    assert found.text


def test_a_busy_call_says_so_in_words() -> None:
    assert "busy" in receipt(status="20", err="240", type="7").text


@pytest.mark.parametrize("id_", ["1", "ord-7f3a9c", OURS[:-1], f"{OURS}0", MESSAGE_ID.hex, "", "h"])
def test_the_ids_of_other_systems_are_ignored(id_: str) -> None:
    assert told(a_status(id_)) == Ignored()


def test_not_found_is_no_state() -> None:
    assert told(a_status(status="-3")) == Ignored()


@pytest.mark.parametrize("status", ["", "delivered", "1.5", "9" * 40, "\uff11"])
def test_a_status_that_is_no_number_is_malformed(status: str) -> None:
    assert isinstance(told(a_status(status=status)), Malformed)


def test_without_a_checksum_it_is_refused() -> None:
    fields = a_status()
    del fields["md5"]
    assert isinstance(told(fields), Refused)
    assert isinstance(told(fields | {"md5": ""}), Refused)
    assert isinstance(told(fields | {"crc32": "1234567890"}), Refused)


def test_every_checksum_that_came_has_to_fit() -> None:
    assert isinstance(told(a_status(sha1="0" * 40)), Refused)
    good = sha1(f"{OURS}:{PHONE}:1:{SECRET}".encode()).hexdigest()  # noqa: S324 - the provider's
    assert isinstance(told(a_status(sha1=good)), Receipt)
    assert isinstance(told(a_status(sha1=good, md5="0" * 32)), Refused)


@pytest.mark.parametrize("name", ["id", "phone", "status"])
def test_every_other_byte_of_what_is_covered_is_refused(name: str) -> None:
    genuine = a_status()
    for at, letter in enumerate(genuine[name]):
        value = genuine[name][:at] + chr(ord(letter) ^ 1) + genuine[name][at + 1 :]
        assert isinstance(told({**genuine, name: value}), Refused)


@pytest.mark.parametrize("name", ["phone", "mes", "to"])
def test_every_other_byte_of_a_text_is_refused(name: str) -> None:
    genuine = a_text("Стоп")
    for at, letter in enumerate(genuine[name]):
        value = genuine[name][:at] + chr(ord(letter) ^ 1) + genuine[name][at + 1 :]
        assert isinstance(told({**genuine, name: value}), Refused)


def test_of_a_repeated_field_the_first_counts_and_is_covered() -> None:
    twice = [*a_status().items(), ("status", "20")]
    found = reader().read(a_callback(urlencode(twice).encode()))
    assert isinstance(found, Receipt)
    assert found.status == "delivered"
    first = [("status", "20"), *a_status().items()]
    assert isinstance(reader().read(a_callback(urlencode(first).encode())), Refused)


def test_the_address_may_carry_the_fields() -> None:
    callback = a_callback(method="GET", query=f"charset=utf-8&{urlencode(a_status())}")
    assert isinstance(reader().read(callback), Receipt)


def test_json_does_as_well() -> None:
    body = (
        f'{{"id":"{OURS}","phone":"{PHONE}","status":1,"err":null,"cost":"3.80","ok":true,'
        f'"md5":"{checksum(OURS, PHONE, "1")}","big":1{"0" * 400},"more":[1,{{}}]}}'
    )
    for content_type in (JSON, "text/plain"):
        callback = a_callback(body.encode(), query="fmt=3", content_type=content_type)
        found = reader().read(callback)
        assert isinstance(found, Receipt)
        assert found.status == "delivered"


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r"])
@pytest.mark.parametrize("json", [False, True])
def test_a_text_is_read_in_the_charset_the_address_names(charset: str, json: bool) -> None:  # noqa: FBT001 - a table
    text = "Стоп, спасибо"
    fields = a_text(text, md5=checksum(PHONE, text, "79990001122", charset=charset))
    written = ",".join(f'"{name}":"{value}"' for name, value in fields.items())
    body = (
        f"{{{written}}}".encode(charset) if json else urlencode(fields, encoding=charset).encode()
    )
    found = reader().read(a_callback(body, query=f"charset={charset}"))
    assert isinstance(found, InboundMessage)
    assert found.text == text


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_without_a_charset_in_the_address_it_is_guessed(charset: str) -> None:
    text = "тоқтату" if charset == "utf-8" else "Стоп"
    fields = a_text(text, md5=checksum(PHONE, text, "79990001122", charset=charset))
    found = reader().read(a_callback(urlencode(fields, encoding=charset).encode()))
    assert isinstance(found, InboundMessage)
    assert found.text == text


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_a_secret_in_russian_fits_in_either_charset(charset: str) -> None:
    sum_ = checksum(OURS, PHONE, "1", secret="тайна", charset=charset)
    assert isinstance(reader("тайна").read(a_callback(form(**a_status(md5=sum_)))), Receipt)


def test_a_secret_no_charset_but_one_can_write_is_not_weakened() -> None:
    weakened = checksum(OURS, PHONE, "1", secret="???")
    assert isinstance(reader("қңғ").read(a_callback(form(**a_status(md5=weakened)))), Refused)


@given(text=TEXTS)
def test_what_a_subscriber_writes_comes_character_by_character(text: str) -> None:
    found = told(a_text(text))
    assert isinstance(found, InboundMessage)
    assert found.text == text


def test_a_repeated_text_has_the_same_name_and_another_one_another() -> None:
    def name(**more: str) -> str | None:
        found = told(a_text("Стоп", **more))
        assert isinstance(found, InboundMessage)
        return found.provider_id

    assert name() == name()
    assert len({name(), name(ts="1792326853"), name(id="1"), name(id="2")}) == 4


def test_a_text_without_a_time_has_no_name() -> None:
    fields = a_text("Стоп")
    del fields["ts"]
    found = told(fields)
    assert isinstance(found, InboundMessage)
    assert found.provider_id is None


def test_a_text_from_nobody_is_malformed() -> None:
    sum_ = checksum(" ", "x", "79990001122")
    assert isinstance(told(a_text("x", phone=" ", md5=sum_)), Malformed)


def test_a_call_in_check_is_ignored() -> None:
    assert told({"phone": PHONE, "waitcall": "1", "ts": "1792326852"}) == Ignored()


def test_what_has_neither_a_status_nor_a_text_is_malformed() -> None:
    assert isinstance(told({"phone": PHONE}), Malformed)
