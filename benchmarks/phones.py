"""Writes COUNT distinct, scattered, reproducible phone numbers, one a line.

    phones.py 10000000 > black.txt            # 79000000000 .. 79999999999, at most 10^9
    phones.py 1000 --plus --offset 5000000    # other numbers of the same sequence, with a "+"

Seed data for a blacklist or a list of recipients. Number i is PREFIX followed by
(A*i + C) mod 10^DIGITS with A coprime to 10, so the first COUNT never repeat, and any slice
(count, offset) is known without storing it.
"""

import argparse
import sys

_A, _C = 387_420_489, 123_456_789
_BATCH = 10_000


def number(i: int, prefix: str = "79", digits: int = 9) -> str:
    """Return the number at a place of the sequence."""
    return f"{prefix}{(_A * i + _C) % 10**digits:0{digits}d}"


def main() -> None:
    """Write as many as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", type=int)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--prefix", default="79")
    parser.add_argument("--digits", type=int, default=9)
    parser.add_argument("--plus", action="store_true")
    given = parser.parse_args()
    end = given.offset + given.count
    if end > 10**given.digits:
        parser.error("more numbers than the digits hold")
    plus = "+" if given.plus else ""
    for start in range(given.offset, end, _BATCH):
        places = range(start, min(start + _BATCH, end))
        lines = (f"{plus}{number(i, given.prefix, given.digits)}\n" for i in places)
        sys.stdout.write("".join(lines))


if __name__ == "__main__":
    main()
