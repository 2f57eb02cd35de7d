"""The pages, clicked through as a person would."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, check_access
from tests.processes import HABAR, Client, Json, Program, provided, running_gateway

PHONE = "77011234567"
RIGHT_TO_LEFT = "שלום <script>alert(1)</script>"
PAGES = [
    "",
    "/messages",
    "/send",
    "/blacklist",
    "/blacklist/import",
    "/providers",
    "/webhooks",
    "/keys",
    "/audit",
    "/nothing",
]


def open_page(page: Page, gateway: Program, address: str = "") -> None:
    page.goto(f"{gateway.url}/dashboard{address}")


def send(page: Page, gateway: Program, phone: str = PHONE, text: str = "Hello, world!") -> None:
    open_page(page, gateway, "/send")
    page.get_by_label("To", exact=True).fill(phone)
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(
    chromium: Browser, gateway: Program, address: str, scheme: str
) -> None:
    with chromium.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type] # a literal
        page = context.new_page()
        open_page(page, gateway, address)
        check_access(page)


@pytest.mark.parametrize("address", PAGES)
def test_no_page_is_wider_than_a_phone(chromium: Browser, gateway: Program, address: str) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        open_page(page, gateway, address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_message_is_sent_and_seen_to_arrive_without_a_reload(
    page: Page, gateway: Program
) -> None:
    send(page, gateway)
    expect(page).to_have_title(f"SMS to {PHONE} (1 segment, gsm-7): submitted · Habar")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"SMS to {PHONE} (1 segment, gsm-7): delivered", timeout=60_000
    )
    expect(page.locator(".line li").last).to_contain_text("smscru says that it arrived")
    check_access(page)


def test_what_makes_a_text_long_is_shown_while_it_is_typed(page: Page, gateway: Program) -> None:
    open_page(page, gateway, "/send")
    page.get_by_label("Text").press_sequentially("Code 4821 — yours")
    expect(page.locator("#count mark")).to_have_text("—")
    expect(page.locator("#count")).to_contain_text("UCS-2, 1 segment, 53 characters left")
    check_access(page)


def test_a_phone_alone_leads_to_the_reason_in_two_clicks(page: Page, gateway: Program) -> None:
    open_page(page, gateway, "/blacklist")
    page.get_by_text("Add a number").click()
    page.get_by_label("Number", exact=True).fill("77019998877")
    page.get_by_label("Reason").fill("asked by mail")
    page.get_by_role("button", name="Add").click()
    send(page, gateway, "77019998877")
    open_page(page, gateway)
    page.get_by_role("searchbox").fill("+7 701 999 88 77")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tbody tr")).to_contain_text("The phone is on the blacklist")
    page.get_by_role("link", name="77019998877").click()
    expect(page.locator(".advice")).to_contain_text("It is on the blacklist")
    page.get_by_role("link", name="Why is this number on the blacklist?").click()
    expect(page.locator("tbody tr")).to_contain_text("asked by mail")
    page.get_by_role("button", name="Remove 77019998877").click()
    expect(page.get_by_text("77019998877")).to_have_count(0)


def test_what_strangers_write_is_shown_and_never_run(page: Page, gateway: Program) -> None:
    answer = httpx.post(
        f"{gateway.url}/sms",
        json={"phones": PHONE, "message": RIGHT_TO_LEFT, "reference": RIGHT_TO_LEFT},
    )
    assert answer.status_code == 200
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_page(page, gateway, "/messages")
    expect(page.locator("tbody tr").first).to_contain_text(RIGHT_TO_LEFT)
    page.locator("tbody tr a").first.click()
    expect(page.locator(".line")).to_contain_text("<script>alert(1)</script>")


def test_ten_thousand_numbers_are_checked_and_imported(
    page: Page, gateway: Program, tmp_path: Path
) -> None:
    lines = [f"7707{number:07},asked by mail" for number in range(10_000)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["phone,reason", "123,bad", *lines]), encoding="utf-8")
    open_page(page, gateway, "/blacklist/import")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_role("alert")).to_contain_text("1 of 10001 lines are no entries")
    expect(page.locator("tbody")).to_contain_text("line 2")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Import the good lines").check()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("10000 added", timeout=60_000)
    check_access(page)


def test_the_overview_draws_what_was_sent(page: Page, gateway: Program) -> None:
    send(page, gateway, "77018887766")
    open_page(page, gateway)
    expect(page.locator("#chart canvas")).to_be_visible()
    expect(page.locator("#live")).to_contain_text(re.compile("[1-9][0-9]* sent"), timeout=30_000)
    expect(page.locator("#rest")).to_contain_text("smscru default")
    page.get_by_role("link", name="week").click()
    expect(page.locator("#chart canvas")).to_be_visible()
    check_access(page)


def test_a_key_is_shown_once(page: Page, guarded: Program) -> None:
    open_page(page, guarded, "/keys")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Make a key").click()
    page.get_by_label("Name").fill("shop")
    page.get_by_label("send").check()
    page.get_by_role("button", name="Make it").click()
    key = page.locator("code.once").inner_text()
    assert key.startswith("hbr_")
    answer = httpx.get(f"{guarded.url}/messages", headers={"X-API-Key": key})
    assert "scope read" in answer.json()["message"]
    check_access(page)
    open_page(page, guarded, "/keys")
    expect(page.get_by_text(key)).to_have_count(0)
    page.get_by_role("button", name="Revoke shop").click()
    expect(page.get_by_role("row", name="shop")).to_contain_text("revoked")


def test_going_back_and_sending_again_sends_nothing_new(page: Page, gateway: Program) -> None:
    send(page, gateway, "77015554433")
    expect(page.get_by_role("heading", level=1)).to_contain_text("77015554433")
    first = page.url
    page.go_back()
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/messages/**")
    assert page.url == first


def test_a_provider_is_paused_and_resumed(page: Page, gateway: Program) -> None:
    open_page(page, gateway, "/providers")
    page.get_by_role("button", name="Pause twilio").click()
    expect(page.get_by_role("row", name="twilio")).to_contain_text("paused")
    open_page(page, gateway)
    expect(page.locator("#live")).to_contain_text("twilio is handed nothing")
    open_page(page, gateway, "/providers")
    page.get_by_role("button", name="Resume twilio").click()
    expect(page.get_by_role("row", name="twilio")).to_contain_text("ok")


def test_pages_are_read_and_forms_sent_without_javascript(
    chromium: Browser, gateway: Program
) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        send(page, gateway, "77016667788")
        expect(page.get_by_role("heading", level=1)).to_contain_text("SMS to 77016667788")
        for address in PAGES:
            open_page(page, gateway, address)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_a_keyboard_gets_everywhere(page: Page, gateway: Program) -> None:
    open_page(page, gateway)
    page.keyboard.press("Tab")
    expect(page.get_by_text("To the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(PHONE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/messages?find=*")


def test_what_has_the_focus_keeps_it_while_the_page_renews_itself(
    page: Page, gateway: Program
) -> None:
    send(page, gateway, "77013332211")
    open_page(page, gateway, "/messages?find=77013332211")
    link = page.get_by_role("link", name="77013332211")
    link.focus()
    with page.expect_response("**/dashboard/messages?find=77013332211"):
        pass
    page.wait_for_timeout(300)
    expect(link).to_be_focused()


def test_signing_in_and_out_and_what_another_tab_sees(page: Page, guarded: Program) -> None:
    open_page(page, guarded, "/messages?find=7701")
    check_access(page)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Nobody has this name and this password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard/messages?find=7701")
    other = page.context.new_page()
    open_page(other, guarded)
    expect(other.locator("header")).to_contain_text("admin, admin")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/dashboard/sign-in")
    # The first tab renews itself, and is led to where it may sign in and come back.
    page.wait_for_url("**/dashboard/sign-in?back=%2Fdashboard%2Fmessages%3Ffind%3D7701")


def test_a_session_that_is_over_leads_to_the_sign_in(page: Page, guarded: Program) -> None:
    open_page(page, guarded)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    subprocess.run(  # noqa: S603 - our own words
        [HABAR, "users", "password", "admin", "--password-stdin"],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(guarded.folder / "data")},
        input="another of four words",
        text=True,
        check=True,
        capture_output=True,
    )
    page.wait_for_url("**/dashboard/sign-in")


def _refused(provider: Client) -> Json:
    provider.fault(provider="smscru", fault="refuse", code=7, times=1)
    return provider.post("/sms", phones="77021000001", message="Hi", provider="smscru")


def _without_money(provider: Client) -> Json:
    provider.fault(provider="smscru", fault="refuse", code=3, times=1)
    return provider.post("/sms", phones="77021000002", message="Hi", provider="smscru")


def _held(provider: Client) -> Json:
    provider.fault(provider="twilio", fault="drop", times=1)
    answer = provider.post("/sms", phones="77021000003", message="Hi", provider="twilio")
    message_id = answer["content"]["messages"][0]["id"]
    while provider.message(message_id)["history"][-1]["event"] != "held":
        pass
    return answer


def _expired(provider: Client) -> Json:
    provider.send("/providers/mobizonkz/pause", {})
    rows = provider.queue(phones="77021000004", message="Hi", provider="mobizonkz", ttl=1)
    provider.wait_for(rows[0]["id"], "expired")
    provider.send("/providers/mobizonkz/resume", {})
    return {"content": {"messages": rows}}


def _delivered(provider: Client) -> Json:
    answer = provider.post("/sms", phones="77021000005", message="Hi", provider="twilio")
    provider.wait_for(answer["content"]["messages"][0]["id"], "delivered", timeout_s=60)
    return answer


@pytest.mark.parametrize(
    ("make", "status", "why", "advice"),
    [
        (_refused, "rejected", "which refused it for good", "Check the number"),
        (_without_money, "failed", "not enough money", "Fill the account at the provider"),
        (_held, "unknown", "nobody knows whether it took it", "nobody asks any more"),
        (_expired, "expired", "Not sent any more", "send it again if it is still worth it"),
        (_delivered, "delivered", "says that it arrived", "nothing is left to do"),
    ],
    ids=["refused", "no money", "held", "expired", "delivered"],
)
def test_every_reason_is_two_clicks_from_the_phone(  # noqa: PLR0913, PLR0917 - a table's columns
    page: Page,
    gateway: Program,
    provider: Client,
    make: Callable[[Client], Json],
    status: str,
    why: str,
    advice: str,
) -> None:
    phone = make(provider)["content"]["messages"][0]["phone"]
    open_page(page, gateway)
    page.get_by_role("searchbox").fill(phone)
    page.get_by_role("button", name="Find").click()
    row = page.locator("tbody tr").first
    expect(row).to_contain_text(status)
    row.get_by_role("link").click()
    expect(page.locator(".line")).to_contain_text(why)
    expect(page.locator(".advice")).to_contain_text(advice)
    provider.send("/providers/smscru/resume", {})


def test_a_message_that_waits_is_taken_back(page: Page, gateway: Program, provider: Client) -> None:
    (row,) = provider.queue(phones="77021000006", message="Hi", delay=3600)
    open_page(page, gateway, f"/messages/{row['id']}")
    expect(page.locator(".advice")).to_contain_text("it can still be taken back here")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("canceled")


def test_the_audit_log_is_looked_through(page: Page, gateway: Program, provider: Client) -> None:
    provider.post("/blacklist", phone="77021000007")
    open_page(page, gateway, "/audit")
    page.get_by_label("What").select_option("blacklist.added")
    page.get_by_label("To", exact=True).fill("77021000007")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("77021000007")


def test_webhooks_are_tried_and_told_again(page: Page, simulator: Program, folder: Path) -> None:
    """The simulator answers 404 to whatever it does not know: an address that does not listen."""
    settings = provided(
        simulator.url,
        WEBHOOK_URLS=f"{simulator.url}/nobody-listens",
        WEBHOOK_SECRETS="whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
        WEBHOOK_ALLOW_PRIVATE="true",
    )
    with running_gateway(folder / "told", **settings) as gateway:
        with Client(gateway, simulator) as client:
            client.post("/sms", phones="77021000008", message="Hi", provider="twilio")
        open_page(page, gateway, "/webhooks")
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("status")).to_contain_text("answered 404 Not Found")
        open_page(page, gateway, "/webhooks")
        row = page.locator("tbody tr", has_text="message.submitted")
        expect(row).to_contain_text("answered 404", timeout=20_000)
        row.get_by_role("button", name="Tell again").click()
        expect(row).to_contain_text("pending")
        check_access(page)


PICTURES = {
    "overview": "",
    "messages": "/messages",
    "send": "/send",
    "blacklist": "/blacklist",
}


def test_pictures_of_the_pages(
    chromium: Browser, gateway: Program, provider: Client, pictures: Path
) -> None:
    story = provider.post("/sms", phones=PHONE, message="Your code is 4821", reference="order-17")
    message_id = story["content"]["messages"][0]["id"]
    provider.wait_for(message_id, "delivered", timeout_s=60)
    with chromium.new_context(viewport={"width": 1100, "height": 760}) as context:
        page = context.new_page()
        open_page(page, gateway)
        expect(page.locator("#live")).to_contain_text(
            re.compile("[1-9][0-9]* delivered"), timeout=60_000
        )
        for name, address in {**PICTURES, "message": f"/messages/{message_id}"}.items():
            open_page(page, gateway, address)
            page.wait_for_load_state("networkidle")
            path = pictures / f"{name}.png"
            page.screenshot(path=path)
            assert 5_000 < path.stat().st_size < 200_000
