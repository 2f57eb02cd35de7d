"""The program ``habar``."""

import sys

import rich_click as click

from application.errors import SettingsError
from entrypoints.cli.migrate import migrate
from entrypoints.cli.serve import serve
from entrypoints.cli.simulate import simulate
from entrypoints.cli.webhooks import webhooks

CONFIGURATION = 78
"""The exit code for settings that cannot work; ``EX_CONFIG`` of sysexits."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="habar")
def habar() -> None:
    """One JSON API in front of many SMS and voice providers."""


habar.add_command(serve)
habar.add_command(migrate)
habar.add_command(simulate)
habar.add_command(webhooks)


def main() -> None:
    """Run the program; settings that cannot work are listed, all of them, without a traceback."""
    try:
        habar()
    except SettingsError as error:
        click.echo("Habar cannot start:", err=True)
        for problem in error.problems:
            click.echo(f"  - {problem}", err=True)
        sys.exit(CONFIGURATION)
