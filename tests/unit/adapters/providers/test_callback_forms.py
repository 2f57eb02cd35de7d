from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.form_fields import MAX_FIELDS, first_of_each, form_fields

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(fields=st.lists(st.tuples(TEXTS, TEXTS), max_size=8))
def test_every_field_comes_back_in_its_order(fields: list[tuple[str, str]]) -> None:
    form = urlencode(fields).encode()
    assert form_fields(form) == [(name.encode(), value.encode()) for name, value in fields]


@given(form=st.text("ab=&%+2f41;\x00", max_size=40))
def test_any_form_reads_as_the_standard_library_reads_it(form: str) -> None:
    pairs = parse_qsl(form, keep_blank_values=True, encoding="latin-1")
    expected = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    assert form_fields(form.encode()) == expected


@given(form=st.binary(max_size=60))
def test_no_bytes_raise_and_all_can_be_stored(form: bytes) -> None:
    for text in (t for field in first_of_each(form_fields(form)).items() for t in field):
        assert "\x00" not in text
        text.encode()


@pytest.mark.parametrize(("count", "kept"), [(MAX_FIELDS, MAX_FIELDS), (MAX_FIELDS + 1, 0)])
def test_a_form_of_too_many_fields_is_not_read(count: int, kept: int) -> None:
    assert len(form_fields(b"&".join([b"a=1"] * count))) == kept


def test_of_a_repeated_field_the_first_counts() -> None:
    assert first_of_each(form_fields(b"a=1&b=2&a=3")) == {"a": "1", "b": "2"}
