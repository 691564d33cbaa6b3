"""From a site to the content of a page: every table asked for under the purpose that the page is made for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl

from heedful.core.labels import Aggregate, Care, Public
from heedful.core.schemas import (
    Adherence,
    Agreements,
    Alarms,
    Alerts,
    Audiences,
    Changes,
    Counts,
    Dispensings,
    Estimates,
    Experiences,
    Features,
    GroupAgreements,
    LeftOut,
    Mentions,
    Niches,
    Plans,
    Progress,
    Quarantine,
    Risks,
    Rumours,
    Schema,
    SelfReports,
    Series,
    Timeline,
    Voices,
)
from heedful.engine.intake import Accounts
from heedful.loops.estimates import signal_names
from heedful.loops.rumours import claim_texts
from heedful.loops.silence import sources_now
from heedful.loops.site import Site
from heedful.population.left_out import once_a_campaign
from heedful.report.content import Accounting, PageContent, Run
from heedful.report.disproportion import disproportion

_PERSONAL: dict[str, type[Schema]] = {
    "features": Features,
    "changes": Changes,
    "timeline": Timeline,
    "adherence": Adherence,
    "agreements": Agreements,
    "self_reports": SelfReports,
    "dispensings": Dispensings,
    "risks": Risks,
    "plans": Plans,
    "progress": Progress,
}

_DIARY: dict[str, type[Schema]] = {"diary_mentions": Mentions, "diary_experiences": Experiences}
"""Of participants' own diaries; as of a past day they are not told (`Site.view_as_of`)."""


def gather(
    site: Site,
    run: Run,
    title: str,
    subtitle: str,
    *,
    person: str = "",
    as_of: datetime | None = None,
    notes: tuple[str, ...] = (),
    score: pl.DataFrame | None = None,
) -> PageContent:
    """The content of a page.

    Parameters
    ----------
    person: pseudonym of the only participant shown; all who agreed to care if empty. as_of: show what was known then: derived tables
    are computed again from the base rows known by that instant, so that nothing later shines through.
    """
    tables = _tables(site, as_of)
    if person:
        tables |= {name: rows.filter(pl.col("person") == person) for name, rows in tables.items() if name in _PERSONAL}
        tables |= {name: rows.filter(pl.col("author") == person) for name, rows in tables.items() if name in _DIARY}
    decisions = site.ledger.rows("decisions")
    if person:
        decisions = decisions.filter(pl.col("person") == person)
    if as_of is not None:
        decisions = decisions.filter(pl.col("decided_at") <= as_of)
    mine = decisions.select("decision")
    minimum = site.settings.disclosure.minimum_cell
    sources = sources_now(site, as_of or site.clock.now())
    return PageContent(
        title=title,
        subtitle=subtitle,
        made_at=as_of or site.clock.now(),
        run=run,
        notes=notes,
        labels=_labels(site) | signal_names(site, tables["estimates"]["signal"]) | claim_texts(site),
        places=_place_names(site, pl.concat([tables["counts"]["place"], tables["rumours"]["place"]])),
        accounting=accounting(site),
        minimum_cell=minimum,
        q_limit=site.settings.detection.q_limit,
        sources=sources.filter(pl.col("person") == person) if person else sources,
        safety=disproportion(tables["experiences"], minimum),
        quarantine=site.lake.read(Quarantine).with_columns(content=pl.lit(None, dtype=pl.String)),
        decisions=decisions,
        deliveries=site.ledger.rows("deliveries").join(mine, on="decision", how="semi"),
        outcomes=site.ledger.rows("outcomes").join(mine, on="decision", how="semi"),
        approvals=site.ledger.rows("approvals"),
        **({} if score is None else {"score": score}),
        **tables,
    )


def _labels(site: Site) -> dict[str, str]:
    """Preferred names of all concepts."""
    return dict(site.engine.resources["vocabulary"].terms.select("code", "label").unique("code").iter_rows())


def _place_names(site: Site, codes: pl.Series) -> dict[str, str]:
    """The first name of each place code, which is its usual one."""
    names = site.engine.resources["gazetteer"].names
    known = names.filter(pl.col("place").is_in(codes.unique().to_list()) & (pl.col("kind") == "name"))
    return dict(known.unique("place", keep="first", maintain_order=True).select("place", "name").iter_rows())


def _tables(site: Site, as_of: datetime | None) -> dict[str, pl.DataFrame]:
    if as_of is None:
        personal = {name: site.view(schema, Care).data for name, schema in (_PERSONAL | _DIARY).items()}
        public: dict[str, type[Schema]] = {"counts": Counts, "alarms": Alarms, "alerts": Alerts, "left_out": LeftOut}
        public |= {
            "estimates": Estimates,
            "rumours": Rumours,
            "audiences": Audiences,
            "niches": Niches,
            "group_agreements": GroupAgreements,
        }
        shared = {name: site.engine.table(schema, Aggregate).data for name, schema in public.items()}
        flagged = site.engine.table(Voices, Public).data
        experiences = once_a_campaign(site.engine.table(Experiences, Public).data, flagged)
        return personal | shared | {"series": site.lake.read(Series), "experiences": experiences}
    past = site.view_as_of(as_of)
    shown: dict[str, type[Schema]] = {**_PERSONAL, "counts": Counts, "alarms": Alarms, "alerts": Alerts, "experiences": Experiences}
    shown |= {
        "left_out": LeftOut,
        "voices": Voices,
        "estimates": Estimates,
        "rumours": Rumours,
        "audiences": Audiences,
        "niches": Niches,
        "group_agreements": GroupAgreements,
    }
    found = {name: past[schema] if schema in past else schema.empty() for name, schema in shown.items()}
    found["experiences"] = once_a_campaign(found["experiences"], found.pop("voices"))
    found["dispensings"] = site.base_as_of(Dispensings, as_of)
    found["series"] = site.lake.read(Series, as_of=as_of)
    return found


def accounting(site: Site) -> pl.DataFrame:
    """What became of every input record, one row an input; rows_in is the sum of what follows it."""
    rows = [_account(name, Accounts.of(known["accounts"])) for name, known in sorted(site.ledger.inputs().items())]
    return Accounting.check(pl.DataFrame(rows, schema=Accounting.dtypes())) if rows else Accounting.empty()


def _account(name: str, accounts: Accounts) -> dict[str, Any]:
    def in_tables(counts: Mapping[str, int]) -> int:
        return sum(count for table, count in counts.items() if table != "quarantine")

    reasons = {**accounts.quarantined, **accounts.refused, **accounts.skipped}
    repeated = in_tables(accounts.repeated)
    if repeated:
        reasons["known already"] = repeated
    out, quarantined, refused = in_tables(accounts.stored), sum(accounts.quarantined.values()), sum(accounts.refused.values())
    skipped, corrected = sum(accounts.skipped.values()) + repeated, in_tables(accounts.corrected)
    shown = sorted(reasons.items(), key=lambda pair: -pair[1])
    file, kind = name.split("|")[:2]
    return {
        "input": file,
        "kind": kind,
        "rows_in": in_tables(accounts.yielded) + quarantined + sum(accounts.skipped.values()),
        "rows_out": out,
        "quarantined": quarantined,
        "refused": refused,
        "skipped": skipped,
        "superseded": corrected,
        "reasons": "; ".join(f"{count:,} {reason}" for reason, count in shown) or None,
    }


def end_of(day: date) -> datetime:
    """The last microsecond of a UTC day."""
    return datetime.combine(day, time.max, UTC)
