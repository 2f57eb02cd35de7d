"""``habar send`` and ``habar call``."""

import signal
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import rich_click as click

from entrypoints.cli.client import (
    KEY_REFUSED,
    NO,
    UNAVAILABLE,
    Client,
    Json,
    Refused,
    connected,
)
from entrypoints.cli.numbers import Number
from entrypoints.cli.output import as_json, print_json, print_line, print_table, status
from entrypoints.cli.waiting import wait_for

_GONE_WELL = frozenset({"queued", "sending", "submitted", "delivered"})
_FOLLOWED = ("status", "provider", "error")
_TERMINATED = 128 + signal.SIGTERM
_UNLEARNT = (
    "What became of every one was not learnt. {} The messages were accepted: do not send them"
    " again, ask with habar messages show."
)
_OPTIONS = (
    click.argument("phones", nargs=-1, required=True, metavar="PHONE..."),
    click.option("--text", required=True, help="What is said; - reads it from standard input."),
    click.option("--force", is_flag=True, help="To phones on the blacklist, too."),
    click.option("--provider", metavar="CODE", help="Who carries it; default SMS_PROVIDER."),
    click.option(
        "--async", "background", is_flag=True, help="Only queue it; it is retried until its ttl."
    ),
    click.option("--send-at", metavar="TIME", help="When, such as 2026-12-01T09:00:00+05:00."),
    click.option("--delay", type=Number(0), metavar="SECONDS", help="Send it so much later."),
    click.option("--ttl", type=Number(0), metavar="SECONDS", help="Not to be sent after so long."),
    click.option("--priority", type=click.Choice(["otp", "transactional", "bulk"])),
    click.option("--sender", help="What the handset shows, where the provider allows it."),
    click.option("--reference", help="Your own name for it; messages list --reference finds it."),
    click.option("--dry-run", is_flag=True, help="Check everything, send nothing."),
    click.option("--wait", is_flag=True, help="Wait until it is known what became of every one."),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@_with_options
@as_json
def send(json_wanted: bool, **wishes: Any) -> None:  # noqa: ANN401, FBT001 - click's way
    """Send a text to one or many phones.

    Exit code 0: every one was taken; 1: not every one, the table says which and why.

    \b
    habar send 77011234567 --text "Hello"
    habar send 77011234567 77070001234 --text "Sale!" --async --priority bulk
    echo "Backup failed" | habar send 77011234567 --text - --wait
    """  # noqa: D301 - click's mark for lines that stay as they are
    _run("/sms", json_wanted=json_wanted, **wishes)


@click.command()
@_with_options
@as_json
def call(json_wanted: bool, **wishes: Any) -> None:  # noqa: ANN401, FBT001 - click's way
    """Call one or many phones and read a text aloud.

    Exit code 0: every call was taken; 1: not every one, the table says which and why.

    \b
    habar call 77011234567 --text "The server room is too hot"
    habar call 77011234567 --text "Your code is 4 8 2 1" --provider twilio --wait
    """  # noqa: D301 - click's mark for lines that stay as they are
    _run("/call", json_wanted=json_wanted, **wishes)


def _run(path: str, *, json_wanted: bool, background: bool, wait: bool, **wishes: Any) -> None:  # noqa: ANN401 - a body's fields
    with connected() as client:
        answer = client.post(path, _body(**wishes), _headers(background=background))
        try:
            if wait and not wishes["dry_run"]:
                _follow(client, answer)
        finally:  # however the waiting ends: the ids are what everything else is asked by
            (print_json if json_wanted else _show)(answer)
    if not answer["status"] or any(row["status"] not in _GONE_WELL for row in _rows(answer)):
        sys.exit(NO)


def _body(*, phones: tuple[str, ...], text: str, **wishes: object) -> Json:
    said = _read_input() if text == "-" else text
    return {"phones": list(phones), "message": said, **wishes}


def _read_input() -> str:
    try:
        return TextIOWrapper(sys.stdin.buffer, encoding="utf-8").read().rstrip("\n")
    except UnicodeDecodeError:
        raise click.UsageError("The text on standard input is not UTF-8.") from None


def _headers(*, background: bool) -> dict[str, str]:
    wanted = ["return=representation", *(["respond-async"] if background else [])]
    return {"Prefer": ", ".join(wanted)}


def _follow(client: Client, answer: Json) -> None:
    """Write into the answer what becomes of its messages in the end."""
    # timeout(1) sets an end to the waiting; what is known by then is printed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    rows = {row["id"]: row for row in _rows(answer) if row["id"] is not None}
    try:
        for message in wait_for(client, rows):
            rows[message["id"]].update({name: message[name] for name in _FOLLOWED})
    except Refused as refusal:
        code = refusal.exit_code if refusal.exit_code == KEY_REFUSED else UNAVAILABLE
        raise Refused(_UNLEARNT.format(refusal.message), code) from None


def _rows(answer: Json) -> list[Json]:
    rows: list[Json] = answer.get("content", {}).get("messages", [])
    return rows


def _show(answer: Json) -> None:
    if message := answer.get("message"):
        print_line(message, "red")
    print_table(
        ["Phone", "Status", "Provider", "Segments", "Message", "Why"],
        [
            (
                row["phone"],
                status(row["status"]),
                row["provider"],
                row["segments"],
                row["id"],
                row["error"] and row["error"]["text"],
            )
            for row in _rows(answer)
        ],
    )
