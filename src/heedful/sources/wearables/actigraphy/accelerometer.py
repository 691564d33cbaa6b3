"""Raw recordings of research accelerometers: ActiGraph GT3X, Axivity CWA and GENEActiv, told in minutes; the samples are not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Observations, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.wearables.actigraphy.acceleration import Minutes, RawFormat, Recording, Unread
from heedful.sources.wearables.actigraphy.angles import Angles
from heedful.sources.wearables.actigraphy.cwa import CWA
from heedful.sources.wearables.actigraphy.drift import SETTING, gain
from heedful.sources.wearables.actigraphy.geneactiv import GENEACTIV
from heedful.sources.wearables.actigraphy.gt3x import GT3X
from heedful.sources.wearables.archives import DECODING, head_of, plain_or_gzip
from heedful.sources.wearables.drafts import COLUMNS, Draft, batches

FORMATS: tuple[RawFormat, ...] = (CWA, GENEACTIV, GT3X)
SCANT = "minute with less than 6 seconds of samples"
SCANT_ANGLE = "five seconds with less than 4.5 seconds of samples"
_DRAFT = 1_440
_MOST_UNREAD = 10_000
"""Parts that cannot be read; a file with more is another kind of file."""
_SUMMARY = ("acceleration_enmo", "acceleration_mad", "acceleration_mean")
_CODES = (*_SUMMARY, "arm_angle")


class Accelerometer:
    """Reads one recording of one person, `Options.subject`; or each of a folder. A minute counts what was recorded in it; the angle of
    the arm is told each 5 seconds, for sleep by van Hees.

    Setting: `first_day` ("2018-01-23") moves a recording whose dates were put into the past to begin on that day; `clock_gain_seconds` is
    how many seconds a day the device's clock was found to gain, and takes that out. ActiGraph's counts are
    not made from raw samples here: export them with its own program as .agd or .csv.
    """

    card = SourceCard(
        name="wearables.accelerometer",
        says="a raw recording of an accelerometer: ActiGraph GT3X, Axivity CWA or GENEActiv BIN, told in minutes, and the arm's angle",
        family="wearables",
        tables=(Observations, Quarantine),
        zone_rule="By the offset that the file names (GT3X, GENEActiv), else by the declared zone at the start; the clock is never set.",
        terms="Data of participants: only under their consent; names and dates of birth in the files are not kept.",
        tested_on="real: samples of read.gt3x, pygt3x and GGIRread; GT3X of before 2013 (activity.bin) and AX6 untested on real files; "
        "ENMO and MAD without calibration on the recording itself",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the first bytes, or a zip's members; a folder if all its files are recordings."""
        if path.is_file():
            return 0.9 if any(one.fits(path, head) for one in FORMATS) else 0.0
        files = _files(path) if path.is_dir() else []
        return 0.85 if files and all(_format(file) for file in files[:20]) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations. Errors: `SourceError` if no recording is there or the only one cannot be read; `SettingsError`."""
        unknown = sorted(set(options.settings) - {"first_day", SETTING})
        if unknown:
            raise SettingsError(f"{path}: wearables.accelerometer does not know the settings {unknown}. It knows: first_day, {SETTING}.")
        gain(path, options.settings)
        files = _files(path) if path.is_dir() else [path]
        if not files or not files[0].is_file():
            raise SourceError(path, "there is no recording in it", "Give a .gt3x, .cwa or GENEActiv .bin file, or a folder of them.")
        total = sum(file.stat().st_size for file in files)
        yield from batches(_drafts(files, options), options, known_at, cursor, total)


def _files(folder: Path) -> list[Path]:
    wanted = (".gt3x", ".cwa", ".bin", ".cwa.gz", ".bin.gz")
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink() and file.name.lower().endswith(wanted)]


def _format(path: Path) -> RawFormat | None:
    head = head_of(lambda: plain_or_gzip(path))
    return next((one for one in FORMATS if one.fits(path, head)), None)


def _drafts(files: list[Path], options: Options) -> Iterator[Draft]:
    done = 0
    for file in files:
        done += file.stat().st_size
        try:
            found = _format(file)
            if found is None:
                cure = "Give a .gt3x, .cwa or GENEActiv .bin file as the device's program downloads it."
                raise SourceError(file, "it is no accelerometer's recording of a kind that is known", cure)
            recording = found.read(file)
            notes = Counter(recording.notes)
            for draft in _of_recording(file, recording, options):
                draft.done, draft.aside, notes = done, draft.aside + notes, Counter()
                yield draft
        except SourceError as error:
            if len(files) == 1:
                raise
            yield Draft(file.name, pl.DataFrame(schema=COLUMNS), [(error.line or 1, f"{error.reason}; {error.cure}", None)], done=done)


def _of_recording(file: Path, recording: Recording, options: Options) -> Iterator[Draft]:
    minutes, told, unread, clock, seen = Minutes(), list[pl.DataFrame](), list[tuple[int, str, str | bytes | None]](), None, False
    angles, turned = Angles(recording.rate), list[pl.DataFrame]()
    count = 0
    try:
        for piece in recording.pieces:
            if isinstance(piece, Unread):
                unread.append((piece.page, piece.reason, None))
                count += 1
                if count > _MOST_UNREAD:
                    raise SourceError(file, f"more than {_MOST_UNREAD:,} parts of it cannot be read", "Copy the recording again.")
                continue
            seen = True
            clock = clock or _Clock(int(piece.at[0]), recording.offset_minutes, options)
            told.append(minutes.add(piece))
            turned.append(angles.add(piece))
            if sum(one.height for one in told) >= _DRAFT:
                yield _draft(file, told, turned, unread, recording, clock)
                told, turned, unread = [], [], []
    except DECODING as error:
        raise SourceError(file, f"it cannot be read ({error})", "Copy the recording again from the device.") from error
    if not seen:
        why = unread[0][1] if unread else "there is no sample in it"
        raise SourceError(file, f"no sample of it can be read: {why}", "Copy the recording again from the device.")
    if clock is not None:
        yield _draft(file, [*told, minutes.rest()], [*turned, angles.rest()], unread, recording, clock)


class _Clock:
    """From the device's clock to UTC: one offset for the whole recording, because the clock is never set."""

    def __init__(self, first: int, offset: int | None, options: Options) -> None:
        self.shift, self.minutes, self.first = 0, offset, first
        self.gain = gain(Path(options.name), options.settings)
        if wanted := str(options.settings.get("first_day", "")):
            try:
                day = datetime.fromisoformat(wanted)
            except ValueError as error:
                raise SettingsError(f"first_day is a day such as 2018-01-23, not {wanted!r}.") from error
            self.shift = (day.date() - (datetime(1970, 1, 1) + timedelta(microseconds=first)).date()).days * 86_400_000_000
        naive = pl.Series([first + self.shift]).cast(pl.Datetime("us"))
        if offset is None:
            utc = naive.dt.replace_time_zone(options.zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
            self.gap = int((naive - utc.dt.replace_time_zone(None)).dt.total_microseconds().fill_null(0)[0])
        else:
            self.gap = offset * 60_000_000

    def utc(self, column: str) -> pl.Expr:
        late = ((pl.col(column) - self.first) * self.gain / 1_000).round().cast(pl.Int64) * 1_000  # to the millisecond
        return (pl.col(column) - late + (self.shift - self.gap)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(INSTANT)


def _draft(
    file: Path,
    told: list[pl.DataFrame],
    turned: list[pl.DataFrame],
    unread: list[tuple[int, str, str | bytes | None]],
    recording: Recording,
    clock: _Clock,
) -> Draft:
    table, turns = pl.concat(told), pl.concat(turned)
    enough = pl.col("samples") >= 6 * recording.rate * 0.98
    whole = pl.col("samples") >= 4.5 * recording.rate
    skipped = Counter({SCANT: len(_SUMMARY) * table.filter(~enough).height, SCANT_ANGLE: turns.filter(~whole).height})
    seconds = (pl.col("samples") / recording.rate).round(1)
    table = table.filter(enough).with_columns(extra=pl.when(seconds < 59).then(_noted("seconds", seconds)), lasts=pl.lit(60))
    rows = table.unpivot(list(_SUMMARY), index=["line", "minute", "extra", "lasts"], variable_name="code", value_name="value")
    angles = turns.filter(whole).select(
        "line", pl.col("at").alias("minute"), extra=pl.lit(None, pl.String), lasts=pl.lit(5), code=pl.lit("arm_angle"), value="arm_angle"
    )
    rows = (
        pl.concat([rows, angles]).with_columns(
            pl.col("value").round(3),
            start_at=clock.utc("minute"), offset_minutes=pl.lit(clock.minutes, pl.Int16), device=pl.lit(recording.device),
        )
        .with_columns(
            end_at=pl.col("start_at") + pl.duration(seconds="lasts"), written=pl.format("{} {} at {}", "code", "value", "start_at")
        )
        .sort("start_at", "code", maintain_order=True)
    )  # fmt: skip
    return Draft(file.name, rows.select([pl.col(name).cast(COLUMNS[name]) for name in COLUMNS if name in rows.columns]), unread, skipped)


def _noted(name: str, value: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit(f'{{"{name}":'), value.cast(pl.String), pl.lit("}"))


SOURCES.add(Accelerometer.card.name, Accelerometer())
