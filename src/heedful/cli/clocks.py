"""`heedful clocks`: device clocks that seem to gain or lose, for a human to check."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.clock_drift import SETTING, clock_gains


def clocks(config: Path, days: int, json: bool) -> None:
    """Gains by clock, with their intervals; nothing is moved."""
    with open_site(config) as site:
        found = clock_gains(site, days)
        site.ledger.audit(site.clock.now(), "read", {"queue": "clocks", "rows": found.height})
    if json:
        emit({"clocks": found.to_dicts()})
        return
    rows = [
        (
            row["person"], row["device"], row["other"] or "this site's clock", f"{row['gain_seconds']:+.2f}",
            f"{row['low']:+.2f} to {row['high']:+.2f}", row["days"], _verdict(row["low"], row["high"]),
        )
        for row in found.to_dicts()
    ]  # fmt: skip
    table("Clocks of devices", ["participant", "device", "beside", "seconds a day", "95 % interval", "days", "it"], rows)
    say(
        f"Nothing was moved. Check the device beside a true clock; of an actigraph's file declare {SETTING} and read again, sync a watch."
        if rows
        else f"Of the last {days} days no device has rows of seven days that arrived one by one, or steps beside another device's."
    )


def _verdict(low: float, high: float) -> str:
    return "gains" if low > 0 else "loses" if high < 0 else "not told from 0"
