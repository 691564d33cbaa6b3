"""What a page is made from: the tables of a run as plain frames, and a few words about the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal

import polars as pl

from heedful.core.schemas import (
    TABLES,
    Adherence,
    Agreements,
    Alarms,
    Alerts,
    Approvals,
    Audiences,
    Changes,
    Counts,
    Decisions,
    Deliveries,
    Dispensings,
    Estimates,
    Experiences,
    Features,
    GroupAgreements,
    LeftOut,
    Mentions,
    Niches,
    Outcomes,
    Plans,
    Progress,
    Quarantine,
    Risks,
    Rumours,
    Schema,
    SelfReports,
    Series,
    Timeline,
    column,
)

Run = Literal["look", "run", "demo"]


class Accounting(Schema, table="accounting", kind="derived", stream="either", key=("input",), register=False):
    """What became of the records of one input: `rows_in` is the sum of the five that follow it."""

    input = column(pl.String, "file or source, without its folders")
    kind = column(pl.String, "what it was recognised as")
    rows_in = column(pl.Int64, "records read")
    rows_out = column(pl.Int64, "records that went into a table")
    quarantined = column(pl.Int64, "records that could not be read")
    refused = column(pl.Int64, "records that a door refused: no consent, opted out, deleted")
    skipped = column(pl.Int64, "records left out on purpose: duplicates inside the file, kinds that are not used")
    superseded = column(pl.Int64, "records that a newer version of the same record replaced")
    reasons = column(pl.String, "the reasons with their numbers, as a person would say them", nullable=True)


class Score(Schema, table="score", kind="derived", stream="aggregate", key=("what",), register=False):
    """What a demo found of what its simulator had hidden."""

    what = column(pl.String, "what was to be found, for example outbreaks")
    truth = column(pl.Int64, "how many there were")
    found = column(pl.Int64, "how many of them were found")
    missed = column(pl.Int64, "how many of them were missed")
    false = column(pl.Int64, "how many were raised that were not there")
    note = column(pl.String, "one plain sentence: how it was judged", nullable=True)


class Safety(Schema, table="safety", kind="derived", stream="aggregate", key=("treatment", "axis", "effect"), register=False):
    """How public telling of an effect is distributed over treatments; of a withheld pair no figure is there."""

    treatment = column(pl.String, "drug name")
    axis = column(pl.String, "adverse or withdrawal")
    effect = column(pl.String, "effect name")
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")
    people = column(pl.Int64, "people who tell of both", nullable=True)
    expected = column(pl.Float64, "people who would if telling of the effect did not depend on the treatment", nullable=True)
    prr = column(pl.Float64, "proportional reporting ratio; null if no other treatment's account tells of the effect", nullable=True)
    prr_low = column(pl.Float64, "lower end of its 95 % interval", nullable=True)
    prr_high = column(pl.Float64, "upper end", nullable=True)
    ror = column(pl.Float64, "reporting odds ratio; null if a cell under it is 0", nullable=True)
    ror_low = column(pl.Float64, "lower end of its 95 % interval", nullable=True)
    ror_high = column(pl.Float64, "upper end", nullable=True)
    ebgm = column(pl.Float64, "shrunk ratio; null if all pairs together are too few to learn from", nullable=True)
    eb05 = column(pl.Float64, "5 % point of its posterior", nullable=True)
    eb95 = column(pl.Float64, "95 % point", nullable=True)
    by_prr = column(pl.Boolean, "Evans' criteria hold", nullable=True)
    by_ror = column(pl.Boolean, "at least 3 people, and the interval of ROR lies above 1", nullable=True)
    by_ebgm = column(pl.Boolean, "EB05 lies above 2", nullable=True)


class Sources(Schema, table="sources", kind="derived", stream="personal", key=("person", "device", "code"), register=False):
    """Whether what used to deliver still does (`heedful.behavior.silence`)."""

    person = column(pl.String, "pseudonym of the participant space")
    device = column(pl.String, "device or app")
    code = column(pl.String, "what it measures")
    state = column(pl.String, "delivering, stopped, only zeros or too few days")
    last_day = column(pl.Date, "the last day with data")
    days_delivered = column(pl.Int64, "days with data of the 120 before")
    usual_gap = column(pl.Int64, "95 % point of the days from one day with data to the next", unit="d", nullable=True)
    silent_days = column(pl.Int64, "days since the last day with data", unit="d")
    zero_days = column(pl.Int64, "newest days in a row that are all zero", unit="d")
    sentence = column(pl.String, "the same in words")


_OWN: dict[str, type[Schema]] = {
    "accounting": Accounting,
    "score": Score,
    "safety": Safety,
    "sources": Sources,
    "diary_mentions": Mentions,
    "diary_experiences": Experiences,
}


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """Everything that a page shows; any table may be empty, and its section then says what would fill it.

    Tables hold the columns of `heedful.core.schemas` (`accounting`, `score`, `safety`: of this module). Tables of people must come out
    of the consent door for the purpose under which the page is made: the page shows what it is given. Public posts never
    reach a page; `experiences` of a public source are only ever shown as numbers of people.

    `minimum_cell`: the site's smallest number of people that is shown, by which `safety` was withheld.
    `labels`: preferred names of concepts and signals; `places`: names of place codes; what is absent shows as its code.
    `notes`: sentences that the run wants to be read, such as the consent under which own files were looked at.
    Raises `SchemaError` if a table does not fit its schema.
    """

    title: str
    subtitle: str
    made_at: datetime
    run: Run
    notes: tuple[str, ...] = ()
    minimum_cell: int = 3
    labels: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    accounting: pl.DataFrame = field(default_factory=Accounting.empty)
    score: pl.DataFrame = field(default_factory=Score.empty)
    quarantine: pl.DataFrame = field(default_factory=Quarantine.empty)
    counts: pl.DataFrame = field(default_factory=Counts.empty)
    left_out: pl.DataFrame = field(default_factory=LeftOut.empty)
    alarms: pl.DataFrame = field(default_factory=Alarms.empty)
    alerts: pl.DataFrame = field(default_factory=Alerts.empty)
    q_limit: float = 0.05
    series: pl.DataFrame = field(default_factory=Series.empty)
    experiences: pl.DataFrame = field(default_factory=Experiences.empty)
    estimates: pl.DataFrame = field(default_factory=Estimates.empty)
    safety: pl.DataFrame = field(default_factory=Safety.empty)
    niches: pl.DataFrame = field(default_factory=Niches.empty)
    rumours: pl.DataFrame = field(default_factory=Rumours.empty)
    audiences: pl.DataFrame = field(default_factory=Audiences.empty)
    sources: pl.DataFrame = field(default_factory=Sources.empty)
    features: pl.DataFrame = field(default_factory=Features.empty)
    changes: pl.DataFrame = field(default_factory=Changes.empty)
    timeline: pl.DataFrame = field(default_factory=Timeline.empty)
    agreements: pl.DataFrame = field(default_factory=Agreements.empty)
    self_reports: pl.DataFrame = field(default_factory=SelfReports.empty)
    group_agreements: pl.DataFrame = field(default_factory=GroupAgreements.empty)
    diary_mentions: pl.DataFrame = field(default_factory=Mentions.empty)
    diary_experiences: pl.DataFrame = field(default_factory=Experiences.empty)
    adherence: pl.DataFrame = field(default_factory=Adherence.empty)
    dispensings: pl.DataFrame = field(default_factory=Dispensings.empty)
    risks: pl.DataFrame = field(default_factory=Risks.empty)
    plans: pl.DataFrame = field(default_factory=Plans.empty)
    progress: pl.DataFrame = field(default_factory=Progress.empty)
    approvals: pl.DataFrame = field(default_factory=Approvals.empty)
    decisions: pl.DataFrame = field(default_factory=Decisions.empty)
    deliveries: pl.DataFrame = field(default_factory=Deliveries.empty)
    outcomes: pl.DataFrame = field(default_factory=Outcomes.empty)

    def __post_init__(self) -> None:
        for each in fields(self):
            schema = _OWN.get(each.name) or TABLES.get(each.name)
            if schema is not None:
                object.__setattr__(self, each.name, schema.check(getattr(self, each.name)))

    def people(self) -> list[str]:
        """Participants of whom there is something to draw, those with the most unusual days first."""
        seen = pl.concat([self.features.select("person"), self.dispensings.select("person"), self.timeline.select("person")])
        if seen.is_empty():
            return []
        unusual = self.changes.filter(pl.col("level") >= 1).group_by("person").agg(unusual=pl.len())
        ranked = seen.group_by("person").agg(rows=pl.len()).join(unusual, on="person", how="left")
        return ranked.sort(pl.col("unusual").fill_null(0), "rows", "person", descending=[True, True, False])["person"].to_list()


__all__ = ["Accounting", "PageContent", "Run", "Safety", "Score"]
