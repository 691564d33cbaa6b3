"""A Fitbit account export, as Google Takeout gives it: a folder, its zip, or one of its files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import INSTANT, Observations, Quarantine
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.cut_json import BrokenOffError
from heedful.sources.quarantine import QuarantineList
from heedful.sources.wearables import fitbit_sleep, plausible
from heedful.sources.wearables.archives import DECODING, is_zip
from heedful.sources.wearables.levels import Holding, days_of, spoken_for
from heedful.sources.wearables.numbering import Numbering, mixed
from heedful.sources.wearables.takeout_clock import Clock, clock, offset_of_cut
from heedful.sources.wearables.takeout_files import Part, is_known, opened
from heedful.sources.wearables.takeout_kinds import DAY, KINDS, Kind, kind_of, left_out

REPEAT = "exact repeat of a row: same time and value"
NEXT_DAYS = "row that begins the next day's file"
NOTHING = "nothing measured: empty, or the value that Fitbit writes for it"
_CURE = "Give the folder 'Fitbit' of a Google Takeout, the zip of it, or one of its files under its own name."
_OTHER = "Give the whole folder, or another file of it; of a table of your own declare a mapping (records.mapped)."
_SLEEP_CODES = ("sleep_stage", "sleep_minutes", "time_in_bed")
_CODES = tuple(sorted({kind.code for kind in KINDS if kind.code in CODES} | set(_SLEEP_CODES)))
_FORMATS = ("%m/%d/%y %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


@dataclass
class Draft:
    """Observations of one file before they are judged: code, local or start_at, end_at, value, value_code, unit, how, minutes, line."""

    rows: pl.DataFrame
    records: int
    skipped: Counter[str] = field(default_factory=Counter)


_NO_ROWS = pl.DataFrame(
    schema={
        "line": pl.Int64, "written": pl.String, "local": pl.Datetime("us"), "value": pl.Float64, "value_code": pl.String, "code": pl.String,
        "how": pl.String, "unit": pl.String, "minutes": pl.Float64, "is_local": pl.Boolean,
    }
)  # fmt: skip


class FitbitTakeout:
    """Reads one person's export; the person is `Options.subject`, or "self".

    Samples that stand in several files count once: of files with the same code the finest speaks for a day, then the first of
    `takeout_kinds.KINDS` (Global Export before GoogleData). The rest is skipped as 'same rows in …' or 'total of finer rows in …'.
    """

    card = SourceCard(
        name="wearables.fitbit_takeout",
        says="a Fitbit account export from Google Takeout (the folder Fitbit, or its zip)",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="UTC or local by kind of file; zone: setting, else profile, else where daily heart rate files are cut, else UTC.",
        terms="The export is the person's own; the account, profile and location files in it are not read but for the zone.",
        tested_on="real: parts of two persons' exports, folder and zip, and files of an older export",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the names of the files, which say what they hold; a single file must also begin as one of Fitbit's does."""
        if path.is_file() and not is_zip(path, head):
            begins = b'"dateTime"' in head[:200] or b'"logId"' in head[:200] or head.lower().startswith((b"timestamp", b"date"))
            if left_out(path.name):
                return 0.6
            return 0.8 if is_known(path.name) and begins else 0.0
        try:
            with opened(path) as (parts, others):
                known = sum(is_known(part.name) for part in parts)
        except (SourceError, *DECODING):
            return 0.0
        return 0.9 if known and known * 4 >= len(parts) + len(others) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of one file each, or of parts of it. Errors: `SourceError` if nothing of the export is here, or its only
        file breaks off; of several files one that cannot be read is set aside with its reason."""
        if not path.exists() or (path.is_file() and not path.stat().st_size):
            raise SourceError(path, "the file is empty or absent", _CURE)
        done_file, done_row = (int(cursor["file"]), int(cursor["row"])) if cursor else (-1, 0)
        with opened(path) as (parts, others):
            known = [part for part in parts if is_known(part.name)]
            if not known and len(parts) == 1 and (why := left_out(parts[0].name)):
                raise SourceError(path, f"by its name it is a file of a Fitbit export that is left out: {why}", _OTHER)
            if not known:
                raise SourceError(path, "no file in it has the name of a Fitbit export's", _CURE)
            reading = _Reading(options, known_at, known, _clock(options, parts))
            others_of = [part.name for part in parts if not is_known(part.name)]
            aside = Counter(f"file left out: {why}" if (why := left_out(name)) else f"file not read: {name}" for name in others_of)
            aside["file of another person or product"] += len(others)
            total, done = sum(part.size for part in known), 0
            for number, part in enumerate(known):
                done += part.size
                if number >= done_file:
                    told = aside if cursor is None and number == 0 else Counter[str]()
                    for batch in reading.batches(part, number, +told, (done, total)):
                        if number > done_file or batch.cursor["row"] > done_row:
                            yield batch


class _Reading:
    """One reading of an export: its clock, and which kind of file speaks for which day."""

    def __init__(self, options: Options, known_at: datetime, parts: list[Part], clock: Clock) -> None:
        self._options, self._known_at, self._clock = options, known_at, clock
        self._person, self._alone = options.subject or "self", len(parts) == 1
        self._spoken_for = self._shared_days(parts)

    def _shared_days(self, parts: list[Part]) -> dict[tuple[str, str], pl.DataFrame]:
        by_kind: dict[Kind, list[Part]] = {}
        for part in parts:
            if (kind := kind_of(part.name)) is not None:
                by_kind.setdefault(kind, []).append(part)
        shared = Counter(kind.code for kind in by_kind)
        holdings = []
        for kind in (one for one in KINDS if one in by_kind and shared[one.code] > 1):
            days, _ = days_of(self._placed(draft.rows) for part in by_kind[kind] if (draft := _readable(part, kind)))
            holdings.append(Holding(kind.label, kind.code, kind.minutes, len(KINDS) - KINDS.index(kind), days))
        return spoken_for(holdings)

    def batches(self, part: Part, number: int, aside: Counter[str], progress: tuple[int, int]) -> Iterator[Batch]:
        kind, quarantine = kind_of(part.name), QuarantineList(self._options.name, Path(part.name), self._known_at)
        broken: SourceError | None = None
        try:
            draft = _of_kind(part, kind, quarantine)
        except BrokenOffError as error:
            draft, broken = _of_kind(part.of(error.whole.data), kind, quarantine), error
        except SourceError as error:
            if self._alone:
                raise
            draft, broken = Draft(_NO_ROWS, 0, Counter()), error
        if broken and not self._alone:
            quarantine.add(broken.line or 1, f"{broken.reason}; {broken.cure}")
            draft = replace(draft, records=draft.records + 1)
        rows = self._judged(self._once(self._placed(draft.rows), kind, draft.skipped), quarantine)
        rows = _numbered(rows, draft.skipped)
        cuts = range(0, rows.height, BATCH_ROWS) if rows.height else range(1)
        records, skipped, frames = draft.records, +draft.skipped, quarantine.take()
        for start in cuts:
            piece = rows.slice(start, BATCH_ROWS)
            first, last = start == 0, start + BATCH_ROWS >= rows.height
            yield Batch(
                rows=((frame(piece, Observations),) if piece.height else ()) + (frames if first else ()),
                cursor={"file": number, "row": start + max(1, piece.height)},
                done=progress[0] if last else progress[0] - part.size,
                total=progress[1],
                records=piece.height + (records - rows.height if first else 0),
                skipped=dict(skipped) if first else {},
                aside=dict(aside) if first else {},
            )
        if broken and self._alone:
            raise broken

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with person, start_at, end_at, day and offset, by the clock."""
        instants = rows.filter(~pl.col("is_local")).with_columns(start_at=pl.col("local").dt.replace_time_zone("UTC").cast(INSTANT))
        parts = [self._clock.of_instants(instants), self._clock.of_local_times(rows.filter(pl.col("is_local")))]
        placed = pl.concat([part for part in parts if part.height] or parts[:1], how="diagonal").sort("line", maintain_order=True)
        lasting = pl.when(pl.col("minutes") == DAY).then(self._clock.end_of_day())
        end = lasting.otherwise(pl.col("start_at") + pl.duration(microseconds=(pl.col("minutes") * 60_000_000).cast(pl.Int64)))
        return placed.with_columns(person=pl.lit(self._person), end_at=end.cast(INSTANT))

    def _once(self, rows: pl.DataFrame, kind: Kind | None, skipped: Counter[str]) -> pl.DataFrame:
        others = self._spoken_for.get((kind.label, kind.code)) if kind else None
        if others is None:
            return rows
        told = rows.join(others, on=["person", "day"], how="left", maintain_order="left")
        skipped.update(dict(told.filter(pl.col("reason").is_not_null()).group_by("reason").len().rows()))
        return told.filter(pl.col("reason").is_null()).drop("reason")

    def _judged(self, rows: pl.DataFrame, quarantine: QuarantineList) -> pl.DataFrame:
        low, high = ({code: float(getattr(known, end)) for code, known in CODES.items()} for end in ("low", "high"))
        bounds = {
            "low": pl.col("code").replace_strict(low, default=float("-inf"), return_dtype=pl.Float64),
            "high": pl.col("code").replace_strict(high, default=float("inf"), return_dtype=pl.Float64),
        }
        numberless = pl.col("value").is_null() & pl.col("value_code").is_null()
        reason = pl.when(numberless).then(pl.lit("the value is not a number")).otherwise(plausible.trouble(self._known_at))
        judged = rows.with_columns(**bounds).with_columns(reason=reason, known_at=pl.lit(self._known_at, dtype=INSTANT))
        for line, why, content in judged.filter(pl.col("reason").is_not_null()).select("line", "reason", "written").iter_rows():
            quarantine.add(line, why, content)
        return judged.filter(pl.col("reason").is_null())


