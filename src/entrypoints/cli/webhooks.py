"""``habar webhooks``."""

import rich_click as click

from entrypoints.cli.deliveries import deliveries, replay


@click.group()
def webhooks() -> None:
    """Receive webhooks, see what was told to whom, tell it again."""


webhooks.add_command(deliveries)
webhooks.add_command(replay)


@webhooks.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9191,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    required=True,
    envvar="WEBHOOK_SECRETS",
    metavar="whsec_…",
    help="What signatures are checked with; may be given more than once.",
)
def listen(host: str, port: int, secrets: tuple[str, ...]) -> None:
    """Print webhooks as they arrive, and check their signatures.

    Point WEBHOOK_URLS of a gateway to its address, with WEBHOOK_ALLOW_PRIVATE=true. What is signed
    is answered with 204, everything else with 401.

    \b
    habar webhooks listen --secret whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz
    """  # noqa: D301 - click's mark for lines that stay as they are
    # Loaded here: the other commands start without it.
    from adapters.webhooks.signature import read_secret  # noqa: PLC0415
    from entrypoints.webhooks_listener import run_listener  # noqa: PLC0415

    texts = [part.strip() for text in secrets for part in text.split(",") if part.strip()]
    try:
        known = [read_secret(text) for text in texts]
    except ValueError:
        raise click.ClickException(
            "a secret is whsec_ and the base64 of 24 bytes or more"
        ) from None
    try:
        run_listener(host, port, known)
    except UnicodeError:
        raise click.UsageError("--host is not an address or the name of a host.") from None
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror or error}") from None
