"""What the pages say, and what their forms do."""

import re
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest

from domain.user import Role
from tests.integration.dashboard.site import Browser, Site, a_site, words
from tests.integration.http.service import HELLO, dummy

KEY = {"X-API-Key": "k" * 32}
PHONE, OTHER = "77011234567", "77070001234"
EVIL = '<script>alert("x")</script>'


async def sent(site: Site, **fields: object) -> list[str]:
    answer = await site.service.client.post(
        "/sms",
        json={**HELLO, **fields},
        headers={**KEY, "Prefer": "return=representation"},
    )
    return [row["id"] for row in answer.json()["content"]["messages"]]


async def form_of(browser: Browser) -> str:
    """Return the name of an empty form to send with, which is new each time."""
    there = (await browser.get("/send")).headers["location"]
    found = re.search(r'name="form" value="([^"]+)"', (await browser.client.get(there)).text)
    assert found
    assert there.endswith(found[1])
    return found[1]


async def test_a_phone_leads_to_the_reason_in_one_click(site_on: Site) -> None:
    client = site_on.service.client
    entry = {"phone": PHONE, "reason": "asked by mail"}
    await client.post("/blacklist", json=entry, headers=KEY)
    await client.post("/sms", json=HELLO, headers={**KEY, "Prefer": "respond-async"})
    operator = site_on.browsers[Role.OPERATOR]
    page = await operator.get(f"/messages?find=%2B{PHONE}")
    assert "blocked The phone is on the blacklist; nothing was sent." in words(page)
    found = re.search(r'href="(/dashboard/messages/[0-9a-f-]{36})"', page.text)
    assert found
    story = await operator.read(found[1].removeprefix("/dashboard"))
    assert f"SMS to {PHONE} (1 segment, gsm-7): blocked" in story
    assert "It is on the blacklist, the page Blacklist says why" in story
    assert "asked by mail" in await operator.read(f"/blacklist?phone={PHONE}")


@pytest.mark.parametrize("what", ["id", "request", "phone", "+7 (701) 123-45-67", "order 17"])
async def test_a_message_is_found_by_whatever_is_known_of_it(site: Site, what: str) -> None:
    (message_id,) = await sent(site, phones=PHONE, reference="order 17")
    stories = site.service.container.stories()
    stored = await stories.message(UUID(message_id))
    known = {"id": message_id, "request": str(stored.message.request_id), "phone": PHONE}
    viewer = site.browsers[Role.VIEWER]
    page = await viewer.client.get("/dashboard/messages", params={"find": known.get(what, what)})
    assert f"/dashboard/messages/{message_id}" in page.text


@pytest.mark.parametrize("find", ["77099999999", "nothing", EVIL, "x" * 500, "\x00", "\udcff", "%"])
async def test_what_nobody_has_sent_is_not_found(site: Site, find: str) -> None:
    params = {"find": find.encode(errors="surrogateescape")}
    page = await site.browsers[Role.VIEWER].client.get("/dashboard/messages", params=params)
    assert page.status_code == 200
    assert "No message is like that." in words(page)
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "provider=nobody",
        "since=yesterday",
        "until=0001-01-01T00:00",
        "since=9999-12-31T23:59",
        "before=x",
        "status=failed&provider=twilio&since=2026-11-23T00:00",
    ],
)
async def test_an_address_somebody_has_edited_is_still_a_page(site: Site, query: str) -> None:
    answer = await site.browsers[Role.VIEWER].get(f"/messages?{query}")
    assert answer.status_code == 200


NASTY = [
    "\x00",
    "\udcff",
    "\r\nX: 1",
    "\u202e",
    "'; --",
    "%",
    "9" * 300,
    "\U0001f600",
    "0001-01-01T00:00",
]


@pytest.mark.parametrize("path", ["/messages", "/blacklist", "/audit", "/webhooks", "", "/send"])
async def test_whatever_stands_in_an_address_there_is_a_page(site_on: Site, path: str) -> None:
    names = "find status provider since until before phone after action actor subject message span"
    admin = site_on.browsers[Role.ADMIN]
    for text in NASTY:
        value = quote(text, errors="surrogateescape", safe="")
        for query in (f"{name}={value}" for name in names.split()):
            for more in ("", "&find=7701&phone=7701"):
                answer = await admin.get(f"{path}?{query}{more}")
                assert answer.status_code in {200, 303}, (path, query)


