"""The blacklist as a file, out and in, with a bar meanwhile."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import rich_click as click
from rich.progress import Progress, TaskID

from entrypoints.cli.client import Client, Json
from entrypoints.cli.output import progress

_PIECE = 65_536
_MEDIA_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_SUFFIXES = {".ndjson": "ndjson", ".jsonl": "ndjson"}


def import_list(
    client: Client, path: Path, kind: str | None, *, dry_run: bool, keep_good: bool
) -> Json:
    """Send a file; return what became of its lines."""
    wishes = {
        name: "true" for name, wanted in (("dry_run", dry_run), ("keep_good", keep_good)) if wanted
    }
    try:
        with path.open("rb") as file, progress() as bars:
            bar = bars.add_task("Sending and checking", total=path.stat().st_size)
            pieces = _pieces(file, bars, bar)
            media_type = _MEDIA_TYPES[_kind(path, kind)]
            return client.upload("/blacklist/import", pieces, media_type, **wishes)
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror or error}") from None


def export_list(client: Client, path: Path, kind: str | None) -> int:
    """Write the list to a file, or to standard output; return how many bytes that were.

    A file appears only once it is whole.
    """
    if str(path) == "-":
        return _download(client, sys.stdout.buffer, _kind(path, kind))
    try:
        if path.exists() and not path.is_file():  # a pipe or a device is written to, not replaced
            with path.open("wb") as file:
                return _download(client, file, _kind(path, kind))
        return _write_whole(client, path, _kind(path, kind))
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror or error}") from None


def _write_whole(client: Client, path: Path, kind: str) -> int:
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            written = _download(client, file, kind)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return written


def _download(client: Client, file: BinaryIO, kind: str) -> int:
    written = 0
    with progress() as bars:
        bar = bars.add_task("Reading", total=None)
        for written in client.download("/blacklist/export", file, format=kind):
            bars.update(bar, completed=written)
    file.flush()
    return written


def _pieces(file: BinaryIO, bars: Progress, bar: TaskID) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
        bars.advance(bar, len(piece))


def _kind(path: Path, kind: str | None) -> str:
    return kind or _SUFFIXES.get(path.suffix.lower(), "csv")
