"""The detectors of minutes beside a live site: CuSum and RHR-AD of a person, carried on with every minute that comes, told when asked.

No table is derived from them (their evaluation does not ask for it, `docs/illness.md`), so that they stand beside the lake rather than in
the engine: a person who is asked for is opened from the lake, and from then on hears of every row (`Lake.watchers`). A row that is not
later than the last, a correction or a deletion lets the person go, who is opened anew when asked again; so does a restart. Who did not
agree to care, or does not any more, is not told of; when the agreement changed, the person is opened anew by what it covers now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from heedful.behavior.cusum_online import MINUTES, CusumOnline
from heedful.behavior.rhrad import BASELINE_HOURS, Rhrad
from heedful.behavior.warm_cusum import WarmCusum
from heedful.behavior.warm_rhrad import WarmRhrad
from heedful.core.errors import SettingsError
from heedful.core.labels import Care
from heedful.core.schemas import Observations, Schema
from heedful.engine.intake import label_of
from heedful.loops.site import Site
from heedful.trust.consent import people_with
from heedful.trust.doors import for_purpose

CODES_READ = ("heart_rate", "steps")
KINDS = ("heart", "activity")
MOST_HELD = 2_000
"""People; of more those who were opened first go."""


@dataclass(frozen=True)
class MinuteFindings:
    """What the minutes of a person say up to `at` (local).

    `cusum`, `cusum_p`: sum and p of the newest hour of today with a resting rate; None with fewer than two such hours, or before the
    baseline is complete. `rhrad_hour`, `rhrad_value`, `rhrad_anomaly`: the newest hour with a smoothed resting rate, standardised by the
    month before.
    """

    at: datetime
    cusum: float | None = None
    cusum_p: float | None = None
    rhrad_hour: datetime | None = None
    rhrad_value: float | None = None
    rhrad_anomaly: bool | None = None
    missing: str = ""
    """Why there is no CuSum, where there are days enough."""


class MinuteDetectors:
    """Stands beside the lake of `site` from now on; settings as for the two detectors."""

    def __init__(self, site: Site, cusum: CusumOnline | None = None, rhrad: Rhrad | None = None, baseline: int = BASELINE_HOURS) -> None:
        self._site, self._settings = site, (cusum or CusumOnline(), rhrad or Rhrad(), baseline)
        self._held: dict[str, _Person] = {}
        self._agreed: dict[str, pl.DataFrame] = {}
        site.lake.watchers.append(self)

    def people(self) -> set[str]:
        """Who is held."""
        return set(self._held)

    def read(self, person: str) -> MinuteFindings | None:
        """What the minutes of a person (pseudonym) say; None without an agreement to care, or without a heart rate."""
        self._site.lake.look_again(Observations.table)
        grants = self._site.grants()
        agreed = grants.filter((pl.col("person") == person) & (pl.col("purpose") == "care") & pl.col("kind").is_in(KINDS))
        if person not in people_with(agreed, "care", KINDS) or not agreed.equals(self._agreed.get(person, agreed)):
            self._let_go(person)
        if person not in people_with(agreed, "care", KINDS):
            return None
        if person not in self._held:
            rows = self._rows(person, grants)
            if not rows["rate"].is_not_null().any():
                return None
            for first in list(self._held)[: max(0, len(self._held) + 1 - MOST_HELD)]:
                self._let_go(first)
            self._held[person], self._agreed[person] = _Person(rows, *self._settings), agreed
        return self._held[person].read()

    def _let_go(self, person: str) -> None:
        self._held.pop(person, None)
        self._agreed.pop(person, None)

    def _rows(self, person: str, grants: pl.DataFrame) -> pl.DataFrame:
        keys = pl.DataFrame({"person": [person]})
        held = self._site.engine.table(Observations, label_of(Observations), keys)
        chosen = held.derive(Observations, held.data.filter(pl.col("code").is_in(CODES_READ)))
        return minutes_of(for_purpose(chosen, Care, grants).data)

    # --- what the lake tells

    def came(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """New rows: each later minute is a step."""
        if schema is not Observations or not self._held:
            return
        mine = rows.filter(pl.col("person").is_in(list(self._held)) & pl.col("code").is_in(CODES_READ))
        for (person,), own in mine.partition_by("person", as_dict=True).items():
            if not self._held[str(person)].step(minutes_of(own)):
                self._let_go(str(person))

    def changed(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Corrections: these people are opened anew when they are asked for."""
        if schema is Observations:
            self.went(schema.table, rows["person"].unique().to_list())

    def went(self, table: str, people: Iterable[str] | None) -> None:
        """Rows of these people were removed; None: anybody's, or another process wrote."""
        if table != Observations.table:
            return
        for person in list(self._held) if people is None else people:
            self._let_go(person)


