"""What became of messages: told by the providers, or asked of them, and told on, each once."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.delivery import (
    CALLBACKS,
    SECRETS,
    WEBHOOK_KEY,
    Caller,
    Listener,
    listening,
    waited,
    webhooks_to,
)
from tests.processes import PROVIDERS, Json, Program, provided, running_gateway, running_simulator
from tests.processes import stored as stored_in

TEXT = "Code 4821"
STOP_REPLY = "Вы отписаны"
_numbers = itertools.count(1)
_folders = itertools.count()
on_sqlite = pytest.mark.parametrize("lasting_target", ["sqlite"], indirect=True, scope="module")
"""What opt-outs do on each database, the contracts show."""


@pytest.fixture(scope="module")
def simulator(folder: Path) -> Iterator[Program]:
    with running_simulator(folder / "simulator", *SECRETS, "--receipt-delay", "0.1") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def lasting_gateway(
    folder: Path, simulator: Program, lasting_target: DatabaseTarget, listener: Listener
) -> Iterator[Program]:
    settings = {
        **provided(simulator.url, **stored_in(lasting_target)),
        **CALLBACKS,
        **webhooks_to(listener),
        # Only what has to be asked about is: the rest is told.
        "RECEIPT_POLL_INTERVAL": "1",
        "LOOKUP_DELAYS": "60",
        "STOP_REPLY": STOP_REPLY,
    }
    with running_gateway(folder / f"gateway-{next(_folders)}", **settings) as gateway:
        yield gateway


@pytest.fixture
def caller(lasting_gateway: Program, simulator: Program) -> Iterator[Caller]:
    with Caller(lasting_gateway, simulator) as caller:
        caller.forget()
        yield caller
        caller.forget()


def new_phone() -> str:
    return f"7701{next(_numbers):07d}"


def send(caller: Caller, phone: str, provider: str, path: str = "/sms", **more: object) -> Json:
    answer = caller.post(path, phones=phone, message=TEXT, provider=provider, **more)
    (row,) = answer["content"]["messages"]
    content: Json = row
    return content


def states(message: Json) -> list[str]:
    """The states a history goes through; only those can be told."""
    skipped = {"accepted", "looked_up"}
    return [line["event"] for line in message["history"] if line["event"] not in skipped]


OUTCOMES = [
    ("smscru", "/sms", 1, 0, "delivered", "1"),
    ("smscru", "/sms", 20, 13, "undeliverable", "20/13"),
    ("smscru", "/sms", 3, 6, "expired", "3/6"),
    ("smscru", "/call", 1, 0, "delivered", "1"),
    ("smscru", "/call", 20, 240, "undeliverable", "20/240"),
    ("twilio", "/sms", "delivered", 0, "delivered", "delivered"),
    ("twilio", "/sms", "undelivered", 30003, "undeliverable", "undelivered/30003"),
    ("twilio", "/call", "completed", 0, "delivered", "completed"),
    ("twilio", "/call", "busy", 0, "undeliverable", "busy"),
    ("twilio", "/call", "no-answer", 0, "undeliverable", "no-answer"),
    ("twilio", "/call", "failed", 0, "undeliverable", "failed"),
    ("mobizonkz", "/sms", "DELIVRD", 0, "delivered", "DELIVRD"),
    ("mobizonkz", "/sms", "UNDELIV", 0, "undeliverable", "UNDELIV"),
    ("epochtasmsru", "/sms", "DELIVERED", 0, "delivered", "DELIVERED"),
    ("epochtasmsru", "/sms", "NOT_DELIVERED", 0, "undeliverable", "NOT_DELIVERED"),
]


@pytest.mark.parametrize("told", ["in_order", "never"])
def test_every_message_ends_as_its_provider_says_and_in_its_words(
    caller: Caller, told: str
) -> None:
    caller.order("receipts", way=told, seconds=0.1)
    sent = []
    for provider, path, status, error_code, expected, word in OUTCOMES:
        phone = new_phone()
        caller.state(provider=provider, phone=phone, status=status, error_code=error_code)
        sent.append((send(caller, phone, provider, path)["id"], expected, word))
    for message_id, expected, word in sent:
        message = caller.wait_for(message_id, expected)
        last = message["history"][-1]
        assert (last["event"], last["provider_code"]) == (expected, word)
        assert max(Counter(states(message)).values()) == 1, message
        failure = message["error"] and message["error"]["provider_code"]
        assert failure == (None if expected == "delivered" else word)
    assert bool(caller.callbacks()) == (told == "in_order")
    assert {posted["http_status"] for posted in caller.callbacks()} <= {200, 204}


@pytest.mark.parametrize("way", ["late", "twice", "reversed", "before_the_answer"])
def test_in_whatever_order_it_is_told_the_end_is_the_same(caller: Caller, way: str) -> None:
    caller.order("receipts", way=way, seconds=0.3)
    routes = [(p, "/sms") for p in ("smscru", "twilio", "mobizonkz")]
    routes += [("smscru", "/call"), ("twilio", "/call")]
    ids = [send(caller, new_phone(), provider, path)["id"] for provider, path in routes]
    caller.all_told()
    for message_id in ids:
        message = caller.wait_for(message_id, "delivered")
        assert states(message)[-1] == "delivered"
        assert max(Counter(states(message)).values()) == 1, message
    assert {posted["http_status"] for posted in caller.callbacks()} <= {200, 204}


def test_receipts_before_the_answer_find_their_messages(caller: Caller) -> None:
    caller.order("receipts", way="before_the_answer")
    phones = [new_phone() for _ in range(200)]
    caller.post("/sms", phones=phones, message="Hi", provider="smscru", reference=phones[0])

    def delivered() -> list[Json]:
        return caller.messages(reference=phones[0], status="delivered", limit="200")

    waited(lambda: len(delivered()) == len(phones), timeout_s=60)
    for row in delivered()[::10]:
        message = caller.message(row["id"])
        assert max(Counter(states(message)).values()) == 1, message
    assert len(caller.callbacks()) == 2 * len(phones)


@pytest.mark.parametrize("provider", ["smscru", "twilio"])
def test_a_receipt_says_what_the_lost_answer_would_have(caller: Caller, provider: str) -> None:
    caller.fault(provider=provider, fault="accept_then_drop", times=1)
    row = send(caller, new_phone(), provider)
    message = caller.wait_for(row["id"], "delivered")
    assert len(caller.sent(provider=provider)) == 1
    assert states(message)[-1] == "delivered"


def test_what_was_undeliverable_may_arrive_after_all(caller: Caller) -> None:
    phone = new_phone()
    caller.state(provider="smscru", phone=phone, status=20, error_code=6)
    message_id = send(caller, phone, "smscru")["id"]
    caller.wait_for(message_id, "undeliverable")
    caller.state(provider="smscru", phone=phone, status=1)
    caller.tell_again(phone=phone)
    after = caller.wait_for(message_id, "delivered")
    assert states(after) == ["submitted", "undeliverable", "delivered"]
    caller.state(provider="smscru", phone=phone, status=20, error_code=6)
    caller.tell_again(phone=phone)
    caller.all_told()
    assert caller.message(message_id)["history"] == after["history"]


@on_sqlite
@pytest.mark.parametrize(
    ("provider", "text"),
    [
        ("smscru", "Стоп"),
        ("smscru", "STOP ALL"),
        ("twilio", "тоқтату"),
        ("twilio", "Stop. Thank you"),
    ],
)
def test_who_says_stop_gets_nothing_more_until_start(
    caller: Caller, provider: str, text: str
) -> None:
    phone = new_phone()
    assert caller.write(provider, phone, text, times=2) in ([200, 200], [204, 204])
    assert blocked(caller, phone, provider)
    assert caller.get("/blacklist", phone=phone)["content"]["blacklist"]["phone"] == phone
    caller.write(provider, phone, "START")
    assert not blocked(caller, phone, provider)
    assert send(caller, phone, provider)["status"] == "submitted"


@on_sqlite
@pytest.mark.parametrize("text", ["don't stop", "stopwatch", "Спасибо"])
def test_who_says_something_else_goes_on_getting_messages(caller: Caller, text: str) -> None:
    phone = new_phone()
    caller.write("twilio", phone, text)
    assert send(caller, phone, "twilio")["status"] == "submitted"


@on_sqlite
def test_an_opt_out_is_confirmed_once_although_it_is_on_the_blacklist(caller: Caller) -> None:
    phone = new_phone()
    caller.write("smscru", phone, "стоп", times=2)
    assert blocked(caller, phone, "smscru")
    confirm_another(caller, "smscru")
    assert [sent["text"] for sent in caller.sent(phone=phone)] == [STOP_REPLY]


@on_sqlite
def test_twilio_confirms_its_own_words_itself(caller: Caller) -> None:
    phone = new_phone()
    caller.write("twilio", phone, "STOP")
    assert blocked(caller, phone, "twilio")
    confirm_another(caller, "twilio")
    assert caller.sent(phone=phone) == []


def confirm_another(caller: Caller, provider: str) -> None:
    """Wait until a later opt-out has been confirmed: whatever was to be sent before it has been."""
    phone = new_phone()
    caller.write(provider, phone, "тоқтату")
    waited(lambda: caller.messages(phone=phone, status="delivered"))


@on_sqlite
def test_a_refusal_that_means_opted_out_is_heeded(caller: Caller) -> None:
    phone = new_phone()
    caller.order("opt-outs", phone=phone)
    assert send(caller, phone, "twilio")["status"] == "rejected"
    sends = caller.traffic("twilio")["send"]
    waited(lambda: blocked(caller, phone, "twilio"))
    assert caller.traffic("twilio")["send"] == sends
    assert send(caller, phone, "smscru")["status"] == "submitted"


def blocked(caller: Caller, phone: str, provider: str) -> bool:
    return not caller.post("/sms", phones=phone, message="Hi", provider=provider, dry_run=True)[
        "status"
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_change_is_told_once(caller: Caller, listener: Listener, provider: str) -> None:
    caller.order("receipts", way="twice", seconds=0.1)
    message_id = send(caller, new_phone(), provider)["id"]
    message = caller.wait_for(message_id, "delivered")
    expected = [f"message.{state}" for state in states(message)]
    waited(lambda: len(listener.about(message_id)) >= len(expected))
    caller.all_told()
    marker = send(caller, new_phone(), "smscru")["id"]
    waited(lambda: listener.about(marker))
    told = listener.about(message_id)
    assert sorted(item.type for item in told) == sorted(expected)
    assert len({item.id for item in told}) == len(told)
    last = next(item for item in told if item.type == "message.delivered")
    assert (last.data["status"], last.data["provider"]) == ("delivered", provider)
    assert not [item for item in told if TEXT in item.body]
    assert listener.problems == []


def test_what_a_subscriber_wrote_is_told_once(caller: Caller, listener: Listener) -> None:
    phone = new_phone()
    caller.write("twilio", phone, "Когда доставка?", times=3, id=f"SM{next(_numbers):032x}")

    def told() -> list[str]:
        return [item.id for item in tuple(listener.told) if item.data.get("phone") == phone]

    waited(told)
    caller.write("twilio", phone, "Спасибо")
    waited(lambda: len(told()) > 1)
    assert (len(told()), len(set(told()))) == (2, 2)
    assert listener.problems == []


def test_what_is_forged_changes_nothing(caller: Caller) -> None:
    caller.order("receipts", way="never")
    row = send(caller, new_phone(), "smscru")
    (sent,) = caller.sent(reference=f"h{row['id'].replace('-', '')}")
    fields = f"id={sent['provider_id']}&phone={row['phone']}&status=20&md5={'0' * 32}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for provider in ("smscru", "twilio"):
        path = f"/callbacks/{provider}/receipt"
        assert caller.tell(path, fields.encode(), **form) == 403
        assert caller.tell(path, b"x" * 1_000_000, **form) == 413
    assert caller.tell("/callbacks/mobizonkz/receipt", b"{") == 400
    assert caller.tell("/callbacks/nobody/receipt", b"{}") == 404
    assert caller.message(row["id"])["status"] == "submitted"


def test_the_log_says_nothing_of_what_was_told(caller: Caller, lasting_gateway: Program) -> None:
    phone, text = new_phone(), "Перезвоните мне вечером"
    caller.wait_for(send(caller, phone, "twilio")["id"], "delivered")
    for provider in ("smscru", "twilio"):
        caller.write(provider, phone, text)
        caller.tell(f"/callbacks/{provider}/inbound", f"phone={phone}&mes={text}".encode())
    output = lasting_gateway.output
    assert "callback" in output
    hidden = [phone, text, TEXT, CALLBACKS["SMSCRU_CALLBACK_SECRET"], WEBHOOK_KEY]
    assert [what for what in hidden if what in output] == []
