"""Write a made-up Apple Health export of a given size: deterministic, with the shapes and quirks of real ones.

    python bench/make_apple_export.py OUT.xml --megabytes 200 [--seed 7]

One person, phone and watch: overlapping steps, distance and energy of both, heart rate every few minutes, sleep stages with a zone in their
metadata, a resting heart rate and HRV a day, weights entered by hand, a memory address of its own in every device string, one record in 500 repeated.
Records stand by type, as Apple writes them. Nothing here comes from a person.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

PROLOG = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
]>
<HealthData locale="en_GB">
 <ExportDate value="2024-12-31 09:00:00 +0100"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1980-01-01" HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"/>
"""
FIRST_DAY = datetime(2018, 1, 1)
BYTES_A_DAY = 390_000
STAGES = ("AsleepCore", "AsleepDeep", "AsleepCore", "AsleepREM", "AsleepCore", "Awake")
SUMMER, WINTER = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))


def stamp(at: datetime) -> str:
    zone = SUMMER if 4 <= at.month <= 10 else WINTER
    return at.replace(tzinfo=zone).strftime("%Y-%m-%d %H:%M:%S %z")


class Export:
    """The lines of one export, type by type."""

    def __init__(self, days: int, seed: int) -> None:
        self.days, self.random = days, random.Random(seed)

    def device(self, kind: str) -> str:
        address = f"0x28{self.random.randrange(16**7):07x}"
        hardware, software = ("iPhone12,1", "17.1") if kind == "iPhone" else ("Watch6,2", "10.1")
        model = "iPhone" if kind == "iPhone" else "Watch"
        return (
            f"&lt;&lt;HKDevice: {address}&gt;, name:{kind}, manufacturer:Apple Inc., model:{model}, "
            f"hardware:{hardware}, software:{software}&gt;"
        )

    def record(self, kind: str, source: str, unit: str, start: datetime, end: datetime, value: object, inside: str = "") -> str:
        name, version = ("Ada’s iPhone", "17.1") if source == "iPhone" else ("Ada’s Apple\xa0Watch", "10.1")
        if source == "Health":
            name, version, device = "Health", "17.1", ""
        else:
            device = f' device="{self.device("iPhone" if source == "iPhone" else "Apple Watch")}"'
        shown = f' unit="{unit}"' if unit else ""
        head = (
            f' <Record type="{kind}" sourceName="{name}" sourceVersion="{version}"{device}{shown} creationDate="{stamp(end)}" '
            f'startDate="{stamp(start)}" endDate="{stamp(end)}" value="{value}"'
        )
        return f"{head}>\n{inside} </Record>\n" if inside else f"{head}/>\n"

    def intervals(self, minutes: int, chance: float) -> Iterator[tuple[datetime, datetime]]:
        for day in range(self.days):
            midnight = FIRST_DAY + timedelta(days=day)
            for slot in range(7 * 60, 23 * 60, minutes):
                if self.random.random() < chance:
                    start = midnight + timedelta(minutes=slot, seconds=self.random.randrange(50))
                    yield start, start + timedelta(seconds=self.random.randrange(60, 60 * minutes))

    def moving(self, kind: str, unit: str, source: str, minutes: int, chance: float, most: float) -> Iterator[str]:
        for start, end in self.intervals(minutes, chance):
            value = self.random.randrange(1, int(most)) if unit == "count" else round(self.random.random() * most, 5)
            line = self.record(kind, source, unit, start, end, value)
            yield line
            if self.random.random() < 0.002:
                yield line

    def heart(self) -> Iterator[str]:
        for day in range(self.days):
            at = FIRST_DAY + timedelta(days=day)
            while at.day == (FIRST_DAY + timedelta(days=day)).day:
                at += timedelta(seconds=self.random.randrange(120, 420))
                motion = f'  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="{self.random.randrange(3)}"/>\n'
                yield self.record("HKQuantityTypeIdentifierHeartRate", "Watch", "count/min", at, at, self.random.randrange(48, 150), motion)

    def nights(self) -> Iterator[str]:
        zone = '  <MetadataEntry key="HKTimeZone" value="Europe/Berlin"/>\n'
        for day in range(self.days):
            at = FIRST_DAY + timedelta(days=day, hours=22, minutes=self.random.randrange(90))
            for n in range(24):
                end = at + timedelta(minutes=self.random.randrange(8, 32))
                stage = f"HKCategoryValueSleepAnalysis{STAGES[n % 6]}"
                yield self.record("HKCategoryTypeIdentifierSleepAnalysis", "Watch", "", at, end, stage, zone)
                at = end

    def daily(self) -> Iterator[str]:
        entered = '  <MetadataEntry key="HKWasUserEntered" value="1"/>\n'
        for day in range(self.days):
            at = FIRST_DAY + timedelta(days=day, hours=7)
            resting, weight = self.random.randrange(50, 64), round(70 + self.random.random(), 1)
            yield self.record("HKQuantityTypeIdentifierRestingHeartRate", "Watch", "count/min", at, at + timedelta(hours=12), resting)
            sdnn = round(30 + 30 * self.random.random(), 4)
            yield self.record("HKQuantityTypeIdentifierHeartRateVariabilitySDNN", "Watch", "ms", at, at + timedelta(minutes=1), sdnn)
            yield self.record("HKQuantityTypeIdentifierBodyMass", "Health", "kg", at, at, weight, entered)

    def lines(self) -> Iterator[str]:
        yield PROLOG
        yield from self.heart()
        yield from self.moving("HKQuantityTypeIdentifierStepCount", "count", "iPhone", 10, 0.5, 900)
        yield from self.moving("HKQuantityTypeIdentifierStepCount", "count", "Watch", 5, 0.8, 500)
        yield from self.moving("HKQuantityTypeIdentifierDistanceWalkingRunning", "km", "iPhone", 10, 0.5, 0.7)
        yield from self.moving("HKQuantityTypeIdentifierDistanceWalkingRunning", "km", "Watch", 5, 0.8, 0.4)
        yield from self.moving("HKQuantityTypeIdentifierBasalEnergyBurned", "kcal", "Watch", 5, 0.6, 20)
        yield from self.moving("HKQuantityTypeIdentifierActiveEnergyBurned", "kcal", "Watch", 5, 0.6, 30)
        yield from self.daily()
        yield from self.nights()
        yield "</HealthData>\n"


def write(path: Path, megabytes: float, seed: int = 7) -> None:
    """Write an export of about `megabytes` (to a few per cent) to `path`."""
    days = max(1, round(megabytes * 1e6 / BYTES_A_DAY))
    with path.open("w", encoding="utf-8") as out:
        out.writelines(Export(days, seed).lines())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a made-up Apple Health export.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    write(given.out, given.megabytes, given.seed)
