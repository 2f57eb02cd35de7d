"""What commands print: tables and sentences for people, JSON for scripts."""

import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec

import rich_click as click
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from entrypoints.cli.client import Json, Refused

Parameters = ParamSpec("Parameters")
_WIDE = 200
"""Columns where nobody looks: what reads a pipe wants whole lines."""
_WIDEST = 100_000
_GOOD = frozenset({"delivered", "ok", "active"})
_WAITING = frozenset({"queued", "sending", "submitted", "pending", "throttled"})
_NEUTRAL = frozenset({"canceled"})


def as_json(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Give a command ``--json``: what is printed then is the service's own answer, also a no."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        _require_text(kwargs)
        try:
            command(*args, **kwargs)
        except Refused as refusal:
            if kwargs["json_wanted"] and refusal.answer is not None:
                print_json(refusal.answer)
                sys.exit(refusal.exit_code)
            raise

    option = click.option("--json", "json_wanted", is_flag=True, help="Print the answer as JSON.")
    return option(run)


def _require_text(given: Mapping[str, object]) -> None:
    """Refuse bytes that are no text; of a file's name they may be a part."""
    for value in given.values():
        for word in value if isinstance(value, tuple) else (value,):
            if isinstance(word, str) and not word.isascii() and not _is_text(word):
                raise click.UsageError(f"{plain(word)!r} is not UTF-8.")


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def print_json(answer: Json) -> None:
    """Print an answer as one JSON object."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows; ``None`` is nothing."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    _keep_whole(table)
    console = _console()
    least = Measurement.get(console, console.options.update(max_width=_WIDEST), table).minimum
    console.width = max(console.width, least)
    console.print(table)


def _keep_whole(table: Table) -> None:
    """Let only the column with the longest sentence have several lines; no word is broken in two.

    An id in two pieces could not be copied. A terminal that is too narrow wraps the whole line.
    """
    wrapped = max(table.columns, key=_longest_sentence)
    for column in table.columns:
        if column is not wrapped:
            column.no_wrap = True
            words = [str(column.header), *map(str, column.cells)]
            column.min_width = max(map(cell_len, words))


def _longest_sentence(column: Column) -> int:
    return max((len(str(cell)) for cell in column.cells if " " in str(cell)), default=0)


def print_line(text: str, style: str = "") -> None:
    """Print a sentence."""
    _console().print(Text(plain(text), style=style))


def plain(text: str) -> str:
    """Return a text without anything a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def status(word: str) -> Text:
    """Show a status in the colour of what it means."""
    if word in _GOOD:
        return Text(word, "green")
    if word in _NEUTRAL:
        return Text(word)
    return Text(word, "yellow" if word in _WAITING else "red")


@contextmanager
def progress() -> Iterator[Progress]:
    """Show bars while something takes long; only to people, beside what is printed."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        yield bars


def _console() -> Console:
    watched = sys.stdout is not None and sys.stdout.isatty()  # none, where it was closed
    return Console(width=None if watched else _WIDE, highlight=False)


def _cell(value: Any) -> Text:  # noqa: ANN401 - anything an answer holds
    if isinstance(value, Text):
        return value
    return Text("" if value is None else plain(str(value)))
