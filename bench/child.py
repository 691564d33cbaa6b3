"""Work that wants a process of its own: `python -m bench.child WORK ARGUMENTS`, answered by one line of JSON."""

from __future__ import annotations

import importlib
import json
import sys

from bench.measure import peak_mb


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(f"bench.{module}"), name)(*sys.argv[2:])
    print(json.dumps({**answer, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
