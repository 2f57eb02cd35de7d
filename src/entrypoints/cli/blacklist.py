"""``habar blacklist``."""

import sys
from pathlib import Path

import rich_click as click

from domain.blacklist import BlacklistSource
from entrypoints.cli.blacklist_lists import export_list, import_list
from entrypoints.cli.client import NO, Refused, connected
from entrypoints.cli.output import as_json, print_json, print_line, print_table
from entrypoints.cli.pages import read_pages
from entrypoints.moments import moment

_COLUMNS = ("Phone", "Since (UTC)", "Source", "Reason", "Note", "Until (UTC)")
_FORMATS = click.Choice(["csv", "ndjson"])
_ON_IT = "not_blacklisted"


@click.group()
def blacklist() -> None:
    """Say whom nothing is sent to."""


@blacklist.command()
@click.argument("phones", nargs=-1, required=True, metavar="PHONE...")
@click.option("--reason", help="Why, in one line.")
@click.option("--note", help="Whatever else is to be known.")
@click.option("--expires-at", metavar="TIME", help="Until when, such as 2027-01-01T00:00:00Z.")
@as_json
def add(*, phones: tuple[str, ...], json_wanted: bool, **known: str | None) -> None:
    """Put phones on the blacklist; one already there keeps its date.

    \b
    habar blacklist add 77011234567 --reason "asked by mail"
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        for phone in phones:
            client.post("/blacklist", {"phone": phone, **known})
    _done(f"{len(phones)} on the blacklist.", json_wanted=json_wanted)


@blacklist.command()
@click.argument("phones", nargs=-1, required=True, metavar="PHONE...")
@as_json
def remove(*, phones: tuple[str, ...], json_wanted: bool) -> None:
    """Take phones off the blacklist; also when they were not there.

    \b
    habar blacklist remove 77011234567
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        for phone in phones:
            client.delete("/blacklist", phone=phone)
    _done(f"{len(phones)} not on the blacklist.", json_wanted=json_wanted)


@blacklist.command()
@click.argument("phone")
@as_json
def check(*, phone: str, json_wanted: bool) -> None:
    """Look a phone up. Exit code 0: it may be sent to; 1: it is on the blacklist.

    \b
    habar blacklist check 77011234567 && habar send 77011234567 --text Hello
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        try:
            answer = client.get("/blacklist", phone=phone)
        except Refused as refusal:
            if refusal.answer is None or refusal.answer["status_code"] != _ON_IT:
                raise
            answer = refusal.answer
    entry = answer["content"]["blacklist"] if answer["status"] else None
    if json_wanted:
        print_json(answer)
    elif entry is None:
        print_line("It is not on the blacklist.", "green")
    else:
        print_line(f"{entry['phone']} is on the blacklist since {entry['created_at']} UTC.", "red")
    if entry is not None:
        sys.exit(NO)


@blacklist.command("list")
@click.option("--phone", help="How the phones start.")
@click.option("--source", type=click.Choice([str(name) for name in BlacklistSource]))
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@as_json
def list_(*, limit: int, json_wanted: bool, **wanted: str | None) -> None:
    """List who is on it and why, the latest first; with --phone in the order of the phones.

    \b
    habar blacklist list --source stop
    habar blacklist list --phone 7701 --limit 1000
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = read_pages(client, "/blacklist/entries", "entries", limit, **wanted)
    if json_wanted:
        print_json(answer)
        return
    rows = [
        (
            entry["phone"],
            moment(entry["created_at"]),
            entry["source"],
            entry["reason"],
            entry["note"],
            moment(entry["expires_at"]),
        )
        for entry in answer["content"]["entries"]
    ]
    print_table(_COLUMNS, rows)


@blacklist.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "kind", type=_FORMATS, help="Default: by the file's name, else csv.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--keep-good", is_flag=True, help="Write the good lines where some are bad.")
@as_json
def import_(
    *, file: Path, kind: str | None, dry_run: bool, keep_good: bool, json_wanted: bool
) -> None:
    """Put a list of phones on the blacklist: CSV or NDJSON, checked wholly before it is written.

    Exit code 1: lines cannot be read; they are named, and nothing is written.

    \b
    habar blacklist import phones.csv --dry-run
    habar blacklist import phones.csv
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = import_list(client, file, kind, dry_run=dry_run, keep_good=keep_good)
    if json_wanted:
        print_json(answer)
        return
    report = answer["content"]
    counts = ("lines", "added", "already", "expired", "bad")
    print_table([name.capitalize() for name in counts], [[report[name] for name in counts]])
    for problem in report["errors"]:
        print_line(f"line {problem['line']}: {problem['message']}", "red")


@blacklist.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--format", "kind", type=_FORMATS, help="Default: by the file's name, else csv.")
@as_json
def export(*, file: Path, kind: str | None, json_wanted: bool) -> None:
    """Write the whole blacklist to a file, or with - to standard output; it can be imported again.

    \b
    habar blacklist export blacklist.csv
    habar blacklist export - --format ndjson | jq .phone
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        written = export_list(client, file, kind)
    if str(file) == "-":
        return
    if json_wanted:
        print_json({"status": True, "content": {"file": str(file), "bytes": written}})
    else:
        print_line(f"{written} bytes written to {file}.")


def _done(sentence: str, *, json_wanted: bool) -> None:
    if json_wanted:
        print_json({"status": True})
    else:
        print_line(sentence)
