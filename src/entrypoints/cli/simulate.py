"""``habar simulate``."""

from pathlib import Path

import rich_click as click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9090,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--latency", type=click.FloatRange(0, 60), default=0.0, help="Seconds before each answer."
)
@click.option(
    "--log",
    "log_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to which every message that is sent is appended, a JSON object a line.",
)
def simulate(host: str, port: int, latency: float, log_path: Path | None) -> None:
    """Play the four providers on one port, for development and tests.

    Set <PROVIDER>_BASE_URL to its address. GET /simulator/sent shows what was "sent", and
    POST /simulator/faults makes a provider misbehave. Only loopback should reach it.
    """
    # Loaded here: the other commands start without it.
    from entrypoints.simulator.accounts import SimulatorSettings  # noqa: PLC0415
    from entrypoints.simulator.app import run_simulator  # noqa: PLC0415

    try:
        run_simulator(host, port, SimulatorSettings(latency_s=latency, log_path=log_path))
    except OSError as error:
        raise click.ClickException(f"cannot listen or log: {error.strerror or error}") from None
