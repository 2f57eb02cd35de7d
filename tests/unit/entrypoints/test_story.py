"""What people read of a message's history."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import EventName
from domain.message import MessageStatus
from entrypoints.advice import advise
from entrypoints.story import sentence, tell

Json = dict[str, Any]
AT = "2026-11-23T06:34:43.123456Z"


def event(name: str, **known: Any) -> Json:  # noqa: ANN401 - a field of an answer
    blank = {"provider": None, "text": "", "provider_code": None, "duration_ms": None}
    return {"at": AT, "event": name, **blank, **known}


def message(status: str = "delivered", *history: Json, **known: Any) -> Json:  # noqa: ANN401 - as above
    return {
        "id": "01a2084c-4a67-71f9-bce1-b10afb6ab48c",
        "channel": "sms",
        "phone": "77011234567",
        "provider": "smscru",
        "provider_id": "4711",
        "status": status,
        "sender": None,
        "reference": None,
        "segments": 1,
        "encoding": "gsm-7",
        "priority": "transactional",
        "due_at": None,
        "expires_at": None,
        "error": None,
        "history": [event("accepted"), *history],
        **known,
    }


SENTENCES = [
    (event("accepted"), "Accepted and written to disk, in the lane transactional."),
    (
        event("blocked", text="The phone is on the blacklist; nothing was sent."),
        "Not sent: The phone is on the blacklist; nothing was sent.",
    ),
    (
        event("submitted", provider="smscru", duration_ms=85),
        "Handed to smscru, which took it after 85 ms. It calls it 4711.",
    ),
    (
        event("submitted", provider="smscru", text="found by asking"),
        "smscru says that it has it: found by asking.",
    ),
    (
        event("delivered", provider="smscru", text="Delivered", provider_code="1"),
        "smscru says that it arrived: Delivered, code 1.",
    ),
    (
        event("rejected", provider="smscru", text="invalid number", provider_code="7"),
        "Handed to smscru, which refused it for good: invalid number, code 7.",
    ),
    (
        event("failed", provider="smscru", provider_code="3", duration_ms=9),
        "Handed to smscru, which did not take it after 9 ms: code 3.",
    ),
    (event("failed", text="The rate is used up."), "Given up: The rate is used up."),
    (
        event("unknown", provider="smscru", text="no answer in 30 s", duration_ms=30_000),
        "Handed to smscru, but nobody knows whether it took it: no answer in 30 s.",
    ),
    (
        event("undeliverable", provider="smscru", text="absent subscriber"),
        "smscru says that it could not be delivered: absent subscriber.",
    ),
    (
        event("expired", provider="smscru"),
        "smscru says that its time was over before it arrived.",
    ),
    (event("canceled"), "Taken back before it left."),
    (
        event("routed", text="smscru is left out: paused by ops"),
        "smscru is left out: paused by ops.",
    ),
    (
        event("routed", provider="twilio", text="smscru does not take messages now."),
        "Given to twilio instead: smscru does not take messages now.",
    ),
    (
        event("deferred", provider="smscru", text="busy; it is tried again in 2 s"),
        "Handed to smscru, which did not take it now: busy; it is tried again in 2 s.",
    ),
    (
        event("looked_up", provider="smscru", text="smscru knows nothing of it"),
        "smscru was asked what became of it: smscru knows nothing of it.",
    ),
    (event("held"), "Nobody can tell whether it was sent; it is not sent again."),
    (event("resent"), "Sent once more, as the request wishes."),
]


@pytest.mark.parametrize("provider", [None, "smscru"])
def test_what_was_never_handed_over_is_not_said_to_be_under_way(provider: str | None) -> None:
    line = event("expired", provider=provider)
    told = sentence(line, message(history=[event("accepted"), line]))
    assert told == "Not sent any more: its time was over."


@pytest.mark.parametrize(("line", "words"), SENTENCES)
def test_every_event_is_told_in_plain_words(line: Json, words: str) -> None:
    assert sentence(line, message(history=[event("submitted"), line])) == words


def test_no_kind_of_event_is_left_out() -> None:
    assert {line["event"] for line, _ in SENTENCES} == set(EventName)


def test_a_call_is_answered_and_does_not_arrive() -> None:
    call = message(channel="call")
    answered = event("delivered", provider="smscru")
    assert sentence(answered, call) == "smscru says that it was answered."
    busy = event("undeliverable", provider="smscru", text="busy")
    assert sentence(busy, call) == "smscru says that it was not answered: busy."


def test_whose_key_asked_for_it_is_told_where_the_service_tells_it() -> None:
    told = sentence(event("accepted"), message(asked_by="shop"))
    assert told == "Accepted and written to disk, asked for by shop, in the lane transactional."


def test_a_story_goes_from_the_first_moment_to_what_can_be_done() -> None:
    history = (
        event("submitted", provider="smscru", duration_ms=85),
        event("delivered", provider="smscru"),
    )
    told = tell(
        message(
            "delivered", *history, reference="order 7", sender="HABAR", expires_at=AT, segments=2
        )
    )
    assert told.title == "SMS to 77011234567 (2 segments, gsm-7): delivered"
    assert [(line.at, line.text) for line in told.lines] == [
        ("2026-11-23 06:34:43", "Accepted and written to disk, in the lane transactional."),
        ("", "Number, text and provider were checked before, and found good."),
        ("", "Its caller names it order 7."),
        ("", "It is to be shown as coming from HABAR."),
        ("", "It is not to be sent after 2026-11-23 06:34:43."),
        ("2026-11-23 06:34:43", "Handed to smscru, which took it after 85 ms. It calls it 4711."),
        ("2026-11-23 06:34:43", "smscru says that it arrived."),
    ]
    assert told.advice == "It arrived; nothing is left to do."


@pytest.mark.parametrize("status", MessageStatus)
def test_there_is_advice_for_every_status(status: MessageStatus) -> None:
    assert advise(message(status)).endswith(".")


def test_only_one_in_doubt_that_nobody_asks_about_is_left_to_people() -> None:
    assert "nobody asks any more" not in advise(message("unknown", event("unknown")))
    assert "nobody asks any more" in advise(message("unknown", event("unknown"), event("held")))


def test_one_that_waits_says_when_and_why_and_how_to_stop_it() -> None:
    error = {"code": "provider_unreachable", "text": "no connection", "provider_code": None}
    advice = advise(message("queued", due_at=AT, error=error))
    assert advice.startswith("The last attempt failed: no connection. It is sent at 2026-11-23 ")
    assert "habar messages cancel 01a2084c" in advice


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("provider_no_money", "Fill the account"),
        ("blacklisted", "--force"),
        ("a_code_of_a_later_version", "It was not sent"),
    ],
)
def test_what_can_be_done_depends_on_why_it_failed(code: str, part: str) -> None:
    error = {"code": code, "text": "", "provider_code": None}
    assert part in advise(message("failed", error=error))


texts = st.text(max_size=40)


@given(
    name=st.sampled_from(EventName),
    provider=st.none() | texts,
    text=texts,
    code=st.none() | texts,
    took=st.none() | st.integers(0, 10**6),
)
def test_whatever_a_provider_said_there_is_a_sentence(
    name: EventName, provider: str | None, text: str, code: str | None, took: int | None
) -> None:
    line = event(name, provider=provider, text=text, provider_code=code, duration_ms=took)
    assert sentence(line, message()).endswith(".")
