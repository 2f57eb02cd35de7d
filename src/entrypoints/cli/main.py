"""The program ``habar``."""

import os
import signal
import sys
import traceback

import rich_click as click

from application.errors import SettingsError
from entrypoints.cli.audit import audit
from entrypoints.cli.backup import backup, hold, restore
from entrypoints.cli.blacklist import blacklist
from entrypoints.cli.doctor import doctor
from entrypoints.cli.keys import keys
from entrypoints.cli.messages import messages
from entrypoints.cli.migrate import migrate
from entrypoints.cli.providers import providers
from entrypoints.cli.send import call, send
from entrypoints.cli.serve import serve
from entrypoints.cli.simulate import simulate
from entrypoints.cli.users import users
from entrypoints.cli.webhooks import webhooks

SOFTWARE = 70
"""The exit code for a defect of the program itself; ``EX_SOFTWARE`` of sysexits."""
CONFIGURATION = 78
"""The exit code for settings that cannot work; ``EX_CONFIG`` of sysexits."""
OUTPUT = 74
"""The exit code for an answer that cannot be written; ``EX_IOERR`` of sysexits."""
_INTERRUPTED = 128 + signal.SIGINT
_UNREAD = 128 + signal.SIGPIPE


class _Commands(click.RichGroup):
    """Ctrl-C ends a command as it ends every other program: 1 would say that the answer is no."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="habar")
def habar() -> None:
    """One JSON API in front of many SMS and voice providers."""


habar.add_command(serve)
habar.add_command(migrate)
habar.add_command(doctor)
habar.add_command(backup)
habar.add_command(restore)
habar.add_command(hold)
habar.add_command(send)
habar.add_command(call)
habar.add_command(blacklist)
habar.add_command(messages)
habar.add_command(providers)
habar.add_command(keys)
habar.add_command(users)
habar.add_command(audit)
habar.add_command(simulate)
habar.add_command(webhooks)


def main() -> None:
    """Run the program; settings that cannot work are listed, all of them, without a traceback."""
    try:
        _run()
    except SettingsError as error:
        click.echo("Habar cannot start:", err=True)
        for problem in error.problems:
            click.echo(f"  - {problem}", err=True)
        sys.exit(CONFIGURATION)
    except SystemExit as ended:
        # Of a reader that has seen enough the libraries make a 1, which is a no here.
        sys.exit(_UNREAD if isinstance(ended.__context__, BrokenPipeError) else ended.code)
    except BrokenPipeError:
        _drop_output()
        sys.exit(_UNREAD)
    except OSError as error:
        _drop_output()
        click.echo(f"Cannot read or write: {error.strerror or error}.", err=True)
        sys.exit(OUTPUT)
    except Exception as error:  # noqa: BLE001 - whatever it is, no trace is shown
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {place.filename}, line {place.lineno}"
        click.echo(f"Something is wrong with habar itself: {where}.", err=True)
        sys.exit(SOFTWARE)


def _run() -> None:
    try:
        habar()
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()  # here, as nobody hears of what fails when the interpreter ends


def _drop_output() -> None:
    """Let what could not be written go: the interpreter would try once more, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
