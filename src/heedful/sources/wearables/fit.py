"""Garmin and other FIT files: activities, the watch's daily monitoring, scales; one file, a folder of them or a zip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.archives import is_zip
from heedful.sources.wearables.drafts import Draft, batches, empty
from heedful.sources.wearables.fit_messages import observed
from heedful.sources.wearables.fit_records import Records, records
from heedful.sources.wearables.parts import Part, opened, share

_CODES = (
    "active_energy", "body_fat", "body_mass_index", "body_weight", "diastolic_blood_pressure", "distance", "heart_rate", "hrv_rmssd",
    "oxygen_saturation", "respiratory_rate", "resting_heart_rate", "rr_interval", "sleep_stage", "steps", "stress_score",
    "systolic_blood_pressure", "vo2max", "workout",
)  # fmt: skip


class Fit:
    """Reads the FIT files of one person, `Options.subject`; on a scale of several users each becomes "<subject> user <number>".

    A file is read whole, its checksum first. Of several files a damaged one is set aside with its reason and the others are read.
    """

    card = SourceCard(
        name="wearables.fit",
        says="FIT files of Garmin, Wahoo, Suunto, Polar, Zwift or COROS: activities, daily monitoring, scales",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="Instants are UTC; the local day by the file's own local time stamp, else by the declared zone.",
        terms="The files are the person's own; positions and serial numbers in them are not kept.",
        tested_on="real: 37 files of fitdecode and Garmin's kit, four of them with intervals between beats; sleep, stress, oxygen, "
        "pressure, hrv_value and beat_intervals messages untested on real files",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the mark in the header; a folder or zip by the names of its files."""
        if path.is_file() and not is_zip(path, head):
            return 0.98 if head[8:12] == b".FIT" and head[:1] in (b"\x0c", b"\x0e") else 0.0
        return 0.9 if share(path, _is_fit) > 0.5 else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if there is no FIT file, or the only one is damaged."""
        with opened(path, _is_fit) as parts:
            if not parts:
                raise SourceError(path, "there is no FIT file in it", "Give a .fit file, or a folder or zip of them.")
            total = sum(part.size for part in parts)
            yield from batches(_drafts(parts, options), options, known_at, cursor, total)


def _is_fit(name: str) -> bool:
    return name.endswith(".fit")


def _drafts(parts: list[Part], options: Options) -> Iterator[Draft]:
    done = 0
    for part in parts:
        done += part.size
        found, broken = list[Records](), None
        try:
            for one in records(part.bytes(), part.place):
                found.append(one)
        except SourceError as error:
            broken = error
        rows, skipped, aside = observed(found) if found else (empty(), Counter[str](), Counter[str]())
        person = pl.when(pl.col("person").is_not_null()).then(pl.format("{} {}", pl.lit(options.subject or "self"), "person"))
        unread = [(1, f"{broken.reason}; {broken.cure}", None)] if broken and len(parts) > 1 else []
        yield Draft(part.name, rows.with_columns(person=person), unread, skipped, aside, done)
        if broken and len(parts) == 1:
            raise broken


SOURCES.add(Fit.card.name, Fit())
