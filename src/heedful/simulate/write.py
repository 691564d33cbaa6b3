"""The town as ordinary files, of the kinds that sources read, and its truth beside them. Everything is marked as synthetic.

posts.jsonl             id, author, created_at, text, location, lang, synthetic
wearables/<person>/     minuteStepsNarrow_merged.csv, heartrate_seconds_merged.csv, minuteSleep_merged.csv (Fitabase, local time)
observations.csv        person, code, start_at, end_at, value, value_code, unit, device, zone: phones' steps, pill boxes' doses
dispensing.csv          PATIENT_ID, DATE, PERDAY, CATEGORY, DURATION
diary.csv               person, entry, written_at, text, language
official_series.csv     place, date, issue_date, value
people.csv              person, zone, birth_year, sex, place, language
population.csv          place, stratum, people: what estimates are weighted to
consents.csv            person, purpose, kinds, from_at, until_at, act
linked_accounts.csv     person, source, account, proof, by, reference: public accounts that participants call their own
truth.json, truth_posts.csv, truth_diary.csv    the answers; not to be read by the loop that they judge
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from heedful.simulate.concepts import DRUGS, PLACES
from heedful.simulate.devices import MINUTES, WatchData, minute_table, phone_steps, record, responses
from heedful.simulate.diaries import diaries
from heedful.simulate.official import official_series
from heedful.simulate.pharmacy import dispensing, doses, missed_doses
from heedful.simulate.posts import write_posts
from heedful.simulate.town import Size, Town, build
from heedful.simulate.truth import Effect, Truth, truth_to_json

NOTE = "Made by heedful's simulator. No person, post or measurement here is real.\n"
_ISO = "%Y-%m-%dT%H:%M:%S%:z"
PURPOSES = ("care", "research", "public_health")


@dataclass(frozen=True)
class Written:
    """What was written: the town, its truth, and the files by their name (folders for wearables)."""

    town: Town
    truth: Truth
    files: dict[str, Path]


def write_town(folder: Path, seed: int = 7, size: Size | None = None, progress: Callable[[str], None] | None = None) -> Written:
    """Build the town of `seed` and write it into `folder` (made if it is not there; files of the same name are replaced).

    `progress` is told the name of each part that is about to be written. The same seed and size write the same bytes.
    """
    tell = progress or (lambda _: None)
    folder.mkdir(parents=True, exist_ok=True)
    town = build(seed, size)
    (folder / "SYNTHETIC.txt").write_text(NOTE)
    tell("posts")
    table = write_posts(town)
    table.posts.with_columns(pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_ndjson(folder / "posts.jsonl")
    table.truth.write_csv(folder / "truth_posts.csv")
    tell("wearables")
    not_worn, phones = _wearables(folder / "wearables", town)
    tell("records")
    missed = missed_doses(town)
    _observations(town, phones, doses(town, missed)).write_csv(folder / "observations.csv")
    dispensing(town).write_csv(folder / "dispensing.csv")
    entries, told = diaries(town)
    _zoned(entries, "wall", "written_at").select("person", "entry", "written_at", "text", "language").write_csv(folder / "diary.csv")
    told.write_csv(folder / "truth_diary.csv")
    issued = pl.col("issue_date") <= town.size.first_day + timedelta(days=town.size.days)  # what is known on the day after the last
    official_series(town).filter(issued).write_csv(folder / "official_series.csv")
    town.people.select("person", "zone", "birth_year", "sex", "place", "language").write_csv(folder / "people.csv")
    pl.DataFrame([(place.code, "all", place.people) for place in PLACES], schema=["place", "stratum", "people"], orient="row").write_csv(
        folder / "population.csv"
    )
    consents(town).write_csv(folder / "consents.csv")
    linked_accounts(town).write_csv(folder / "linked_accounts.csv")
    truth = _truth(town, table.truth, told, not_worn, missed)
    (folder / "truth.json").write_bytes(truth_to_json(truth))
    names = (
        "posts.jsonl",
        "wearables",
        "observations.csv",
        "dispensing.csv",
        "diary.csv",
        "official_series.csv",
        "people.csv",
        "population.csv",
        "consents.csv",
        "linked_accounts.csv",
    )
    return Written(town, truth, {name: folder / name for name in names})


def write_responses(folder: Path, town: Town, decisions: pl.DataFrame) -> list[Path]:
    """Write how responders' steps changed after messages: `minuteSteps_responses.csv` in each responder's folder of `wearables`.

    `decisions`: person (the town's raw id), scheduled_at, action. The files hold the changed minutes alone, as a vendor's
    corrected export does; read later than the first export, their rows replace the old ones. Files without a change are not written.
    """
    paths = []
    for person, minutes in sorted(responses(town, decisions).items()):
        path = folder / "wearables" / person / "minuteSteps_responses.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        minutes.write_csv(path)
        paths.append(path)
    return paths


def _wearables(folder: Path, town: Town) -> tuple[dict[str, tuple[date, ...]], list[pl.DataFrame]]:
    """Write each watch's three files; answer the days not worn by person, and the rows of the phones."""
    not_worn: dict[str, tuple[date, ...]] = {}
    phones = []
    minutes = {zone: minute_table(town, zone) for zone in sorted(set(town.people["zone"]))}
    for row, (person, zone, watch, phone) in enumerate(town.people.select("person", "zone", "watch", "phone").iter_rows()):
        if not (watch or phone):
            continue
        data = record(town, row)
        if watch:
            _fitabase(folder / person, data, minutes[zone])
            not_worn[person] = tuple(town.day(int(day)) for day in np.flatnonzero(~data.worn.any(axis=1)))
        if phone:
            phones.append(phone_steps(town, data, row).with_columns(person=pl.lit(person), zone=pl.lit(zone)))
    return not_worn, phones


def _fitabase(folder: Path, data: WatchData, minutes: pl.DataFrame) -> None:
    """As Fitabase writes it: a watch that is not worn says 0 steps and no heart rate."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = minutes.with_columns(
        steps=pl.Series(np.where(data.worn, data.steps, 0).ravel()), heart=pl.Series(data.heart_rate.ravel()),
        sleep=pl.Series(data.sleep.ravel()), worn=pl.Series(data.worn.ravel()), night=pl.Series(_nights(data)),
    ).filter("exists")  # fmt: skip
    person = pl.lit(data.person).alias("Id")
    rows.select(person, ActivityMinute="written", Steps="steps").write_csv(folder / "minuteStepsNarrow_merged.csv")
    worn = rows.filter("worn")
    worn.select(person, Time="written", Value="heart").write_csv(folder / "heartrate_seconds_merged.csv")
    worn.filter(pl.col("sleep") > 0).select(person, date="written", value="sleep", logId="night").write_csv(
        folder / "minuteSleep_merged.csv"
    )


def _nights(data: WatchData) -> np.ndarray:
    """A running number for each sleep, as Fitabase's logId."""
    asleep = data.sleep.ravel() > 0
    return np.asarray(10_000 + np.cumsum(asleep & ~np.concatenate([[False], asleep[:-1]])))


def _observations(town: Town, phones: list[pl.DataFrame], taken: pl.DataFrame) -> pl.DataFrame:
    midnight = pl.lit(town.size.first_day).cast(pl.Datetime("us"))
    parts = [
        rows.with_columns(wall=midnight + pl.duration(minutes=pl.col("day") * MINUTES + pl.col("minute"))).select(
            "person", "zone", "wall", value=pl.col("steps").cast(pl.Float64), minutes=pl.lit(10), code=pl.lit("steps"),
            unit=pl.lit("{steps}"), device=pl.lit("phone"),
        )
        for rows in phones
    ]  # fmt: skip
    parts.append(
        taken.select(
            "person", "zone", "wall", value=pl.lit(1.0), minutes=pl.lit(0), code=pl.lit("dose_taken"), unit=pl.lit("{doses}"),
            device=pl.lit("pill box"),
        )
    )  # fmt: skip
    rows = pl.concat(parts).with_columns(over=pl.col("wall") + pl.duration(minutes=pl.col("minutes")))
    rows = _zoned(_zoned(rows, "wall", "start_at"), "over", "end_at").sort("person", "code", "wall")
    return rows.select("person", "code", "start_at", "end_at", "value", pl.lit("").alias("value_code"), "unit", "device", "zone")


def _zoned(rows: pl.DataFrame, wall: str, name: str) -> pl.DataFrame:
    """Wall-clock times as ISO text with the offset of each row's zone; times that the clock skips are left out."""
    text = pl.lit(None, pl.String)
    for zone in sorted(set(rows["zone"])):
        here = pl.col(wall).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.strftime(_ISO)
        text = pl.when(pl.col("zone") == zone).then(here).otherwise(text)
    return rows.with_columns(text.alias(name)).filter(pl.col(name).is_not_null())


def without_consent(town: Town) -> tuple[str, ...]:
    """Participants who never agreed to anything: their rows must be refused."""
    return (town.people["person"][1],)


def withdraws(town: Town) -> tuple[str, ...]:
    """Participants who withdraw everything half way."""
    return (town.people["person"][3],)


def linked_accounts(town: Town) -> pl.DataFrame:
    """Every third participant of those who take part calls an account their own: of their town, same medicine, busier than most."""
    taken: set[str] = set()
    rows = []
    asked = town.people.filter(~pl.col("person").is_in(without_consent(town))).select("person", "place", "drug")
    for person, place, drug in asked.gather_every(3).iter_rows():
        same_drug = pl.col("drug").is_null() if drug is None else pl.col("drug") == drug
        free = town.posters.filter(pl.col("place") == place, same_drug, ~pl.col("author").is_in(sorted(taken))).sort("rate", "author")
        if free.height:
            account = free["author"][int(0.8 * free.height)]
            taken.add(account)
            rows.append((person, "town", account, "statement", person, f"form of {person}"))
    return pl.DataFrame(rows, schema=dict.fromkeys(("person", "source", "account", "proof", "by", "reference"), pl.String), orient="row")


def consents(town: Town) -> pl.DataFrame:
    """Acts of consent: nearly all for all three purposes from long before; every third without research; one only for activity; those who
    linked an account for care with its posts, by name.

    `from_at` of a withdrawal is the instant at which it was made.
    """
    begin = datetime.combine(town.size.first_day - timedelta(days=400), time(0), UTC)
    half = datetime.combine(town.day(town.size.days // 2), time(12), UTC)
    rows = []
    own = set(linked_accounts(town)["person"])
    for number, person in enumerate(town.people["person"]):
        if person in without_consent(town):
            continue
        kinds = "activity" if number == 5 else "*"
        given = [purpose for purpose in PURPOSES if not (purpose == "research" and number % 3 == 2)]
        rows += [(person, purpose, kinds, begin, "grant") for purpose in given]
        if person in own:
            rows.append((person, "care", "own_posts", begin, "grant"))
        if person in withdraws(town):
            rows += [(person, purpose, kinds, half, "withdraw") for purpose in given]
    table = pl.DataFrame(
        rows,
        schema={"person": pl.String, "purpose": pl.String, "kinds": pl.String, "from_at": pl.Datetime("us", "UTC"), "act": pl.String},
        orient="row",
    )
    return table.select(
        "person", "purpose", "kinds", pl.col("from_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), pl.lit("").alias("until_at"), "act"
    )


def _truth(
    town: Town, posts: pl.DataFrame, diary: pl.DataFrame, not_worn: dict[str, tuple[date, ...]], missed: dict[str, tuple[date, ...]]
) -> Truth:
    people = town.people
    effects = [Effect(drug.name, "adverse", effect, share) for drug in DRUGS for effect, share in drug.adverse.items()]
    effects += [Effect(drug.name, "withdrawal", drug.withdrawal, 1.0) for drug in DRUGS if drug.withdrawal]
    kinds = posts.group_by("kind").len().sort("kind")
    return Truth(
        town.seed, True, town.size.first_day, town.day(town.size.days - 1), town.outbreaks, town.rumours, tuple(effects), town.illnesses,
        responders=tuple(people.filter("responder")["person"]),
        irregular_sleepers=tuple(people.filter("irregular")["person"]),
        poor_refillers=tuple(people.filter(pl.col("poor_refills") & pl.col("drug").is_not_null())["person"]),
        crisis_entries=tuple(diary.filter(pl.col("kind") == "crisis")["entry"]),
        not_worn=not_worn, missed_doses=missed, without_consent=without_consent(town), withdraws=withdraws(town),
        posts_by_kind=dict(kinds.iter_rows()),
    )  # fmt: skip