def _numbered(rows: pl.DataFrame, skipped: Counter[str]) -> pl.DataFrame:
    """Rows with their number among others of the code and start, without exact repeats, as the table wants them."""
    codes = {code: number for number, code in enumerate(sorted(set(rows["code"].to_list())))}
    series = np.array([codes[code] for code in rows["code"].to_list()], np.int64)
    words = rows["value_code"].fill_null("").hash().to_numpy() if rows.height else np.zeros(0, np.uint64)
    end = rows["end_at"].dt.timestamp("us").to_numpy()
    content = mixed(rows["value"].fill_null(0.0).to_numpy(), words, end)
    row, repeated = Numbering().assign(series, rows["start_at"].dt.timestamp("us").to_numpy(), content)
    skipped[REPEAT] += int(repeated.sum())
    rows = rows.with_columns(row=pl.Series(row, dtype=pl.Int32), device=pl.lit("Fitbit")).filter(pl.Series(~repeated, dtype=pl.Boolean))
    return rows.select([name for name in Observations.columns if name in rows.columns])


def _of_kind(part: Part, kind: Kind | None, quarantine: QuarantineList) -> Draft:
    return _drafted(part, kind) if kind else _drafted_sleep(part, quarantine)


def _readable(part: Part, kind: Kind) -> Draft | None:
    """The rows of a file, or None where it cannot be read, which is said when its turn comes."""
    try:
        return _drafted(part, kind)
    except BrokenOffError as error:
        return _drafted(part.of(error.whole.data), kind)
    except SourceError:
        return None


