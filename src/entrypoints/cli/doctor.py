"""``habar doctor``."""

import asyncio
import logging
import sys

import rich_click as click

from entrypoints.cli.output import print_json, print_table
from entrypoints.doctor.finding import Finding, Level

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the findings as JSON.")
@click.option("--offline", is_flag=True, help="Ask neither providers nor name servers.")
def doctor(*, json_wanted: bool, offline: bool) -> None:
    """Look at this deployment, and say what is wrong and how to put it right.

    Nothing is changed, and a server that is running is not disturbed. The exit code is 1 where
    there are problems, 0 where there are none.

    \b
    habar doctor
    habar doctor --offline --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    # Loaded here: the other commands start without it.
    from entrypoints.doctor.examination import examine  # noqa: PLC0415

    # What the parts looked at would log is among the findings.
    logging.getLogger().addHandler(logging.NullHandler())
    findings = asyncio.run(examine(offline=offline))
    healthy = all(finding.level is not Level.PROBLEM for finding in findings)
    if json_wanted:
        print_json({"status": healthy, "findings": [_written(finding) for finding in findings]})
    else:
        _show(findings)
    sys.exit(0 if healthy else 1)


def _written(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "text": finding.text,
        "fix": finding.fix,
    }


def _show(findings: list[Finding]) -> None:
    from rich.text import Text  # noqa: PLC0415

    rows = [
        (Text(f.level.value, _STYLES[f.level]), f.check, f"{f.text}\n{f.fix}" if f.fix else f.text)
        for f in findings
    ]
    print_table(("", "Check", "What was found, and what to do"), rows)
