"""Asks ``bench.py``, and remembers the command for the table."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measuring.load import Row
from benchmarks.stand.program import Program, bare_environment

_BENCH = Path(__file__).parents[1] / "bench.py"
_MOST_S = 900
_END_S = 20


class Question:
    """A command line of ``bench.py``.

    Words that name a program, ``$GATEWAY`` or ``$GATEWAY_PID``, stand for its URL and its id.
    """

    def __init__(self, *words: object) -> None:
        self._words = words

    def __str__(self) -> str:
        """Write it as a shell takes it, once the programs' names are set."""
        return " ".join(["bench.py", *map(_shown, self._words)])

    def ask(
        self, *programs: Program, folder: Path, settings: Mapping[str, str] | None = None
    ) -> list[Row]:
        """Run it; the lines that it prints.

        Args:
            programs: those that it names.
            folder: where it runs.
            settings: for the command that it starts, where it starts one.

        Raises:
            RuntimeError: it measured nothing.
        """
        names = {f"${p.name}": p.url for p in programs}
        names |= {f"${p.name}_PID": str(p.pid) for p in programs}
        command = [sys.executable, str(_BENCH), *(names.get(w, w) for w in map(str, self._words))]
        print(" ".join(command), file=sys.stderr, flush=True)
        said, complaint = _run(command, folder, bare_environment(**(settings or {})))
        rows: list[Row] = [json.loads(line) for line in said.splitlines()]
        if not rows or "error" in rows[-1]:
            raise RuntimeError(f"{self}: {complaint or said}")
        print(f"  {json.dumps(rows[-1])}", file=sys.stderr, flush=True)
        return rows


def _shown(word: object) -> str:
    """Write a word as a shell takes it; of a path its name alone."""
    if isinstance(word, Path):
        return word.name
    text = str(word)
    return text if text.startswith("$") else shlex.quote(text)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            return process.communicate(timeout=_MOST_S)
        except BaseException:
            # Not killed: what it has started itself is to be ended, too.
            process.send_signal(signal.SIGINT)
            process.wait(_END_S)
            raise