class _Person:
    """The two detectors of one person, and the last minute that they heard of."""

    def __init__(self, minutes: pl.DataFrame, cusum: CusumOnline, rhrad: Rhrad, baseline: int) -> None:
        measured = minutes.drop_nulls("rate")
        self._last: datetime = minutes["at"][-1]
        self._rhrad = WarmRhrad(measured.with_columns(pl.col("steps").fill_null(0.0)), rhrad, baseline)
        self._rules, self._minutes = cusum, minutes
        self._cusum: WarmCusum | None = None
        self._rate_today, self._missing = False, ""
        self._begin()

    def _begin(self) -> None:
        """Open the CuSum as soon as there are days enough before the last one."""
        today = self._last.date()
        known = self._minutes.filter(pl.col("at").dt.date() < today)
        days = known.drop_nulls("rate")["at"].dt.date().unique().sort()
        if days.len() < self._rules.baseline_days:
            return
        place = {day: number for number, day in enumerate(days.to_list())}
        rate, walked = np.full((len(place), MINUTES), np.nan), np.zeros((len(place), MINUTES), np.bool_)
        for at, one, steps in known.iter_rows():
            number, minute = place.get(at.date()), at.hour * 60 + at.minute
            if number is not None:
                rate[number, minute], walked[number, minute] = np.nan if one is None else one, bool(steps)
        try:
            self._cusum = WarmCusum(rate, walked, self._rules)
        except SettingsError as error:  # so few minutes that nothing can be standardised
            self._missing = str(error)
            return
        for at, one, steps in self._minutes.filter(pl.col("at").dt.date() == today).iter_rows():
            self._minute(self._cusum, at, one, steps)
        self._minutes = self._minutes.clear()

    def step(self, minutes: pl.DataFrame) -> bool:
        """Later minutes; False if one is not later, and the person must be opened anew."""
        for at, rate, steps in minutes.iter_rows():
            if at <= self._last:
                return False
            if rate is not None:
                self._rhrad.step(at, rate, steps or 0.0)
            if self._cusum is not None:
                if at.date() != self._last.date():
                    self._end_day(self._cusum)
                self._minute(self._cusum, at, rate, steps)
            elif at.date() != self._last.date():
                return False  # one day more: perhaps the baseline is complete now
            else:
                self._minutes = pl.concat([self._minutes, pl.DataFrame([(at, rate, steps)], schema=self._minutes.schema, orient="row")])
            self._last = at
        return True

    def _end_day(self, cusum: WarmCusum) -> None:
        if self._rate_today:
            cusum.end_day()
        else:
            cusum.drop_day()
        self._rate_today = False

    def _minute(self, cusum: WarmCusum, at: datetime, rate: float | None, steps: float | None) -> None:
        self._rate_today |= rate is not None
        cusum.step(at.hour * 60 + at.minute, float("nan") if rate is None else rate, walked=bool(steps))

    def read(self) -> MinuteFindings:
        hour, value, anomaly = self._rhrad.read() or (None, None, None)
        total, p_value = None, None
        if self._cusum is not None and self._cusum.enough:
            total, p_value = self._cusum.sums[-1], self._cusum.p_values[-1]
        return MinuteFindings(self._last, total, p_value, hour, value, anomaly, self._missing)


def minutes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Of one person's rows of heart rates and steps: `at` (local minute), `rate` (mean, null where none was measured), `steps` (sum, 0
    where none was told), in order. What a person reports is left out; devices are not told apart."""
    at = (pl.col("start_at") + pl.duration(minutes=pl.col("offset_minutes").fill_null(0))).dt.replace_time_zone(None).dt.truncate("1m")
    rate, steps = pl.col("code") == "heart_rate", pl.col("code") == "steps"
    return (
        rows.filter((pl.col("how") != "self_reported") & pl.col("value").is_finite()).group_by(at=at)
        .agg(rate=pl.col("value").filter(rate).mean(), steps=pl.col("value").filter(steps).sum())
        .sort("at")
    )  # fmt: skip
