"""``habar webhooks deliveries`` and ``habar webhooks replay``."""

import rich_click as click

from domain.webhook import DeliveryStatus
from entrypoints.cli.client import connected, segment
from entrypoints.cli.output import as_json, print_json, print_line, print_table, status
from entrypoints.cli.pages import read_pages
from entrypoints.moments import moment

_COLUMNS = ("Event (UTC)", "Type", "Status", "Posts", "Answer", "Why", "Address", "Delivery")


@click.command()
@click.option("--status", "state", type=click.Choice([str(name) for name in DeliveryStatus]))
@click.option("--url", help="The address, exactly.")
@click.option("--message", "message_id", metavar="ID", help="Whose changes.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@as_json
def deliveries(*, state: str | None, limit: int, json_wanted: bool, **wanted: str | None) -> None:
    """List webhooks on their way, arrived and given up, the latest event first.

    \b
    habar webhooks deliveries --status failed
    habar webhooks deliveries --message 01a2084c-4a67-71f9-bce1-b10afb6ab48c
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = read_pages(
            client, "/webhooks/deliveries", "deliveries", limit, status=state, **wanted
        )
    if json_wanted:
        print_json(answer)
        return
    rows = [
        (
            moment(row["created_at"]),
            row["type"],
            status(row["status"]),
            row["attempts"],
            row["answer"],
            row["error"],
            row["url"],
            row["id"],
        )
        for row in answer["content"]["deliveries"]
    ]
    print_table(_COLUMNS, rows)


@click.command()
@click.argument("delivery_id", metavar="[DELIVERY]", required=False)
@click.option("--since", metavar="TIME", help="Every event of this time or later.")
@click.option("--url", help="With --since: only to this address.")
@as_json
def replay(
    *, delivery_id: str | None, since: str | None, url: str | None, json_wanted: bool
) -> None:
    """Post webhooks again: one, or all since a time; their addresses are enabled.

    \b
    habar webhooks replay 01a2084c-4a67-71f9-bce1-b10afb6ab48c
    habar webhooks replay --since 2026-11-23T00:00:00Z
    """  # noqa: D301 - click's mark for lines that stay as they are
    if (delivery_id is None) == (since is None) or (url is not None and since is None):
        raise click.UsageError("Name a DELIVERY, or a time with --since.")
    with connected() as client:
        if delivery_id is not None:
            answer = client.post(f"/webhooks/deliveries/{segment(delivery_id)}/replay")
            count = 1
        else:
            answer = client.post("/webhooks/replay", {"since": since, "url": url})
            count = answer["content"]["deliveries"]
    if json_wanted:
        print_json(answer)
    else:
        print_line(f"{count} to be posted again.")
