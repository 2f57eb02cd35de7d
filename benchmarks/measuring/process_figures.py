"""CPU time and memory of a server and all its children, read from /proc."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring.load import Row

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")
_PARENT = 1
_TIMES = slice(11, 15)
_MEMORY = {"smaps_rollup": ("Rss", "Pss"), "status": ("VmHWM",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What trees of processes have used.

    Attributes:
        cpu_s: seconds so far, those of children that have ended included.
        rss_mb: resident memory.
        pss_mb: the same with shared pages divided among those who share them.
        peak_mb: the most that was ever resident.
    """

    cpu_s: float
    rss_mb: float
    pss_mb: float
    peak_mb: float


class Meter:
    """What processes use from now on."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._before = usage(pids) if pids else None

    def figures(self, requests: int, seconds: float) -> Row:
        """Return what was used, as figures of a row; none where no process was named."""
        if self._before is None:
            return {}
        after = usage(self._pids)
        cpu = after.cpu_s - self._before.cpu_s
        return {
            "cpu_share": round(cpu / seconds, 3),
            "cpu_ms_per_1k": round(cpu * 1e6 / requests, 2) if requests else None,
            "rps_per_cpu_s": round(requests / cpu, 1) if cpu else None,
            "rss_mb": after.rss_mb,
            "pss_mb": after.pss_mb,
            "peak_mb": after.peak_mb,
        }


def usage(pids: Iterable[int]) -> Usage:
    """Sum up what the trees of these processes have used."""
    cpu = 0.0
    memory = {"Rss": 0, "Pss": 0, "VmHWM": 0}
    for pid in tree(pids):
        try:
            cpu += sum(map(int, _stat(pid)[_TIMES])) / _TICK
            for name, keys in _MEMORY.items():
                for line in (_PROC / str(pid) / name).read_text().splitlines():
                    key, _, value = line.partition(":")
                    if key in keys:
                        memory[key] += int(value.split()[0])
        except OSError:  # it has ended meanwhile
            continue
    return Usage(
        cpu_s=cpu,
        rss_mb=round(memory["Rss"] / 1024, 1),
        pss_mb=round(memory["Pss"] / 1024, 1),
        peak_mb=round(memory["VmHWM"] / 1024, 1),
    )


def tree(pids: Iterable[int]) -> list[int]:
    """Return these processes and all that descend from them, each once."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[_PARENT])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    todo = list(pids)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.append(pid)
            todo += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """Read a process's fields from its state on: its name before that may hold anything."""
    return (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
