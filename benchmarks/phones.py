#!/usr/bin/env python3
"""Writes COUNT distinct, scattered, reproducible phone numbers, one a line: seed data for a
blacklist or a recipient list.

    phones.py 10000000 > black.txt            # 79000000000 .. 79999999999, at most 10^9
    phones.py 1000 --plus --offset 5000000    # other numbers of the same sequence, with a "+"

Number i is PREFIX followed by (A*i + C) mod 10^DIGITS with A coprime to 10, so the first COUNT
never repeat, and any (count, offset) slice is known without storing it.
"""

import argparse
import sys


def number(i: int, prefix: str = "79", digits: int = 9) -> str:
    return f"{prefix}{(387420489 * i + 123456789) % 10**digits:0{digits}d}"


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("count", type=int)
    p.add_argument("--offset", type=int, default=0)
    p.add_argument("--prefix", default="79")
    p.add_argument("--digits", type=int, default=9)
    p.add_argument("--plus", action="store_true")
    args = p.parse_args()
    if args.offset + args.count > 10**args.digits:
        p.error("more numbers than the digits hold")
    plus = "+" if args.plus else ""
    out = sys.stdout
    for start in range(args.offset, args.offset + args.count, 10000):
        stop = min(start + 10000, args.offset + args.count)
        out.write(
            "".join(f"{plus}{number(i, args.prefix, args.digits)}\n" for i in range(start, stop))
        )


if __name__ == "__main__":
    main()