@pytest.mark.parametrize(
    "path",
    [
        "/send",
        "/blacklist/add",
        "/blacklist/remove",
        "/keys/create",
        "/webhooks/enable",
        "/webhooks/try",
        "/sign-in",
    ],
)
async def test_whatever_stands_in_a_form_it_is_answered(site_on: Site, path: str) -> None:
    names = "name password back phones phone message provider sender reference reason note"
    names += " expires_at networks scope-send url form channel"
    admin = site_on.browsers[Role.ADMIN]
    for text in NASTY:
        for name in names.split():
            fields = {"csrf": admin.csrf, "phones": PHONE, "phone": PHONE, "message": "Hi"}
            fields |= {"name": "shop", "scope-send": "on", name: text}
            content = "&".join(
                f"{key}={quote(value, errors='surrogateescape', safe='')}"
                for key, value in fields.items()
            )
            answer = await admin.client.post(f"/dashboard{path}", content=content)
            assert answer.status_code < 500, (path, name, text)


async def test_more_messages_than_one_page_holds_are_read_on(site_on: Site) -> None:
    phones = [f"7701{number:07}" for number in range(60)]
    await sent(site_on, phones=phones)
    viewer = site_on.browsers[Role.VIEWER]
    first = await viewer.get("/messages?provider=dummy")
    assert first.text.count("<tr>") == 51
    older = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert older
    second = await viewer.client.get(older[1].replace("&amp;", "&"))
    assert second.text.count("<tr>") == 11
    assert "hx-get" not in second.text


async def test_viewers_never_see_a_whole_number(site_on: Site) -> None:
    ids = await sent(site_on, reference="r")
    viewer = site_on.browsers[Role.VIEWER]
    for address in ("", "/messages", f"/messages?find={PHONE}", *(f"/messages/{i}" for i in ids)):
        page = await viewer.get(address)
        shown = page.text.replace(f'value="{PHONE}"', "")  # what they typed themselves
        assert PHONE not in shown
        assert OTHER not in shown
    assert "7701***4567" in (await viewer.get("/messages")).text


async def test_what_callers_wrote_is_text_and_nothing_else(site: Site) -> None:
    (message_id,) = await sent(site, phones=PHONE, reference=EVIL)
    admin = site.browsers[Role.ADMIN]
    for address in (f"/messages/{message_id}", "/messages"):
        page = await admin.get(address)
        assert "<script>alert" not in page.text
    assert EVIL in await admin.read("/messages")


async def test_a_message_is_sent_once_however_often_its_form_is(site_on: Site) -> None:
    operator = site_on.browsers[Role.OPERATOR]
    fields = {"phones": PHONE, "message": "Hello, world!", "form": await form_of(operator)}
    answers = [await operator.post("/send", **fields, send="") for _ in range(2)]
    places = {answer.headers["location"] for answer in answers}
    assert len(places) == 1
    (place,) = places
    story = await operator.read(place.removeprefix("/dashboard"))
    assert f"SMS to {PHONE}" in story
    page = await operator.get(f"/messages?find={PHONE}")
    assert page.text.count("<tr>") == 2
    changed = await operator.post("/send", **{**fields, "message": "Another"}, send="")
    assert changed.headers["location"] not in places


async def test_several_phones_lead_to_all_their_messages(site: Site) -> None:
    operator = site.browsers[Role.OPERATOR]
    form = await form_of(operator)
    answer = await operator.post(
        "/send", phones=f"{PHONE}, {OTHER}\r\n", message="Hello, world!", form=form
    )
    page = await operator.read(answer.headers["location"].removeprefix("/dashboard"))
    assert PHONE in page
    assert OTHER in page


async def test_a_call_is_placed(site: Site) -> None:
    operator = site.browsers[Role.OPERATOR]
    answer = await operator.post(
        "/send", channel="call", phones=PHONE, message="1 2 3", form=await form_of(operator)
    )
    assert f"Call to {PHONE}" in await operator.read(
        answer.headers["location"].removeprefix("/dashboard")
    )


