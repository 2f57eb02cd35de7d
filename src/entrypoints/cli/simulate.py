"""``habar simulate``."""

import rich_click as click


@click.command()
def simulate() -> None:
    """Placeholder."""
