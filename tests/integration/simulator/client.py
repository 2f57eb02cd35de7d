"""A client of all four wires, as plain as they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import aiohttp

from entrypoints.simulator.simulator import Simulator
from entrypoints.simulator.xml_reader import read_xml

FORM = "application/x-www-form-urlencoded"
PHONE = "77011234567"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - each wire has its own shape
        return json.loads(self.body)

    def xml(self) -> Element:
        return read_xml(self.body.decode())


class Client:
    """Sends good requests unless told otherwise: a field given as ``None`` is left out."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self._http = http

    async def request(self, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - as aiohttp takes them
        async with self._http.request(method, self.simulator.url + path, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def smscru(self, script: str = "send", /, **fields: str | None) -> Answer:
        given: dict[str, str | None] = {"login": "habar", "psw": "secret", "fmt": "3"}
        given |= {"charset": "utf-8"}
        if script == "send":
            given |= {"phones": f"+{PHONE}", "mes": "Код 4821"}
        return await self.request("POST", f"/sys/{script}.php", data=_kept(given | fields))

    async def twilio(self, resource: str = "Messages", /, **fields: str | None) -> Answer:
        given: dict[str, str | None] = {"To": f"+{PHONE}", "From": "+15005550006"}
        given |= (
            {"Body": "Код 4821"} if resource == "Messages" else {"Twiml": twiml("Код 4, 8, 2, 1")}
        )
        return await self.twilio_raw("POST", f"{resource}.json", data=_kept(given | fields))

    async def twilio_raw(self, method: str, tail: str, **options: Any) -> Answer:  # noqa: ANN401 - as aiohttp takes them
        account = self.simulator.settings.twilio
        options.setdefault("sid", account.sid)
        options.setdefault("token", account.token)
        header = aiohttp.encode_basic_auth(account.sid, options.pop("token"))
        path = f"/2010-04-01/Accounts/{options.pop('sid')}/{tail}"
        return await self.request(method, path, headers={"Authorization": header}, **options)

    async def mobizonkz(
        self,
        method: str = "message/sendSmsMessage",
        more: Mapping[str, str | None] | None = None,
    ) -> Answer:
        key = self.simulator.settings.mobizonkz.api_key
        given: dict[str, str | None] = {"apiKey": key, "output": "json", "api": "v1"}
        if method.lower() == "message/sendsmsmessage":
            given |= {"recipient": PHONE, "text": "Код 4821"}
        return await self.request(
            "POST", f"/service/{method}", data=_kept(given | dict(more or {}))
        )

    async def epochtasmsru(self, document: str) -> Answer:
        body = f"XML={quote(document, safe='')}"
        return await self.request(
            "POST", "/members/sms/xml.php", data=body, headers={"Content-Type": FORM}
        )

    async def send_each(self, text: str, reference: str) -> None:
        """Send one SMS through each wire."""
        await self.smscru(mes=text, id=reference)
        await self.twilio(Body=text, StatusCallback=f"https://example.kz/cb?ref={reference}")
        await self.epochtasmsru(send_document(text=text, numbers={reference: PHONE}))
        await self.mobizonkz(more={"text": text, "params[name]": reference})


def send_document(
    *,
    operation: str = "SEND",
    text: str = "Код 4821",
    sender: str = "Habar",
    numbers: Mapping[str, str] | None = None,
    password: str = "secret",  # noqa: S107 - the stand-in's own
) -> str:
    rows = "".join(
        f"<number messageID={quoteattr(message_id)}>{escape(number)}</number>"
        for message_id, number in (numbers or {"m-1": PHONE}).items()
    )
    message = f"<message><sender>{escape(sender)}</sender><text>{_escaped(text)}</text></message>"
    return envelope(operation, f"{message}<numbers>{rows}</numbers>", password=password)


def status_document(*ids: str) -> str:
    rows = "".join(f"<messageid>{escape(message_id)}</messageid>" for message_id in ids)
    return envelope("GETSTATUS", f"<statistics>{rows}</statistics>")


def envelope(operation: str, content: str = "", *, password: str = "secret") -> str:  # noqa: S107 - the stand-in's
    return (
        '<?xml version="1.0" encoding="UTF-8"?><SMS>'
        f"<operations><operation>{operation}</operation></operations>"
        "<authentification><username>habar@example.com</username>"
        f"<password>{password}</password></authentification>{content}</SMS>"
    )


def twiml(*texts: str) -> str:
    says = "".join(
        f'<Say voice="Polly.Tatyana" language="ru-RU">{_escaped(text)}</Say>' for text in texts
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{says}</Response>'


def _escaped(text: str) -> str:
    # A bare carriage return would reach the reader as a line feed.
    return escape(text, {"\r": "&#13;"})


def _kept(fields: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
