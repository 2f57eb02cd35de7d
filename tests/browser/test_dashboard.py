"""The pages, clicked through as a person would."""

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, check_access
from tests.processes import Program

PHONE = "77011234567"
RIGHT_TO_LEFT = "שלום <script>alert(1)</script>"
PAGES = ["", "/messages", "/send", "/blacklist", "/providers", "/audit", "/nothing"]


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
