"""``habar simulate``."""

from pathlib import Path

import rich_click as click

from entrypoints.cli.numbers import Number

_WAYS = ("in_order", "late", "twice", "reversed", "before_the_answer", "never")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9090,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--latency", type=Number(0, 60), default=0.0, help="Seconds before each answer.")
@click.option(
    "--log",
    "log_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to which every message that is sent is appended, a JSON object a line.",
)
@click.option(
    "--callbacks-to",
    multiple=True,
    metavar="URL",
    help="Base URL of the gateway, such as http://127.0.0.1:8080: receipts and inbound messages"
    " are posted there. Several take turns.",
)
@click.option(
    "--public-url",
    metavar="URL",
    help="The gateway's PUBLIC_URL, which signatures cover, where it is another address.",
)
@click.option(
    "--receipts",
    "way",
    type=click.Choice(_WAYS),
    default="in_order",
    show_default=True,
    help="How receipts are told.",
)
@click.option(
    "--receipt-delay",
    "delay_s",
    type=Number(0, 3600),
    default=1.0,
    show_default=True,
    help="Seconds until the final state is told.",
)
@click.option(
    "--smscru-secret",
    metavar="TEXT",
    default="smscru-phrase",
    show_default=True,
    help="Phrase in smsc.ru's checksums.",
)
@click.option(
    "--mobizonkz-secret",
    metavar="TEXT",
    default="mobizonkz-secret",
    show_default=True,
    help="Key in Mobizon's signatures.",
)
def simulate(  # noqa: PLR0913 - a parameter for each option
    *,
    host: str,
    port: int,
    latency: float,
    log_path: Path | None,
    callbacks_to: tuple[str, ...],
    public_url: str | None,
    way: str,
    delay_s: float,
    smscru_secret: str,
    mobizonkz_secret: str,
) -> None:
    """Play the four providers on one port, for development and tests.

    Set <PROVIDER>_BASE_URL to its address. GET /simulator/sent shows what was "sent", and
    POST /simulator/faults makes a provider misbehave. With --callbacks-to it posts receipts, and
    POST /simulator/inbound has a subscriber write. Only loopback should reach it.

    \b
    habar simulate --port 9090 --callbacks-to http://127.0.0.1:8080
    """  # noqa: D301 - click's mark for lines that stay as they are
    # Loaded here: the other commands start without it.
    from entrypoints.simulator.accounts import (  # noqa: PLC0415
        MobizonkzAccount,
        SimulatorSettings,
        SmscruAccount,
    )
    from entrypoints.simulator.app import run_simulator  # noqa: PLC0415
    from entrypoints.simulator.gateway import Gateway  # noqa: PLC0415
    from entrypoints.simulator.reporting import Reporting, Way  # noqa: PLC0415

    try:
        gateway = Gateway(urls=callbacks_to, public_url=public_url)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    settings = SimulatorSettings(
        smscru=SmscruAccount(callback_secret=smscru_secret),
        mobizonkz=MobizonkzAccount(webhook_secret=mobizonkz_secret),
        latency_s=latency,
        log_path=log_path,
        gateway=gateway,
        reporting=Reporting(way=Way(way), seconds=delay_s),
    )
    try:
        run_simulator(host, port, settings)
    except UnicodeError:
        raise click.UsageError("--host is not an address or the name of a host.") from None
    except OSError as error:
        raise click.ClickException(f"cannot listen or log: {error.strerror or error}") from None
