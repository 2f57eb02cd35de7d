"""Two servers in turns, A B, B A, A B: what the machine does in between happens to both."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.measuring.bulk import run_bulk
from benchmarks.measuring.closed_loop import run_closed
from benchmarks.measuring.load import Load, Row
from benchmarks.measuring.open_loop import run_open

MODES: dict[str, Callable[[str, Load], Row]] = {
    "closed": run_closed,
    "open": run_open,
    "bulk": run_bulk,
}
_KEYS = (
    "rps",
    "drained_rps",
    "recipients_per_s",
    "p50_ms",
    "p99_ms",
    "cpu_ms_per_1k",
    "rss_mb",
    "peak_mb",
)


@dataclass(frozen=True, slots=True)
class Side:
    """A server, and the load it gets."""

    url: str
    load: Load


def run_compare(mode: str, a: Side, b: Side, *, rounds: int, verbose: bool) -> Row:
    """Run both sides in turns; print medians of each, and of the ratios within a round."""
    sides, rows = {"a": a, "b": b}, {"a": list[Row](), "b": list[Row]()}
    for number in range(rounds):
        for name in ("ab", "ba")[number % 2]:
            side = sides[name]
            row = MODES[mode](side.url, replace(side.load, seed=side.load.seed + number))
            rows[name].append(row)
            if verbose:
                print(json.dumps({"side": name, "round": number, **row}), flush=True)
    result: Row = {"mode": f"compare-{mode}", "a": a.url, "b": b.url, "rounds": rounds}
    for key in _KEYS:
        pairs = [
            (ours[key], theirs[key])
            for ours, theirs in zip(rows["a"], rows["b"], strict=True)
            if ours.get(key) and theirs.get(key)
        ]
        if pairs:
            result[key] = _compared(pairs)
            if key in {"p50_ms", "p99_ms"}:
                result[key]["a_minus_b"] = round(statistics.median(x - y for x, y in pairs), 3)
    result["errors"] = sum(row["errors"] for side_rows in rows.values() for row in side_rows)
    return result


def _compared(pairs: list[tuple[float, float]]) -> Row:
    ratios = [x / y for x, y in pairs]
    return {
        "a": round(statistics.median(x for x, _ in pairs), 3),
        "b": round(statistics.median(y for _, y in pairs), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
    }
