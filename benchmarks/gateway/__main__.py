"""``uv run python -m benchmarks.gateway``: one command, one run, one table. Exit 1 when the mark is missed."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.gateway.figures import passes
from benchmarks.gateway.report import markdown
from benchmarks.gateway.rounds import Counts
from benchmarks.gateway.run import compare

_CACHE = Path(__file__).resolve().parents[2] / ".bench"
_SETTLE_S = 6.0  # longer than any batch of deferred work waits
_QUICK = Counts(json=400, stream=100, single=64, settle_s=1.0)
_QUICK_ROUNDS = 2
_MOST = 100_000


def main() -> int:
    """Run the benchmark and return the exit code."""
    options = _options(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end in order, children first
    try:
        report = compare(_counts(options), _QUICK_ROUNDS if options.quick else options.rounds, options.cache)
    except KeyboardInterrupt:
        print("Interrupted; everything that was started has been ended.", file=sys.stderr)
        return 130
    print(markdown(report))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    return 0 if passes(report) else 1


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--rounds", type=_count, default=5, help="rounds of all candidates (5)")
    parser.add_argument(
        "--requests", type=_count, default=4000, help="requests a round; the peer gets a quarter (4000)"
    )
    parser.add_argument("--quick", action="store_true", help="2 short rounds: is everything in order?")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures to this file too")
    parser.add_argument("--cache", type=Path, default=_CACHE, help="folder of the peer's environment (.bench)")
    return parser.parse_args(words)


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= _MOST:
        raise argparse.ArgumentTypeError(f"must be from 1 to {_MOST}")
    return value


def _counts(options: argparse.Namespace) -> Counts:
    if options.quick:
        return _QUICK
    asked: int = options.requests
    return Counts(json=asked, stream=max(asked // 4, 1), single=max(asked // 8, 1), settle_s=_SETTLE_S)


if __name__ == "__main__":
    sys.exit(main())