async def test_checking_sends_nothing_and_keeps_what_was_typed(site_on: Site) -> None:
    operator = site_on.browsers[Role.OPERATOR]
    page = await operator.post("/send", phones=PHONE, message="Привет", check="")
    assert page.status_code == 200
    assert "Nothing was sent; this is what would be" in words(page)
    assert ">Привет</textarea>" in page.text
    assert "UCS-2, 1 segment, 64 characters left" in words(page)
    assert "No message is like that." in await operator.read("/messages")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"phones": "123", "message": "Hi"}, "phones[0]"),
        ({"phones": PHONE, "message": ""}, "The message is empty."),
        ({"phones": "", "message": "Hi"}, "phone"),
        ({"phones": PHONE, "message": "Hi", "provider": "nobody"}, "provider"),
        ({"phones": PHONE, "message": "Hi", "sender": "much too long a sender"}, "sender"),
    ],
)
async def test_what_cannot_be_sent_is_told_beside_what_was_typed(
    site: Site, fields: dict[str, str], sentence: str
) -> None:
    operator = site.browsers[Role.OPERATOR]
    answer = await operator.post("/send", **fields, form=await form_of(operator))
    assert answer.status_code == 400
    assert sentence.lower() in words(answer).lower()
    assert fields["phones"] in answer.text


async def test_what_makes_a_text_ucs2_is_marked_while_typing(site: Site) -> None:
    operator = site.browsers[Role.OPERATOR]
    page = await operator.post("/send/count", message="Code 4821 — don\u2019t share")
    assert "<mark>—</mark>" in page.text
    assert "<mark>\u2019</mark>" in page.text
    plain = await operator.post("/send/count", message="x" * 161)
    assert "GSM-7, 2 segments, 145 characters left" in words(plain)
    assert "<mark>" not in plain.text


async def test_the_blacklist_is_kept_by_hand(site_on: Site) -> None:
    operator = site_on.browsers[Role.OPERATOR]
    added = await operator.post("/blacklist/add", phone=f"+{PHONE}", reason="by phone", note=EVIL)
    assert added.headers["location"] == "/dashboard/blacklist"
    page = await operator.get("/blacklist")
    assert "by phone" in words(page)
    assert "<script>alert" not in page.text
    assert PHONE in await operator.read("/blacklist?phone=7701")
    assert "begins so" in await operator.read("/blacklist?phone=7702")
    assert "begins so" in await operator.read("/blacklist?phone=abc")
    await operator.post("/blacklist/remove", phone=PHONE)
    assert "Nobody is on the blacklist." in await operator.read("/blacklist")
    audit = await site_on.browsers[Role.ADMIN].read("/audit?actor=operator")
    assert "blacklist.added" in audit
    assert "blacklist.removed" in audit


@pytest.mark.parametrize(
    "fields",
    [
        {"phone": "123"},
        {"phone": PHONE, "reason": "x" * 201},
        {"phone": PHONE, "expires_at": "2020-01-01T00:00"},
    ],
)
async def test_a_bad_entry_is_told_beside_what_was_typed(
    site: Site, fields: dict[str, str]
) -> None:
    answer = await site.browsers[Role.OPERATOR].post("/blacklist/add", **fields)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert f'value="{fields["phone"]}"' in answer.text


async def test_a_provider_is_paused_and_resumed_and_the_overview_says_so(site_on: Site) -> None:
    admin, viewer = site_on.browsers[Role.ADMIN], site_on.browsers[Role.VIEWER]
    assert "What needs a person Nothing." in await viewer.read("")
    await admin.post("/providers/dummy/pause")
    assert "paused" in await viewer.read("/providers")
    assert "dummy is handed nothing: paused by admin" in await viewer.read("")
    await admin.post("/providers/dummy/resume")
    assert "What needs a person Nothing." in await viewer.read("")
    assert (await admin.post("/providers/nobody/pause")).status_code == 404
    assert "Money left" in await viewer.read("/providers?asked=true")


async def test_a_queued_message_is_taken_back(tmp_path: Path) -> None:
    async with a_site(dummy(tmp_path)) as site:
        answer = await site.service.client.post(
            "/sms",
            json={**HELLO, "phones": PHONE, "delay": 3600},
            headers={**KEY, "Prefer": "return=representation"},
        )
        (row,) = answer.json()["content"]["messages"]
        operator = site.browsers[Role.OPERATOR]
        page = await operator.get(f"/messages/{row['id']}")
        assert "Take it back" in words(page)
        assert "it can still be taken back here" in words(page)
        assert "Take it back" not in await site.browsers[Role.VIEWER].read(f"/messages/{row['id']}")
        await operator.post(f"/messages/{row['id']}/cancel")
        assert "canceled" in await operator.read(f"/messages/{row['id']}")