def _drafted(part: Part, kind: Kind) -> Draft:
    """The rows of a file of measurements."""
    records = _json_records(part, kind) if kind.is_json else [(row.get(kind.stamp), row.get(kind.value)) for row in part.rows()]
    lines = [(number, stamp, None if value is None else str(value)) for number, (stamp, value) in enumerate(records, start=1)]
    written = pl.DataFrame(lines, schema={"line": pl.Int64, "stamp": pl.String, "written": pl.String}, orient="row")
    value = pl.col("written").cast(pl.Float64, strict=False).fill_nan(None)
    nothing = pl.col("written").fill_null("").is_in(["", "NaN"]) | value.is_in(list(kind.missing)).fill_null(value=False)
    kept = written.filter(~nothing)
    known = CODES.get(kind.code)
    rows = kept.select(
        "line",
        written=pl.format("{} {}", pl.col("stamp").fill_null("(no time)"), pl.col("written")),
        local=_time(pl.col("stamp"), kind),
        value=value * kind.factor,
        value_code=pl.lit(None, dtype=pl.String),
        code=pl.lit(kind.code),
        how=pl.lit(kind.how),
        unit=pl.lit(known.unit if known else kind.unit),
        minutes=pl.lit(float(kind.minutes)),
        is_local=pl.lit(kind.times != "utc"),
    )
    draft = Draft(rows, len(records), Counter({NOTHING: written.height - kept.height}))
    return _own_day(part, draft) if kind.overlaps else draft


