"""What the policy sees: the newest value of each feature of a person before the decision, under the purpose care."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Features

LOOKBACK_DAYS = 7


@dataclass(frozen=True)
class Snapshots:
    """Newest feature values by person; only `snapshots` makes it, from a frame that is consented for care."""

    by_person: dict[str, dict[str, float | None]]

    def of(self, person: str) -> dict[str, float | None]:
        """One person's values by feature; None where the newest day's is missing, absent where there is no row at all."""
        return self.by_person.get(person, {})


@checked
def snapshots(features: Frame[Consented[Care], Features], days: dict[str, date]) -> Snapshots:
    """The newest row of each feature over the 7 days before each person's day; the day itself is not over and does not count.

    `days`: person -> local day of the decision. A newest row that is missing stays None: an older value is not passed off as news.
    """
    if not days:
        return Snapshots({})
    wanted = pl.DataFrame({"person": list(days), "today": list(days.values())}, schema={"person": pl.String, "today": pl.Date})
    low, high = min(days.values()) - timedelta(days=LOOKBACK_DAYS), max(days.values())
    recent = (
        features.data.lazy()
        .filter((pl.col("day") >= low) & (pl.col("day") < high))
        .join(wanted.lazy(), on="person")
        .filter((pl.col("day") < pl.col("today")) & (pl.col("day") >= pl.col("today") - pl.duration(days=LOOKBACK_DAYS)))
        .group_by("person", "feature")
        .agg(pl.col("value").sort_by("day").last())
        .sort("person", "feature")
        .collect()
    )
    found: dict[str, dict[str, float | None]] = {}
    for person, feature, value in recent.iter_rows():
        found.setdefault(person, {})[feature] = value
    return Snapshots(found)


@checked
def snapshot(features: Frame[Consented[Care], Features], person: str, day: date) -> dict[str, float | None]:
    """As `snapshots`, for one person: the short way when a single decision is due."""
    rows = features.data
    recent = rows.filter((pl.col("person") == person) & (pl.col("day") < day) & (pl.col("day") >= day - timedelta(days=LOOKBACK_DAYS)))
    newest: dict[str, tuple[date, float | None]] = {}
    for at, feature, value in recent.select("day", "feature", "value").iter_rows():
        if feature not in newest or at > newest[feature][0]:
            newest[feature] = (at, value)
    return {feature: newest[feature][1] for feature in sorted(newest)}
