"""How long `heedful --help` lets a person wait, beside a bare interpreter in the same run."""

from __future__ import annotations

import sys

from bench.measure import Line, at_most, command_seconds, median

BAR = 0.3
COMMAND = ("-c", "import sys; sys.argv = ['heedful', '--help']; from heedful.cli.main import main; main()")


def lines(rounds: int) -> list[Line]:
    command_seconds(sys.executable, *COMMAND)
    pairs = [(command_seconds(sys.executable, *COMMAND), command_seconds(sys.executable, "-c", "pass")) for _ in range(rounds)]
    ours, bare = (median([pair[n].undisturbed for pair in pairs]) for n in (0, 1))
    clock = median([pair[0].clock for pair in pairs])
    peer = f"a bare interpreter {bare:.3f} s, {ours / bare:.1f} ×"
    return [at_most("heedful --help", ours, "s", BAR, f"{clock:.2f} s", peer, f"median of {rounds} fresh processes")]
