"""`make fuzz`: every target for its share of the time, each in a process of its own, guided by coverage (atheris).

`python -m tests.fuzz.run [SECONDS] [NAME ...]` runs all targets, or those named; `--one NAME` is what it starts for each. An input that
fails is kept under .fuzz/found; the run ends with 1. Turn such an input into a case of tests/fuzz/test_found.py.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path

FOUND = Path(".fuzz") / "found"
SLOWEST = 30
"""Seconds after which one input counts as a hang."""
LONGEST = 20_000
"""Bytes of an input."""
COMPILED = ("heedful.core.streams", "heedful.language.kernels", "heedful.language.tagger.chain", "heedful.sources.wearables.fit_scan")
"""What Numba compiles (packages and modules): it cannot compile what atheris has put its counters into, so it is imported before."""


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--one"]:
        return _one(arguments[1], arguments[2:])
    from tests.fuzz.targets import TARGETS

    seconds = int(arguments[0]) if arguments else 300
    names = arguments[1:] or list(TARGETS)
    share = max(3, seconds // len(names))
    FOUND.mkdir(parents=True, exist_ok=True)
    failed = [name for name in names if not _ran(name, share)]
    print(f"{len(names)} targets, {share} s each; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _ran(name: str, share: int) -> bool:
    from tests.fuzz.targets import seeds

    with tempfile.TemporaryDirectory() as corpus:
        for seed in seeds(name):
            (Path(corpus) / blake2b(seed, digest_size=8).hexdigest()).write_bytes(seed)
        options = [f"-max_total_time={share}", f"-timeout={SLOWEST}", f"-max_len={LONGEST}", "-rss_limit_mb=4096", "-print_final_stats=1"]
        prefix = f"-artifact_prefix={FOUND}/{name.replace(':', '_')}_"
        command = [sys.executable, "-m", "tests.fuzz.run", "--one", name, corpus, prefix, *options]
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    units = [line.split()[-1] for line in run.stderr.splitlines() if "number_of_executed_units" in line]
    print(f"{name}: {units[0] if units else '?'} inputs, {'ok' if run.returncode == 0 else 'FAILED'}", flush=True)
    if run.returncode:
        print(run.stdout[-3_000:], run.stderr[-3_000:], sep="\n", flush=True)
    return run.returncode == 0


def _one(name: str, options: list[str]) -> int:
    import atheris

    for compiled in map(importlib.import_module, COMPILED):
        for module in pkgutil.iter_modules(getattr(compiled, "__path__", ())):
            importlib.import_module(f"{compiled.__name__}.{module.name}")
    with atheris.instrument_imports(include=["heedful.sources", "heedful.language", "heedful.core"]):
        from tests.fuzz.targets import TARGETS, seeds

        from heedful.sources.base import SOURCES

        SOURCES.load()
        target = TARGETS[name]
        for seed in seeds(name):  # what is imported, read or compiled on first use: watched, and not the fault of the first input
            target(seed)
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
