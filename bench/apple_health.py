"""Speed of the Apple Health reader, against lxml's target parser that only counts `Record` starts; both in one run, alternating.

    python bench/apple_health.py [EXPORT.xml] [--megabytes 200] [--rounds 5]

Prints seconds of processor time (median and best), MB/s, the ratio, and the memory that this process ever held.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree
from make_apple_export import write

from heedful.sources.base import Options
from heedful.sources.wearables.apple_health import AppleHealth

BAR = 0.6


class Counting:
    records = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Record":
            self.records += 1

    def close(self) -> int:
        return self.records


def counted(path: Path) -> int:
    parser = etree.XMLParser(target=Counting())
    with path.open("rb") as stream:
        while block := stream.read(65_536):
            parser.feed(block)
    return int(parser.close())


def read(path: Path) -> int:
    return sum(batch.records for batch in AppleHealth().read(path, Options("bench"), datetime(2026, 1, 1, tzinfo=UTC)))


def timed(function, path: Path) -> float:
    before = time.process_time()
    function(path)
    return time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("export", type=Path, nargs="?")
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.export or Path(folder) / "export.xml"
        if not given.export:
            write(path, given.megabytes)
        size = path.stat().st_size / 1e6
        rounds = [(timed(counted, path), timed(read, path)) for _ in range(given.rounds)]
    bare, ours = ([pair[n] for pair in rounds] for n in (0, 1))
    ratio = statistics.median(a / b for a, b in rounds)
    for name, seconds in (("counting only", bare), ("observations", ours)):
        middle = statistics.median(seconds)
        print(f"{name:14} median {middle:.2f} s, best {min(seconds):.2f} s, {size / middle:.0f} MB/s of {size:.0f} MB")
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"ratio {ratio:.2f} (best to best {min(bare) / min(ours):.2f}), bar {BAR}; memory {held:.0f} MB")


if __name__ == "__main__":
    main()
