"""``habar messages``."""

import rich_click as click

from domain.message import MessageStatus
from entrypoints.cli.client import (
    KEY_REFUSED,
    Json,
    Refused,
    connected,
    is_keyless_neighbour,
    segment,
)
from entrypoints.cli.output import as_json, print_json, print_line, print_table, status
from entrypoints.cli.pages import read_pages
from entrypoints.moments import moment
from entrypoints.story import Line, tell

_COLUMNS = ("Accepted (UTC)", "Phone", "Status", "Provider", "Reference", "Message")


@click.group()
def messages() -> None:
    """Find messages, see what became of them, take them back."""


@messages.command("list")
@click.option("--phone", help="Of the recipient, however written.")
@click.option("--status", "state", type=click.Choice([str(name) for name in MessageStatus]))
@click.option("--provider", metavar="CODE")
@click.option("--reference", help="The caller's own name, exactly.")
@click.option("--since", metavar="TIME", help="Accepted then or later, 2026-11-23T00:00:00Z.")
@click.option("--until", metavar="TIME", help="Accepted before.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@as_json
def list_(*, state: str | None, limit: int, json_wanted: bool, **wanted: str | None) -> None:
    """List messages, the latest first.

    \b
    habar messages list --phone 77011234567
    habar messages list --status unknown --since 2026-11-23T00:00:00Z --limit 1000
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = read_pages(client, "/messages", "messages", limit, status=state, **wanted)
    if json_wanted:
        print_json(answer)
    else:
        print_table(_COLUMNS, [_row(message) for message in answer["content"]["messages"]])


@messages.command()
@click.argument("message_id", metavar="ID")
@as_json
def show(*, message_id: str, json_wanted: bool) -> None:
    """Tell the whole story of a message in plain words, oldest first.

    \b
    habar messages show 01a2084c-4a67-71f9-bce1-b10afb6ab48c

    Where HABAR_API_KEY is not set and this machine's gateway wants a key, it is read from the
    database of the settings.
    """  # noqa: D301 - click's mark for lines that stay as they are
    answer = _found(message_id)
    if json_wanted:
        print_json(answer)
    else:
        _print_story(answer["content"])


@messages.command()
@click.argument("message_id", metavar="ID")
@as_json
def cancel(*, message_id: str, json_wanted: bool) -> None:
    """Take a message back that has not left; exit code 1 when it has.

    \b
    habar messages cancel 01a2084c-4a67-71f9-bce1-b10afb6ab48c
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = client.post(f"/messages/{segment(message_id)}/cancel")
    if json_wanted:
        print_json(answer)
    else:
        print_line("It is canceled and will not be sent.")


def _found(message_id: str) -> Json:
    try:
        with connected() as client:
            return client.get(f"/messages/{segment(message_id)}")
    except Refused as error:
        if error.exit_code != KEY_REFUSED or not is_keyless_neighbour():
            raise
    # Loaded here: the other commands start without a database.
    from entrypoints.cli.stored import stored_message  # noqa: PLC0415

    return stored_message(message_id)


def _row(message: Json) -> tuple[object, ...]:
    return (
        moment(message["created_at"]),
        message["phone"],
        status(message["status"]),
        message["provider"],
        message["reference"],
        message["id"],
    )


def _print_story(content: Json) -> None:
    story = tell({**content["message"], "asked_by": content.get("asked_by")})
    print_line(story.title, "bold")
    for line in (Line("", ""), *story.lines, Line("", "")):
        print_line(f"{line.at:<21}{line.text}".rstrip())
    print_line(story.advice)
