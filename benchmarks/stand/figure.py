"""A row of the table."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_HEAD = ("", "Habar", "beside it", "median", "least", "greatest", "command")
_WHOLE, _TENTHS = 100, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured, several times.

    Attributes:
        ours: Habar's own figures.
        theirs: those of what ran beside it; none where nothing did.
        values: what is quoted: ratios, differences, or ours once more.
        unit: how values are written, such as ``{} ms``.
        errors: answers that were wrong, late or missing, in all rounds.
    """

    what: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    values: Sequence[float]
    unit: str = "{}"
    command: str
    errors: int = 0

    def cells(self) -> list[str]:
        """Return the row's cells."""
        return [
            f"{self.what} (**{self.errors} errors**)" if self.errors else self.what,
            shown(statistics.median(self.ours)),
            shown(statistics.median(self.theirs)) if self.theirs else "",
            self._valued(statistics.median(self.values)),
            self._valued(min(self.values)),
            self._valued(max(self.values)),
            f"`{self.command}`",
        ]

    def _valued(self, value: float) -> str:
        return self.unit.format(shown(value))


def alone(what: str, ours: Sequence[float], *, command: str, errors: int) -> Figure:
    """Quote Habar's own figures."""
    return Figure(what=what, ours=ours, values=ours, command=command, errors=errors)


def ratio(
    what: str, ours: Sequence[float], theirs: Sequence[float], *, command: str, errors: int
) -> Figure:
    """Compare round by round, how many times as much."""
    values = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Figure(
        what=what,
        ours=ours,
        theirs=theirs,
        values=values,
        unit="{}x",
        command=command,
        errors=errors,
    )


def added(
    what: str, ours: Sequence[float], theirs: Sequence[float], *, command: str, errors: int
) -> Figure:
    """Compare round by round, how many milliseconds more."""
    values = [a - b for a, b in zip(ours, theirs, strict=True)]
    return Figure(
        what=what,
        ours=ours,
        theirs=theirs,
        values=values,
        unit="{} ms",
        command=command,
        errors=errors,
    )


def shown(value: float) -> str:
    """Write a number with about three digits that mean something."""
    if abs(value) >= _WHOLE:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= _TENTHS else f"{value:.2f}"


def table(figures: Iterable[Figure]) -> str:
    """Write the rows as a Markdown table."""
    rows = [_HEAD, ("---", *("---:" for _ in _HEAD[1:-1]), "---")]
    lines = [*rows, *(figure.cells() for figure in figures)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
