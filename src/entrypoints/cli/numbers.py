"""Numbers, as people write them on a command line."""

import math

import rich_click as click


class Number(click.FloatRange):
    """A number that can be counted to: ``nan`` lies in every range, and ``inf`` in open ones."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number that can be counted to", param, ctx)
        return number