def _own_day(part: Part, draft: Draft) -> Draft:
    """The draft without rows of a later day than the file is named after."""
    named = re.search(r"\d{4}-\d\d-\d\d", part.name)
    own = draft.rows.filter(pl.col("local").is_null() | (pl.col("local").dt.date().cast(pl.String) <= (named[0] if named else "9")))
    return Draft(own, draft.records, draft.skipped + Counter({NEXT_DAYS: draft.rows.height - own.height}))


def _json_records(part: Part, kind: Kind) -> list[tuple[str | None, Any]]:
    keys, found = kind.value.split("."), []
    for record in part.json():
        value: Any = record if isinstance(record, dict) else {}
        stamp = value.get(kind.stamp)
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        found.append((stamp if isinstance(stamp, str) else None, value))
    return found


def _time(stamp: pl.Expr, kind: Kind) -> pl.Expr:
    plain = stamp.str.strip_suffix("Z")
    read = pl.coalesce([plain.str.strptime(pl.Datetime("us"), form, strict=False) for form in _FORMATS])
    return read.dt.truncate("1d") if kind.times == "date" else read


def _drafted_sleep(part: Part, quarantine: QuarantineList) -> Draft:
    """The stretches of each night, and its minutes asleep and in bed. Records are the stretches and two totals a log."""
    rows: list[tuple[Any, ...]] = []
    skipped = Counter[str]()
    set_aside = 0
    for number, log in enumerate(part.json(), start=1):
        try:
            start, found = datetime.fromisoformat(log["startTime"]), fitbit_sleep.stretches(log)
            totals = [(log["minutesAsleep"], "sleep_minutes"), (log["timeInBed"], "time_in_bed")]
            length = float(log["duration"]) / 60_000
        except (KeyError, TypeError, ValueError) as error:
            quarantine.add(number, f"the sleep log cannot be read: {type(error).__name__} {error}", str(log)[:10_000])
            set_aside += 1
            continue
        rows += [(number, begin, None, stage, "sleep_stage", (end - begin).total_seconds() / 60) for begin, end, stage in found]
        rows += [(number, start, float(value), None, code, length) for value, code in totals]
    schema: dict[str, Any] = {"line": pl.Int64, "local": pl.Datetime("us"), "value": pl.Float64, "value_code": pl.String}
    schema |= {"code": pl.String, "minutes": pl.Float64}
    units = {code: CODES[code].unit for code in _SLEEP_CODES}
    table = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        unit=pl.col("code").replace_strict(units, return_dtype=pl.String), how=pl.lit("vendor_derived"), is_local=pl.lit(value=True),
        written=pl.format("{} {}", pl.col("code"), pl.col("local")),
    )  # fmt: skip
    return Draft(table, len(rows) + set_aside, skipped)


def _clock(options: Options, parts: list[Part]) -> Clock:
    """The declared zone, else the profile's, else the offsets at which daily files of heart rate were cut, else UTC."""
    declared = str(options.settings.get("zone") or (options.zone if options.zone != "UTC" else "")) or _zone_of_profile(parts)
    return clock(declared, [] if declared else _cuts(parts))


def _zone_of_profile(parts: list[Part]) -> str:
    for part in parts:
        if part.name == "Profile.csv":
            return next((row["timezone"] for row in part.rows() if row.get("timezone")), "") or ""
    return ""


def _cuts(parts: list[Part]) -> Iterator[tuple[date, int]]:
    for part in parts:
        kind = kind_of(part.name)
        if kind and kind.is_json and kind.code == "heart_rate":
            day = date.fromisoformat(part.name.removeprefix("heart_rate-")[:10])
            draft = _readable(part, kind)
            stamps = (draft.rows if draft else _NO_ROWS)["local"].drop_nulls()
            offset = offset_of_cut(day, stamps.min(), stamps.max()) if len(stamps) else None  # type: ignore[arg-type]
            if offset is not None:
                yield day, offset


SOURCES.add(FitbitTakeout.card.name, FitbitTakeout())
