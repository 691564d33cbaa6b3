"""Body signals: an outbreak of the simulated town stands out in the counts of participants; denominators, minimum cells, consent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from heedful.behavior.change import baseline_change
from heedful.core.labels import Aggregate, Consented, Held
from heedful.core.schemas import INSTANT, Annotations, BodyDays, Changes, Features, People
from heedful.core.seals import seal
from heedful.loops.estimates import PublicHealthGrants, body_counts
from heedful.population.alarms import Detection, count_alarms
from heedful.population.body_signals import HEART, KINDS, SLEEP, STRATA, body_days, count_unusual
from heedful.population.thresholds import Thresholds
from heedful.simulate.outbreaks import PLANS
from heedful.simulate.town import Size, Town, build
from heedful.trust.consent import in_force

DAY = date(2026, 3, 2)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def grants(people: list[str], purpose: str = "public_health", kinds: str = "*", from_at: datetime | None = None) -> PublicHealthGrants:
    n = len(people)
    acts = pl.DataFrame({"person": people, "purpose": [purpose] * n, "kinds": [kinds] * n, "act": ["grant"] * n})
    acts = acts.with_columns(from_at=pl.lit(from_at, INSTANT), until_at=pl.lit(None, INSTANT), recorded_at=pl.lit(NOW, INSTANT))
    return PublicHealthGrants(in_force(acts, NOW))


def days(unusual: int, usual: int, place: str = "US/NY", signal: str = HEART, start: int = 0) -> pl.DataFrame:
    n = unusual + usual
    return BodyDays.check(
        pl.DataFrame(
            {
                "person": [f"p{start + i}" for i in range(n)],
                "day": [DAY] * n,
                "signal": [signal] * n,
                "place": [place] * n,
                "birth_year": pl.Series([None] * n, dtype=pl.Int32),
                "sex": pl.Series([None] * n, dtype=pl.String),
                "unusual": [i < unusual for i in range(n)],
            }
        )
    )


def counted(rows: pl.DataFrame, given: PublicHealthGrants) -> pl.DataFrame:
    return body_counts(seal(rows, Consented[Held], BodyDays), detection=Detection(3), public_health=given).data


def nights(town: Town) -> pl.DataFrame:
    """Nightly resting heart rates as the town's watches would give them: the person's rate, the drift of nights, and the illness."""
    rng = np.random.default_rng(3)
    rows = []
    for person, resting in town.people.select("person", "resting").iter_rows():
        value = resting + rng.normal(0, 1.3, town.size.days)
        for illness in town.illnesses:
            if illness.person == person:
                first, last = ((at - town.size.first_day).days for at in (illness.first_day, illness.last_day))
                value[first : last + 1] += illness.beats
                value[[first, last]] -= illness.beats / 2
        rows += [(person, town.day(at), float(value[at])) for at in range(town.size.days)]
    features = pl.DataFrame(rows, schema=["person", "day", "value"], orient="row")
    return Features.check(
        features.with_columns(
            feature=pl.lit("resting_heart_rate[nightsignal]"), unit=pl.lit("/min"), coverage=pl.lit(1.0), missing=pl.lit("")
        )
    )


def test_the_outbreak_of_the_simulated_town_raises_an_alarm_in_the_body_series() -> None:
    town = build(1, Size(participants=360, watches=20))
    changes = baseline_change(seal(nights(town), Consented[Held], Features), seal(Annotations.empty(), Consented[Held], Annotations))
    people = People.check(town.people.select("person", "place", known_at=pl.lit(NOW, INSTANT)))
    rows = body_days(changes, seal(people, Consented[Held], People))
    counts = body_counts(rows, detection=Detection(3), public_health=grants(town.people["person"].to_list()))
    assert counts.label is Aggregate
    alarms = count_alarms(counts, detection=Detection(3), thresholds=Thresholds())
    fired = alarms.data.filter("alarm", pl.col("signal") == HEART)
    towns = fired.filter(pl.col("place").str.count_matches("/") == 2)
    outbreaks = {outbreak.place: outbreak for outbreak in town.outbreaks}
    assert set(towns["place"]) == {plan.place for plan in PLANS}
    for place, day in towns.select("place", "day").iter_rows():
        assert outbreaks[place].first_day <= day <= outbreaks[place].last_day
    # three of four residents fall ill in two weeks: seen in the first ten days
    for place, outbreak in outbreaks.items():
        assert towns.filter(pl.col("place") == place)["day"].min() <= outbreak.first_day + timedelta(days=10)


def test_the_denominator_is_people_with_a_known_value() -> None:
    rows = counted(pl.concat([days(4, 6), days(3, 2, signal=SLEEP)]), grants([f"p{i}" for i in range(10)]))
    found = {(signal, stratum): (people, denominator) for signal, stratum, people, denominator in
             rows.filter(pl.col("place") == "US/NY").select("signal", "stratum", "people", "denominator").iter_rows()}  # fmt: skip
    assert found == {
        (HEART, STRATA[HEART]): (4, 10), ("any", STRATA[HEART]): (10, 10), (SLEEP, STRATA[SLEEP]): (3, 5), ("any", STRATA[SLEEP]): (5, 5),
    }  # fmt: skip


def test_few_people_are_withheld_and_so_is_what_would_tell_of_them() -> None:
    rows = counted(pl.concat([days(2, 8), days(5, 5, "US/MA", start=20)]), grants([f"p{i}" for i in range(40)]))
    heart = rows.filter(pl.col("signal") == HEART).select("place", "people", "suppressed")
    assert set(heart.filter(pl.col("place").is_in(["US/NY", "US/MA"]))["people"].to_list()) == {None}
    assert heart.filter(pl.col("place") == "US")["people"].to_list() == [7]


def test_only_those_who_agreed_to_public_health_count() -> None:
    everybody = [f"p{i}" for i in range(10)]
    rows = days(5, 5)
    assert counted(rows, grants(everybody, "care")).is_empty()
    assert counted(rows, grants(everybody, "research")).is_empty()
    assert counted(rows, grants(everybody, kinds="heart,activity")).is_empty()  # the place, too, is behind the count
    assert counted(rows, grants(everybody, kinds="heart,activity,profile")).height == 6
    assert counted(rows, grants(everybody, from_at=datetime(2026, 3, 3, tzinfo=UTC))).is_empty()  # later days only
    assert counted(rows, grants(everybody[:4])).filter(pl.col("signal") == HEART, pl.col("place") == "US/NY")["people"].to_list() == [4]


def test_a_withdrawal_changes_the_fingerprint() -> None:
    assert grants(["a", "b"]).fingerprint != grants(["a"]).fingerprint
    assert grants(["a"], "care").fingerprint == PublicHealthGrants().fingerprint


def test_the_second_feature_stands_in_where_the_first_is_not_judged() -> None:
    changes = pl.DataFrame(
        [("resting_heart_rate[nightsignal]", -1, 60.0), ("resting_heart_rate[vendor]", 2, 70.0), ("sleep_minutes[stages]", 2, 200.0)],
        schema=["feature", "level", "observed"], orient="row",
    )  # fmt: skip
    changes = changes.with_columns(
        person=pl.lit("p"), day=pl.lit(DAY), detector=pl.lit("baseline_28"), expected=pl.when(pl.col("feature").str.starts_with("sleep")).then(420.0).otherwise(58.0),
        nights_used=pl.lit(28), why=pl.lit(""),
    )  # fmt: skip
    people = People.check(pl.DataFrame({"person": ["q"], "place": ["US"], "known_at": [NOW]}))
    found = body_days(seal(Changes.check(changes), Consented[Held], Changes), seal(people, Consented[Held], People)).data
    assert found.select("signal", "place", "unusual").rows() == [(HEART, "", True), (SLEEP, "", False)]  # a short night is not a long one


def test_what_stands_behind_the_counts_is_asked_for() -> None:
    assert set(KINDS[HEART]) >= {"heart", "profile"}
    assert set(KINDS[SLEEP]) >= {"sleep", "profile"}
    assert count_unusual(BodyDays.empty(), 3).is_empty()
