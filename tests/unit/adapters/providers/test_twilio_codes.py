import httpx
import pytest

from adapters.providers.twilio_codes import VERDICTS
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from tests.unit.adapters.providers.twilio_exchanges import error, placed, submitted

CODES: dict[RejectReason | UnavailableKind | None, list[int]] = {
    RejectReason.RECIPIENT: [
        *(13227, 21211, 21214, 21215, 21216, 21217, 21219),
        *(21408, 21608, 21612, 21614, 21635, 21703),
    ],
    RejectReason.OPTED_OUT: [21610],
    RejectReason.CONTENT: [21602, 21617, 21618, 21619, 32018],
    RejectReason.REQUEST: [
        *(20001, 20422, 20423, 21208, 21620, 21623, 21624, 21626, 30045),
        *(35111, 35114, 35115, 35116, 35117, 35118, 35119, 90007),
    ],
    UnavailableKind.CREDENTIALS: [20003, 20006, 20008, 20010, 20403],
    UnavailableKind.NO_MONEY: [10001, 20005],
    UnavailableKind.THROTTLED: [10004, 20429, 21611],
    UnavailableKind.CONFIGURATION: [
        *(20404, 21201, 21205, 21210, 21212, 21213, 21601, 21603, 21604),
        *(21606, 21609, 21659, 21660, 21701, 21702, 21704, 21705),
    ],
    None: [20500, 20503],
}
"""What each of the manual's codes means for a submission; ``None`` leaves the outcome open."""

CODE_AND_VERDICT = [(code, verdict) for verdict, codes in CODES.items() for code in codes]


def verdict(outcome: SubmitOutcome) -> RejectReason | UnavailableKind | None:
    match outcome:
        case Rejected():
            return outcome.reason
        case Unavailable():
            return outcome.kind
        case _:
            assert isinstance(outcome, Unconfirmed)
            return None


def test_every_code_in_the_table_has_a_test() -> None:
    assert set(VERDICTS) == {code for code, _ in CODE_AND_VERDICT}


@pytest.mark.parametrize(("code", "expected"), CODE_AND_VERDICT)
async def test_a_code_means_what_the_manual_says(
    code: int, expected: RejectReason | UnavailableKind | None
) -> None:
    for outcome in (await submitted(error(400, code)), await placed(error(400, code))):
        assert verdict(outcome) == expected
        assert not isinstance(outcome, Accepted)
        assert outcome.provider_code == str(code)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 29999, RejectReason.REQUEST),
        (422, 29999, RejectReason.REQUEST),
        (401, None, UnavailableKind.CREDENTIALS),
        (403, None, UnavailableKind.CREDENTIALS),
        (403, 21211, UnavailableKind.CREDENTIALS),
        (403, 29999, UnavailableKind.CREDENTIALS),
        (401, 10001, UnavailableKind.NO_MONEY),
        (403, 20005, UnavailableKind.NO_MONEY),
        (429, None, UnavailableKind.THROTTLED),
        (429, 21211, UnavailableKind.THROTTLED),
        (404, 29999, UnavailableKind.CONFIGURATION),
        (404, 21701, UnavailableKind.CONFIGURATION),
        (404, 21211, RejectReason.RECIPIENT),
        (405, 20004, UnavailableKind.CONFIGURATION),
        (415, None, UnavailableKind.CONFIGURATION),
        (500, 21211, None),
        (503, 20429, None),
        (504, None, None),
        (302, 21211, None),
    ],
)
async def test_the_http_status_is_heard_before_the_code(
    status: int, code: int | None, expected: RejectReason | UnavailableKind | None
) -> None:
    assert verdict(await submitted(error(status, code))) == expected


@pytest.mark.parametrize("body", ["", "<html>bad request</html>", "[]", '{"code": "21211"}', "{}"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, None),
        (408, None),
        (401, UnavailableKind.CREDENTIALS),
        (403, UnavailableKind.CREDENTIALS),
        (404, UnavailableKind.CONFIGURATION),
        (405, UnavailableKind.CONFIGURATION),
        (415, UnavailableKind.CONFIGURATION),
        (429, UnavailableKind.THROTTLED),
    ],
)
async def test_a_refusal_without_twilios_code_proves_only_what_its_status_does(
    status: int, body: str, expected: UnavailableKind | None
) -> None:
    assert verdict(await submitted(httpx.Response(status, text=body))) == expected


async def test_a_throttled_message_waits_as_long_as_it_is_told() -> None:
    outcome = await submitted(error(429, 20429, **{"retry-after": "7"}))
    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after_s == 7


async def test_a_503_that_says_when_to_come_back_is_still_an_unknown_outcome() -> None:
    outcome = await submitted(error(503, 20503, "Down", **{"retry-after": "7"}))
    assert outcome == Unconfirmed("Down", "20503")


async def test_twilios_sentence_is_kept_without_the_number() -> None:
    outcome = await submitted(error(400, 21211, "The 'To' number +77011234567 is wrong."))
    assert isinstance(outcome, Rejected)
    assert outcome.text == "The 'To' number 7701***4567 is wrong."


async def test_a_long_sentence_is_cut() -> None:
    outcome = await submitted(error(400, 21211, "No. " * 1000))
    assert isinstance(outcome, Rejected)
    assert outcome.text == ("No. " * 50).strip()


async def test_without_a_sentence_the_status_is_kept() -> None:
    outcome = await submitted(httpx.Response(400, json={"code": 21211}))
    assert outcome == Rejected(
        reason=RejectReason.RECIPIENT, provider_code="21211", text="HTTP 400"
    )
