"""The commands, as people and scripts run them, against a gateway that sends nothing."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Program, running_gateway
from tests.terminal import PATIENCE_S, Terminal

PHONE = "77011234567"
OTHER = "77070001234"
KEY = "a-key-of-this-test-which-is-long-enough-0123456789"


@pytest.fixture(scope="module")
def dummy_gateway(folder: Path) -> Iterator[Program]:
    with running_gateway(folder / "cli", SMS_DUMMY="true") as gateway:
        yield gateway


@pytest.fixture
def terminal(dummy_gateway: Program, tmp_path: Path) -> Terminal:
    return Terminal(dummy_gateway.url, tmp_path)


def test_a_text_is_sent_and_its_story_told(terminal: Terminal) -> None:
    answer = terminal.json("send", PHONE, OTHER, "--text", "Hello", "--reference", "story")
    rows = answer["content"]["messages"]
    assert [(row["phone"], row["status"]) for row in rows] == [
        (PHONE, "delivered"),
        (OTHER, "delivered"),
    ]
    story = terminal.run("messages", "show", rows[0]["id"])
    assert story.code == 0
    assert f"SMS to {PHONE} (1 segment, gsm-7): delivered" in story.words
    assert "Accepted and written to disk" in story.words
    assert "Handed to dummy, which took it" in story.words
    assert "dummy says that it arrived." in story.words
    shown = terminal.json("messages", "show", rows[0]["id"])["content"]["message"]
    assert (shown["reference"], shown["status"]) == ("story", "delivered")
    found = terminal.json("messages", "list", "--reference", "story")["content"]["messages"]
    assert {row["id"] for row in found} == {row["id"] for row in rows}
    assert terminal.run("messages", "list", "--reference", "story").words.count(PHONE) == 1


def test_a_text_may_come_from_standard_input(terminal: Terminal) -> None:
    sent = terminal.run("send", PHONE, "--text", "-", "--dry-run", "--json", said="x" * 161 + "\n")
    (row,) = sent.json["content"]["messages"]
    assert (sent.code, row["segments"], row["id"]) == (0, 2, None)


def test_a_call_is_placed_and_waited_for(terminal: Terminal) -> None:
    placed = terminal.run("call", PHONE, "--text", "Hello", "--async", "--wait", "--json")
    (row,) = placed.json["content"]["messages"]
    assert (placed.code, row["status"]) == (0, "delivered")


def test_what_is_sent_later_can_be_taken_back_once(terminal: Terminal) -> None:
    (row,) = terminal.json("send", PHONE, "--text", "Later", "--delay", "3600")["content"][
        "messages"
    ]
    story = terminal.run("messages", "show", row["id"])
    assert f"habar messages cancel {row['id']} stops it." in story.words
    assert terminal.run("messages", "cancel", row["id"]).code == 0
    assert "will not be sent" in terminal.run("messages", "show", row["id"]).words
    (sent,) = terminal.json("send", PHONE, "--text", "Now")["content"]["messages"]
    refused = terminal.json("messages", "cancel", sent["id"], code=1)
    assert refused["status_code"] == "not_cancelable"
    assert "is delivered" in terminal.run("messages", "cancel", sent["id"]).words


def test_nobody_on_the_blacklist_is_sent_to_unless_forced(terminal: Terminal) -> None:
    phone = "77012223344"
    assert terminal.run("blacklist", "check", phone).code == 0
    assert terminal.run("blacklist", "add", phone, "--reason", "by mail").code == 0
    checked = terminal.run("blacklist", "check", phone)
    assert checked.code == 1
    assert "is on the blacklist since" in checked.words
    assert terminal.json("send", phone, "--text", "Hi", code=1)["status_code"] == "blacklisted"
    assert terminal.run("send", phone, "--text", "Hi", "--force").code == 0
    (entry,) = terminal.json("blacklist", "list", "--phone", phone)["content"]["entries"]
    assert (entry["phone"], entry["reason"]) == (phone, "by mail")
    assert terminal.json("blacklist", "remove", phone) == {"status": True}
    assert terminal.json("blacklist", "check", phone)["status_code"] == "not_blacklisted"


def test_one_list_is_imported_and_exported(terminal: Terminal) -> None:
    lines = [f"7705{number:07d},asked" for number in range(3_000)]
    (terminal.folder / "in.csv").write_text("\n".join(["phone,reason", *lines]))
    dry = terminal.json("blacklist", "import", "in.csv", "--dry-run")["content"]
    done = terminal.json("blacklist", "import", "in.csv")["content"]
    assert (dry["added"], done["added"], done["bad"]) == (3_000, 3_000, 0)
    written = terminal.json("blacklist", "export", "out.csv")["content"]
    listed = (terminal.folder / "out.csv").read_bytes()
    assert written["bytes"] == len(listed)
    assert sum(line.startswith(b"7705") for line in listed.splitlines()) == 3_000
    ndjson = terminal.run("blacklist", "export", "-", "--format", "ndjson").out
    assert (
        sum(json.loads(line)["phone"].startswith("7705") for line in ndjson.splitlines()) == 3_000
    )
    assert len(terminal.json("blacklist", "list", "--limit", "1500")["content"]["entries"]) == 1_500


def test_a_list_with_bad_lines_is_refused_and_each_is_named(terminal: Terminal) -> None:
    (terminal.folder / "bad.csv").write_text("phone\n77059999999\nnobody\n")
    refused = terminal.run("blacklist", "import", "bad.csv")
    assert refused.code == 1
    assert "3" in refused.words
    assert terminal.run("blacklist", "check", "77059999999").code == 0
    assert terminal.run("blacklist", "import", "nowhere.csv").code == 2


def test_a_provider_is_taken_out_of_service_and_back(terminal: Terminal) -> None:
    codes = [row["code"] for row in terminal.json("providers", "list")["content"]["providers"]]
    assert "dummy" in codes
    paused = terminal.json("providers", "pause", "mobizonkz", "--for", "600")
    assert paused["content"]["provider"]["state"] == "paused"
    refused = terminal.run("send", PHONE, "--text", "Hi", "--provider", "mobizonkz")
    assert refused.code == 1
    assert "The provider is paused here; nothing was sent." in refused.words
    assert "paused by" in terminal.run("providers", "list").words
    (row,) = terminal.json("send", PHONE, "--text", "Hi", "--provider", "mobizonkz", "--async")[
        "content"
    ]["messages"]
    assert terminal.run("providers", "resume", "mobizonkz").code == 0
    deadline = time.monotonic() + PATIENCE_S
    while (
        terminal.json("messages", "show", row["id"])["content"]["message"]["status"] != "delivered"
    ):
        assert time.monotonic() < deadline


def test_providers_are_checked_by_their_balance(terminal: Terminal) -> None:
    checked = terminal.json("providers", "check", "smscru")["content"]["providers"]
    assert [row["balance"]["amount"] for row in checked] == ["0"]
    assert terminal.run("providers", "check").code == 0
    assert terminal.run("providers", "check", "nobody").code == 1
    assert terminal.run("providers", "pause", "../../sms").code == 1


def test_deliveries_of_webhooks_are_listed_and_replayed(terminal: Terminal) -> None:
    assert terminal.json("webhooks", "deliveries")["content"]["deliveries"] == []
    none = terminal.json("webhooks", "replay", "--since", "2026-01-01T00:00:00Z")
    assert none["content"]["deliveries"] == 0
    missing = terminal.json("webhooks", "replay", "01a2084c-4a67-71f9-bce1-b10afb6ab48c", code=1)
    assert missing["status_code"] == "delivery_not_found"
    assert terminal.run("webhooks", "replay").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("send",),
        ("send", PHONE),
        ("send", PHONE, "--text", "Hi", "--priority", "soon"),
        ("messages", "list", "--status", "gone"),
        ("messages", "show"),
        ("nonsense",),
    ],
)
def test_a_command_that_cannot_be_meant_is_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.run(*words).code == 2


def test_every_bad_phone_is_named(terminal: Terminal) -> None:
    refused = terminal.run("send", "123", PHONE, "nobody", "--text", "Hi")
    assert refused.code == 1
    assert "phones[0]" in refused.words
    assert "phones[2]" in refused.words
    answer = terminal.json("send", "123", "--text", "Hi", code=1)
    assert answer["status_code"] == "invalid_phone"


def test_where_nobody_answers_is_69(terminal: Terminal) -> None:
    away = terminal.run("messages", "list", HABAR_URL="http://127.0.0.1:1")
    assert away.code == 69
    assert "Nobody answers at http://127.0.0.1:1" in away.words


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://", "x"])
def test_an_address_that_is_none_is_78(terminal: Terminal, url: str) -> None:
    wrong = terminal.run("messages", "list", HABAR_URL=url)
    assert wrong.code == 78
    assert "HABAR_URL is not an address" in wrong.words


@pytest.mark.parametrize("key", ["ключ", "a\nb"])
def test_a_key_that_cannot_be_one_is_78(terminal: Terminal, key: str) -> None:
    assert terminal.run("messages", "list", HABAR_API_KEY=key).code == 78


def test_a_key_opens_and_a_wrong_one_is_77(folder: Path, tmp_path: Path) -> None:
    with running_gateway(folder / "keyed", SMS_DUMMY="true", API_KEYS=KEY) as gateway:
        terminal = Terminal(gateway.url, tmp_path)
        assert terminal.run("messages", "list", HABAR_API_KEY=KEY).code == 0
        refused = terminal.run("messages", "list", HABAR_API_KEY="wrong")
        sent = terminal.run("send", PHONE, "--text", "Hi", "--json", HABAR_API_KEY=KEY)
        (row,) = sent.json["content"]["messages"]
        story = terminal.run("messages", "show", row["id"], HABAR_API_KEY=KEY)
        assert "asked for by a key of API_KEYS" in story.words
        assert refused.code == 77
        assert "wrong" not in refused.words


@pytest.mark.parametrize(
    "words",
    [
        ("send",),
        ("call",),
        ("blacklist", "import"),
        ("messages", "show"),
        ("providers", "pause"),
        ("webhooks", "replay"),
    ],
)
def test_help_has_examples(terminal: Terminal, words: tuple[str, ...]) -> None:
    told = terminal.run(*words, "--help")
    assert told.code == 0
    assert f"habar {' '.join(words)} " in told.words.replace("Usage: habar", "")


def test_a_shell_completes_commands(terminal: Terminal) -> None:
    script = terminal.run(_HABAR_COMPLETE="bash_source")
    assert script.code == 0
    assert "_HABAR_COMPLETE=bash_complete" in script.out
    offered = terminal.run(
        _HABAR_COMPLETE="bash_complete", COMP_WORDS="habar bl", COMP_CWORD="1"
    ).out
    assert "blacklist" in offered
