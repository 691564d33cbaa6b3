"""How likely a gap in a person's medication is, from this very person's refills, with its interval (`heedful.person.lapse`)."""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.lapse_shift import NO_SHIFT, LapseShift
from heedful.core.schemas import Dispensings, Risks
from heedful.person.lapse import FADING, GAP_DAYS, HORIZON_DAYS, lapse_probability, shifted, supplies
from heedful.person.wording import date_words, drug_name

INTERVAL = 0.9


@derivation(reads=(Dispensings,), writes=Risks, by=("person",), needs=("lapse",), version=4)
def medication_gap_risk(dispensings: Frame[Consented[P], Dispensings], lapse: LapseShift = NO_SHIFT) -> Frame[Consented[P], Risks]:
    """Probability that a gap of at least three days without supply opens within 14 days, for each drug of a person.

    It is stated on the newest dispensing day or, if the supply lasts longer, 13 days before it runs out: the first day from which the
    end of the supply lies within the 14 days. The interval holds 90 % of the posterior; `lapse` moves it to this place. It says nothing
    about a stop that prescriber and patient agreed on. A person's first dispensing gives no number, and says so.
    """
    from scipy.special import betaincinv  # type: ignore[import-untyped, unused-ignore]

    drugs = _drugs(dispensings.data)
    a, b = lapse_probability(*(drugs[name].to_numpy() for name in ("failed", "still_open", "waited")))
    tail = (1 - INTERVAL) / 2
    name, ends = drug_name(pl.col("drug")), date_words(pl.col("run_out"))
    told = pl.format(
        f"The supply of {{}} lasts until {{}}; {{}} of {{}} earlier refills came {GAP_DAYS} or more days late.",
        name,
        ends,
        "late",
        "trials",
    )
    untold = pl.format("The supply of {} lasts until {}; there is no earlier refill to judge by.", name, ends)
    known = pl.col("trials") > 0
    shown = {"probability": a / (a + b), "low": betaincinv(a, b, tail), "high": betaincinv(a, b, 1 - tail)}
    rows = drugs.with_columns(**{each: shifted(value, lapse) for each, value in shown.items()}).select(
        "person",
        pl.col("stated").alias("day"),
        pl.format("medication_gap_14d: {}", "drug").alias("risk"),
        pl.when(known).then(pl.col("probability", "low", "high")),
        why=pl.when(known).then(told).otherwise(untold),
    )
    return dispensings.derive(Risks, rows.sort("person", "risk"))


def _drugs(dispensings: pl.DataFrame) -> pl.DataFrame:
    """Per person and drug: the newest dispensing, the end of the supply, earlier refills, late ones, and what `lapse_probability` needs."""
    each = ["person", "drug"]
    events = supplies(dispensings)
    drugs = events.group_by(each).agg(last=pl.col("on").max(), run_out=pl.col("end").max())
    drugs = drugs.with_columns(stated=pl.max_horizontal("last", pl.col("run_out") - (HORIZON_DAYS - 1)))
    drugs = drugs.with_columns(waited=pl.col("stated") - pl.col("run_out"))
    refills = events.filter(pl.col("lateness").is_not_null()).join(drugs, on=each).sort(*each, "on")
    refills = refills.with_columns(
        faded=FADING ** (pl.len() - 1 - pl.int_range(pl.len())).over(each), missed=pl.col("lateness") >= GAP_DAYS
    )
    known = refills.group_by(each).agg(
        trials=pl.len(),
        late=pl.col("missed").sum(),
        failed=pl.col("faded").filter("missed").sum(),
        still_open=pl.col("faded").filter(pl.col("lateness") > pl.col("waited")).sum(),
    )
    known = drugs.join(known, on=each, how="left").with_columns(pl.col("trials", "late", "failed", "still_open").fill_null(0))
    return known.with_columns(pl.col("stated", "run_out").cast(pl.Int32).cast(pl.Date)).sort(each)
