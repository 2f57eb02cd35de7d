"""The providers: can they be reached, do they let us in, is there money, what is the sender?"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from adapters.exchange import Answer, exchange
from adapters.http_engine import HttpEngine
from application.routing import Carrier
from domain.errors import InvalidSenderError
from domain.lookup import NoAnswer
from domain.phone import mask_numbers
from domain.sender_id import SenderId
from entrypoints.carriers import Carriers
from entrypoints.checks import CREDENTIALS, configured
from entrypoints.doctor.clock import check_clock
from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.settings import Settings

_TIMEOUT_S = 15.0


def check_senders(settings: Settings) -> Iterator[Finding]:
    """Tell under which name messages go out."""
    for code in configured(settings):
        name = f"{code}_sender"
        if not hasattr(settings, name):
            continue
        sender: str | None = getattr(settings, name)
        setting = name.upper()
        if sender is None:
            fix = f"Set {setting} to a name that is registered there, unless that is wanted."
            yield warning(code, "no sender: messages go out under the account's own", fix)
            continue
        try:
            SenderId(sender)
        except InvalidSenderError as error:
            yield problem(code, f"{setting}: {error.message}", f"Correct {setting}.")
        else:
            yield ok(code, "a sender is set")


async def check_providers(settings: Settings) -> list[Finding]:
    """Ask every provider that has credentials for its money; asking costs nothing."""
    if settings.sms_dummy:
        fix = "Unset SMS_DUMMY and set SMS_PROVIDER where messages are to be sent."
        return [warning("providers", "SMS_DUMMY=true: no message leaves this machine", fix)]
    carriers = Carriers(settings)
    engine = HttpEngine(connections=len(carriers.by_code) or 1)
    try:
        asked = (_check(carrier, settings, engine) for carrier in carriers.by_code.values())
        return [finding for findings in await asyncio.gather(*asked) for finding in findings]
    finally:
        await engine.aclose()
        await carriers.close()


async def _check(carrier: Carrier, settings: Settings, engine: HttpEngine) -> list[Finding]:
    code = carrier.code
    setting = f"{code.upper()}_BASE_URL"
    url: str = getattr(settings, f"{code}_base_url")
    before = datetime.now(UTC)
    answer = await exchange(engine, httpx.Request("GET", url), timeout_s=_TIMEOUT_S)
    if not isinstance(answer, Answer):
        fix = f"Check {setting}, and whether this machine may connect to it."
        return [problem(code, f"it cannot be reached: {answer.text}", fix)]
    return [*_clock(code, answer, before), await _money(carrier)]


def _clock(code: str, answer: Answer, before: datetime) -> Iterator[Finding]:
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    if told.tzinfo is not None:
        # The time that is told has no fractions of a second.
        yield check_clock(code, told, before.replace(microsecond=0), datetime.now(UTC))


async def _money(carrier: Carrier) -> Finding:
    code = carrier.code
    names = ", ".join(f"{code}_{part}".upper() for part in CREDENTIALS[code])
    balance = None if carrier.balance is None else await carrier.balance.balance()
    if balance is None:
        return ok(code, "it can be reached; it does not tell how much money is left")
    if isinstance(balance, NoAnswer):
        fix = f"Check {names}."
        said = mask_numbers(balance.text)
        return problem(code, f"it does not tell how much money is left: {said}", fix)
    money = f"{balance.amount:f} {balance.currency or 'left'}"
    if balance.amount <= 0:
        return warning(code, f"it knows us, and there is no money: {money}", "Top up the account.")
    return ok(code, f"it knows us: {money}")
