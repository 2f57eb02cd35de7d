"""Headers and query strings, however they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.errors import BodyError
from entrypoints.http.headers import Preferences, header, preferences, value_of
from entrypoints.http.queries import query_phone, query_time
from entrypoints.http.times import read_time

TOKEN = "abcdefghijklmnopqrstuvwxyz-ABC0123456789!#$%&'*+.^_`|~"
tokens = st.text(TOKEN, min_size=1, max_size=12).filter(
    lambda token: token.lower() not in {"return", "respond-async"}
)
quoted = st.text(st.sampled_from('abc ,;=\\"'), max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
spaces = st.sampled_from(["", " ", "\t", "  "])


@st.composite
def others(draw: st.DrawFn) -> str:
    """Draw a preference that is neither of Habar's two, with or without value and parameters."""
    text = draw(tokens)
    if draw(st.booleans()):
        text += draw(spaces) + "=" + draw(spaces) + draw(st.one_of(tokens, quoted))
    if draw(st.booleans()):
        text += draw(spaces) + ";" + draw(spaces) + draw(tokens) + "=" + draw(quoted)
    return text


def prefer(*values: str) -> Preferences:
    return preferences([(b"prefer", value.encode("latin-1")) for value in values])


@pytest.mark.parametrize(
    ("values", "representation", "background"),
    [
        ([], False, False),
        ([""], False, False),
        (["respond-async"], False, True),
        (["Respond-Async"], False, True),
        (["respond-async=", "wait=10"], False, True),
        (['respond-async=""'], False, True),
        (["respond-async; wait=10"], False, True),
        (["respond-async, wait=10"], False, True),
        (["wait=10,respond-async"], False, True),
        (["return=representation, respond-async"], True, True),
        (["return=representation", "respond-async"], True, True),
        (["return=minimal, respond-async"], False, True),
        (["respond-async=yes"], False, False),
        (["respond-async=yes, respond-async"], False, False),
        (["respond-asynchronously"], False, False),
        (["respond async"], False, False),
        (["wait=10; respond-async"], False, False),
        (['wait="10, respond-async"'], False, False),
        (['x="a\\", respond-async, \\"b"'], False, False),
        (['return="representation;x"'], False, False),
        (["return=representation x"], False, False),
        ([",,, return=representation ,,"], True, False),
        (['"return=representation"'], False, False),
        (["=representation, respond-async"], False, True),
    ],
    ids=repr,
)
def test_of_prefer_only_the_two_preferences_are_taken(
    values: list[str], *, representation: bool, background: bool
) -> None:
    assert prefer(*values) == Preferences(representation, background)


@given(before=st.lists(others()), after=st.lists(others()), data=st.data())
def test_other_preferences_around_do_not_matter(
    before: list[str], after: list[str], data: st.DataObject
) -> None:
    ours = data.draw(st.sampled_from(["respond-async", "RESPOND-ASYNC", "respond-async=;x=1"]))
    separator = data.draw(spaces) + "," + data.draw(spaces)
    assert prefer(separator.join([*before, ours, *after])) == Preferences(background=True)
    assert prefer(*before, ours, *after) == Preferences(background=True)


@given(others=st.lists(others()))
def test_other_preferences_alone_ask_for_nothing(others: list[str]) -> None:
    assert prefer(", ".join(others)) == Preferences()


@given(value=st.binary(max_size=200))
def test_no_header_is_an_error(value: bytes) -> None:
    preferences([(b"prefer", value)])


@pytest.mark.parametrize("value", ['"' * 30_000, '"\\' * 20_000, "a=" * 20_000, " ," * 20_000])
def test_a_long_header_is_read_in_one_go(value: str) -> None:
    assert prefer(value) == Preferences()


@pytest.mark.parametrize(
    ("wishes", "applied"),
    [
        (Preferences(), ""),
        (Preferences(representation=True), "return=representation"),
        (Preferences(background=True), "respond-async"),
        (Preferences(True, True), "respond-async, return=representation"),  # noqa: FBT003 - both
    ],
)
def test_what_was_applied_is_named(wishes: Preferences, applied: str) -> None:
    assert wishes.applied == applied


def test_a_header_that_is_empty_is_not_one_that_is_missing() -> None:
    assert value_of([(b"a", b" ")], b"a") == header([], b"a") == ""
    assert value_of([(b"a", b"1")], b"b") is None
    assert value_of([(b"a", b"1"), (b"b", b""), (b"a", b"2")], b"a") == "1,2"


aware = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 - a bound has no zone
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001 - a bound has no zone
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


@given(at=aware)
def test_a_time_with_any_offset_is_read_in_utc(at: datetime) -> None:
    read = read_time("send_at", at.isoformat())
    assert read is not None
    assert (read, read.tzinfo) == (at, UTC)
    assert query_time("since", at.isoformat().replace("+", " ")) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T06:34:43",
        "2026-02-30T06:34:43Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T06:34:43 05:00",
        "1795415683",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-23T06:34:43Z\x00",
    ],
)
def test_what_is_no_such_time_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(BodyError, match="send_at must be a time with an offset"):
        read_time("send_at", text)


def test_no_time_stays_none() -> None:
    assert read_time("send_at", None) is None
    assert query_time("since", None) is None


@pytest.mark.parametrize(
    ("arrived", "meant"),
    [(" 77011234567", "+77011234567"), ("77011234567", "77011234567"), ("", ""), (" ", "+")],
)
def test_a_plus_that_arrived_as_a_space_is_a_plus(arrived: str, meant: str) -> None:
    assert query_phone(arrived) == meant
