"""``habar serve``."""

import gc

import rich_click as click


@click.command()
@click.option("--host", help="Address to listen on; HTTP_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; HTTP_PORT.")
@click.option(
    "--role",
    type=click.Choice(["all", "api", "worker"]),
    help="What this process does; HABAR_ROLE. An api takes requests and sends what callers wait "
    "for, a worker sends the rest; for several processes on one PostgreSQL.",
)
def serve(host: str | None, port: int | None, role: str | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C.

    Settings come from the environment and from .env; .env.example explains each one.

    \b
    SMS_DUMMY=true habar serve
    habar serve --host 0.0.0.0 --port 80
    """  # noqa: D301 - click's mark for lines that stay as they are
    # Whatever is loaded from here on stays: the collector would look at it again and again.
    gc.disable()
    # Loaded here: the other commands start without a server.
    from entrypoints.server import run  # noqa: PLC0415

    given = {"HTTP_HOST": host, "HTTP_PORT": port, "HABAR_ROLE": role}
    run({name: str(value) for name, value in given.items() if value is not None})
