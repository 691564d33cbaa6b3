"""What is known of a night beside its numbers: travel, alcohol, a vaccination, the day of the cycle. It changes what is expected.

Declared by the participant as a tag in the diary (`#alcohol`, `#travel`, `#vaccination`, `#period`) or as an answer to a question of that
name, held in the record (an immunization), or seen in the clock (sleep recorded two hours or more off the zone of the time before).
Nothing is guessed from plain sentences. A night in the reach of an annotation is still judged; where it is unusual the finding says what
explains it ("expected after a vaccination on 3 March"), and the night does not enter a baseline. Reach, in nights after the day declared:
alcohol 0 to 1, vaccination 1 to 2, travel 0 to 3; the first day of a period tells the second half of the cycle, in which heart rate and
skin temperature are higher (Shilaih et al. 2017, Sci Rep 7:1294), and is a context, not an excuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.derivations import Derivation, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Annotations, Answers, Diary, Observations, Records

REACH = {"alcohol": (0, 1), "vaccination": (1, 2), "travel": (0, 3)}
"""First and last night, counted from the day declared, on which an unusual value is expected."""
CYCLE_START = "cycle_start"
WORDS = {"alcohol": "after alcohol on", "vaccination": "after a vaccination on", "travel": "after travel on"}
SECOND_HALF, SHORTEST_CYCLE, LONGEST_CYCLE, USUAL_CYCLE = 13, 20, 45, 28
"""Days before the next period that count as the second half; lengths between two starts that are taken as one cycle."""
_TAGS = {"alcohol": r"#alcohol\b", "travel": r"#travel\b", "vaccination": r"#vaccin(?:e|ated|ation)\b", CYCLE_START: r"#period\b"}
_ITEMS = {
    "alcohol": "alcohol", "drinks": "alcohol", "travel": "travel", "vaccination": "vaccination", "vaccine": "vaccination",
    "period": CYCLE_START, "menstruation": CYCLE_START, "cycle_start": CYCLE_START,
}  # fmt: skip
ZONE_SHIFT_MINUTES, ZONE_LOOKBACK = 120, 14
ZONE_CODES = ("sleep_stage", "sleep_minutes")
_NO_NIGHT = pl.DataFrame(schema={"person": pl.String, "day": pl.Date, "because": pl.String})


@derivation(reads=(Diary,), writes=Annotations, by=("person", "day"), version=1)
def annotations_diary(diary: Frame[Consented[P], Diary]) -> Frame[Consented[P], Annotations]:
    """Tags of the diary, one row a person, day and kind."""
    text = pl.col("text").str.to_lowercase()
    found = [
        diary.data.filter(text.str.contains(pattern)).select("person", "day", kind=pl.lit(kind), source=pl.lit("diary"))
        for kind, pattern in _TAGS.items()
    ]
    return diary.derive(Annotations, _once(pl.concat(found)))


@derivation(reads=(Answers,), writes=Annotations, by=("person", "day"), version=1)
def annotations_answers(answers: Frame[Consented[P], Answers]) -> Frame[Consented[P], Annotations]:
    """Answers above zero, or yes, to an item named alcohol, drinks, travel, vaccination, vaccine, period, menstruation or cycle_start."""
    item = pl.col("item").str.to_lowercase()
    yes = (pl.col("value") > 0) | pl.col("value_text").str.to_lowercase().is_in(["yes", "true"])
    rows = answers.data.filter(item.is_in(list(_ITEMS)) & yes.fill_null(value=False))
    kind = item.replace_strict(_ITEMS, return_dtype=pl.String, default=None)
    return answers.derive(Annotations, _once(rows.select("person", "day", kind=kind, source=pl.lit("answers"))))


@derivation(reads=(Records,), writes=Annotations, by=("person",), version=1)
def annotations_records(records: Frame[Consented[P], Records]) -> Frame[Consented[P], Annotations]:
    """Immunizations of the record that were given and have a day."""
    given = ~pl.col("status").fill_null("").is_in(["not-done", "entered-in-error"])
    rows = records.data.filter((pl.col("type") == "Immunization") & given & pl.col("day").is_not_null())
    return records.derive(Annotations, _once(rows.select("person", "day", kind=pl.lit("vaccination"), source=pl.lit("records"))))


@derivation(
    reads=(Observations,), writes=Annotations, by=("person", "day"), lookback=ZONE_LOOKBACK, only={"observations": ZONE_CODES}, version=1
)
def annotations_clock(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Annotations]:
    """Travel: a day whose last row of sleep has a zone offset two hours or more off that of the last such day of the 14 before."""
    days = (
        observations.data.sort("person", "day", "start_at", "offset_minutes").group_by("person", "day", maintain_order=True)
        .agg(offset=pl.col("offset_minutes").last().cast(pl.Int32))
        .with_columns(before=pl.col("offset").shift().over("person"), since=pl.col("day").shift().over("person"))
    )  # fmt: skip
    near = (pl.col("day") - pl.col("since")).dt.total_days() <= ZONE_LOOKBACK
    moved = days.filter(near & ((pl.col("offset") - pl.col("before")).abs() >= ZONE_SHIFT_MINUTES))
    return observations.derive(Annotations, _once(moved.select("person", "day", kind=pl.lit("travel"), source=pl.lit("clock"))))


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique().sort("person", "day", "kind")


def expected_nights(annotations: pl.DataFrame) -> pl.DataFrame:
    """Nights in the reach of annotations: person, day, `because` ('expected after a vaccination on 2026-03-03'), one row a night.

    Where several reach a night the newest is named, then the first by name.
    """
    if annotations.is_empty():
        return _NO_NIGHT
    reached = annotations.filter(pl.col("kind").is_in(list(REACH)))
    first, last = (pl.col("kind").replace_strict({k: r[n] for k, r in REACH.items()}, return_dtype=pl.Int64, default=None) for n in (0, 1))
    words = pl.col("kind").replace_strict(WORDS, return_dtype=pl.String, default=None)
    return (
        reached.with_columns(because=pl.format("expected {} {}", words, "day"), night=pl.int_ranges(first, last + 1))
        .select("person", "kind", "because", "night", declared="day")
        .explode("night").with_columns(day=pl.col("declared") + pl.duration(days=pl.col("night")))
        .sort("person", "day", "declared", "kind", descending=[False, False, True, False])
        .unique(["person", "day"], keep="first", maintain_order=True).select("person", "day", "because")
    )  # fmt: skip


class Noted:
    """What was noted of one person: `notes` (day, kind, source), and the nights that it explains, by day (`because`).

    >>> noted = Noted()
    >>> sorted(noted.change([], [(3, "vaccination", "records")])), noted.because[4]
    ([4, 5], 'expected after a vaccination on 1970-01-04')
    """

    def __init__(self) -> None:
        self.notes = set[tuple[int, str, str]]()
        self.because: dict[int, str] = {}

    def change(self, gone: Iterable[tuple[int, str, str]], came: Iterable[tuple[int, str, str]]) -> set[int]:
        """Take notes out, then set others; the days that they explain otherwise than before."""
        self.notes = (self.notes - set(gone)) | set(came)
        columns = list(zip(*sorted(self.notes), strict=True)) or [(), (), ()]
        rows = pl.DataFrame({"day": columns[0], "kind": columns[1]}, schema={"day": pl.Int32, "kind": pl.String})
        known = expected_nights(rows.select(pl.lit("").alias("person"), pl.col("day").cast(pl.Date), "kind"))
        because = dict(zip(known["day"].to_physical().to_list(), known["because"].to_list(), strict=True))
        before, self.because = self.because, because
        return {day for day in {*because, *before} if because.get(day) != before.get(day)}


def notes_by_person(gone: pl.DataFrame, came: pl.DataFrame) -> Iterator[tuple[str, list[tuple[int, str, str]], list[tuple[int, str, str]]]]:
    """Of each person the notes that went and those that came, as `Noted` takes them."""
    told: dict[str, tuple[list[tuple[int, str, str]], list[tuple[int, str, str]]]] = {}
    for place, rows in enumerate((gone, came)):
        for person, day, kind, source in rows.select("person", pl.col("day").to_physical(), "kind", "source").iter_rows():
            told.setdefault(person, ([], []))[place].append((day, kind, source))
    return ((person, *parts) for person, parts in told.items())


def held_nights(kinds: list[str], declared: NDArray[np.int64], first: int, count: int) -> NDArray[np.bool_]:
    """Which of `count` nights from day `first` on lie in the reach of an annotation."""
    out = np.zeros(count, np.bool_)
    for kind, day in zip(kinds, declared.tolist(), strict=True):
        begin, end = REACH.get(kind, (0, -1))
        out[max(day + begin - first, 0) : max(day + end + 1 - first, 0)] = True
    return out


def second_half(starts: NDArray[np.int64], days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of `days` lies in the second half of a cycle, as far as starts up to that day tell: the last start, with the median
    length of the cycles before it (28 days without one), gives the next; beyond it, or over 45 days after a start, nothing is said.

    >>> second_half(np.array([0, 28]), np.array([14, 15, 16, 44, 60])).tolist()
    [False, True, True, True, False]
    """
    starts = np.unique(starts)
    out = np.zeros(len(days), np.bool_)
    for place, day in enumerate(days.tolist() if starts.size else []):
        known = starts[starts <= day]
        if not known.size:
            continue
        lengths = np.diff(known)
        lengths = lengths[(lengths >= SHORTEST_CYCLE) & (lengths <= LONGEST_CYCLE)]
        length = int(np.median(lengths)) if lengths.size else USUAL_CYCLE
        out[place] = length - SECOND_HALF <= day - known[-1] < length
    return out


DERIVATIONS: tuple[Derivation, ...] = (annotations_diary, annotations_answers, annotations_records, annotations_clock)
"""The derivations that write `Annotations`."""
