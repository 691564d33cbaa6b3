"""RADAR's second clock: a row bears when a device stamped it and when the phone received it, which tells how fast the device's runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from heedful.sources.phones.streams import About, Record, Stream

TIME, RECEIVED = "value.time", "value.timeReceived"
_DAY = 86_400


@dataclass
class Delays:
    """The shortest delay of each topic, device (`key.userId`, `key.sourceId`) and day of arrival, in seconds; no other is kept.

    RADAR writes a file an hour or a day, so that what tells a gain stands in many files.
    """

    shortest: dict[tuple[str, str, str], dict[int, float]] = field(default_factory=dict)

    def watching(self, stream: Stream) -> Stream:
        """The stream, whose rows are looked at as they are read."""
        read = stream.read
        return stream if read is None else replace(stream, read=self._reader(stream.name, read))

    def _reader(self, topic: str, read: Callable[[Record, About], None]) -> Callable[[Record, About], None]:
        def reading(record: Record, about: About) -> None:
            read(record, about)
            try:
                received, stamped = float(record.get(RECEIVED) or "nan"), float(record[TIME])
            except ValueError:
                return
            if math.isfinite(received) and math.isfinite(stamped):
                days = self.shortest.setdefault((topic, record.get("key.userId", ""), record.get("key.sourceId", "")), {})
                day = int(received // _DAY)
                days[day] = min(days.get(day, math.inf), received - stamped)

        return reading

    def notes(self) -> list[str]:
        """What can be told from zero, a topic and device a line (devices by their place: neither their number nor whose they are)."""
        from heedful.behavior.clock_drift import gain_of_days  # loads a room: only once a topic is read

        out = []
        for place, ((topic, *_), days) in enumerate(self.shortest.items(), start=1):
            known = sorted(days)
            found = gain_of_days(np.array(known, np.float64), np.array([-days[day] for day in known]))
            if found is not None and found.told:
                out.append(
                    f"{topic}, device {place}: its clock {'gains' if found.seconds > 0 else 'loses'} {abs(found.seconds):.2f} seconds a "
                    f"day ({found.low:+.2f} to {found.high:+.2f}, {found.days} days) beside the phone that received it; nothing was moved"
                )
        return out
