"""How long `heedful --help` lets a person wait, beside a bare interpreter in the same run."""

from __future__ import annotations

import subprocess
import sys

from bench.measure import Line, at_most, interleaved, median, seconds

BAR = 0.3


def line(rounds: int) -> Line:
    def run(*arguments: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True))

    command = ("-c", "import sys; sys.argv = ['heedful', '--help']; from heedful.cli.main import main; main()")
    run(*command)
    ours, bare = interleaved(lambda: run(*command), lambda: run("-c", "pass"), rounds)
    note = f"median of {rounds}; a bare interpreter {median(bare):.2f} s"
    return at_most("heedful --help", median(ours), "s", BAR, note)
