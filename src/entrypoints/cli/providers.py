"""``habar providers``."""

import sys

import rich_click as click

from entrypoints.cli.client import NO, Json, connected, segment
from entrypoints.cli.numbers import Number
from entrypoints.cli.output import as_json, print_json, print_table, status
from entrypoints.moments import moment

_COLUMNS = ("Provider", "State", "Why", "Until (UTC)", "SMS", "Voice", "At once", "Per second")


@click.group()
def providers() -> None:
    """See how providers are, and take one out of service."""


@providers.command("list")
@click.option("--balance", is_flag=True, help="Ask each of them how much money is left.")
@as_json
def list_(*, balance: bool, json_wanted: bool) -> None:
    """List the providers that are configured; * marks the default one.

    \b
    habar providers list
    habar providers list --balance
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = client.get("/providers", balance="true" if balance else None)
    _show(answer, answer["content"]["providers"], json_wanted=json_wanted)


@providers.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@as_json
def check(*, codes: tuple[str, ...], json_wanted: bool) -> None:
    """Ask providers for the balance, which shows whether their credentials are right, too.

    Without a CODE all of them are asked. Exit code 0: every one told; 1: one did not.

    \b
    habar providers check
    habar providers check smscru
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        known = [row["code"] for row in client.get("/providers")["content"]["providers"]]
        rows = [
            client.post(f"/providers/{segment(code)}/check")["content"]["provider"]
            for code in (codes or known)
        ]
    answer = {"status": True, "content": {"providers": rows}}
    _show(answer, rows, json_wanted=json_wanted)
    if any(row["balance"]["error"] is not None for row in rows):
        sys.exit(NO)


@providers.command()
@click.argument("code")
@click.option("--for", "seconds", type=Number(0), metavar="SECONDS", help="Default: until resumed.")
@as_json
def pause(*, code: str, seconds: float | None, json_wanted: bool) -> None:
    """Hand a provider nothing more; queued messages wait, or go to their other providers.

    \b
    habar providers pause smscru
    habar providers pause smscru --for 3600
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = client.post(f"/providers/{segment(code)}/pause", {"seconds": seconds})
    _show(answer, [answer["content"]["provider"]], json_wanted=json_wanted)


@providers.command()
@click.argument("code")
@as_json
def resume(*, code: str, json_wanted: bool) -> None:
    """Use a provider again, whether it was paused or is left alone because it failed.

    \b
    habar providers resume smscru
    """  # noqa: D301 - click's mark for lines that stay as they are
    with connected() as client:
        answer = client.post(f"/providers/{segment(code)}/resume")
    _show(answer, [answer["content"]["provider"]], json_wanted=json_wanted)


def _show(answer: Json, rows: list[Json], *, json_wanted: bool) -> None:
    if json_wanted:
        print_json(answer)
        return
    asked = any("balance" in row for row in rows)
    print_table([*_COLUMNS, *(["Balance"] if asked else [])], [_row(row) for row in rows])


def _row(row: Json) -> list[object]:
    limits, balance = row["limits"], row.get("balance")
    cells: list[object] = [
        row["code"] + (" *" if row["default"] else ""),
        status(row["state"]),
        row["reason"],
        moment(row["until"]),
        _yes(can=row["sms"]),
        _yes(can=row["voice"]),
        limits["concurrency"],
        "no limit" if limits["rate"] is None else limits["rate"],
    ]
    return cells if balance is None else [*cells, _balance(balance)]


def _balance(balance: Json) -> str:
    if balance["error"] is not None:
        return f"not told: {balance['error']}"
    return f"{balance['amount']} {balance['currency'] or ''}".rstrip()


def _yes(*, can: bool) -> str:
    return "yes" if can else "no"
