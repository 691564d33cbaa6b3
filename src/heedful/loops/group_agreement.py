"""Self-report against measurement over participants, through the disclosure door: of those who agreed to public-health use."""

from __future__ import annotations

import polars as pl

from heedful.behavior.group_agreement import agreement_figures
from heedful.behavior.reported import REPORTED_CODES
from heedful.core.codes import CODES
from heedful.core.derivations import Derivation, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Consented, Held, PublicHealth
from heedful.core.schemas import INSTANT, Agreements, GroupAgreements
from heedful.loops.estimates import PublicHealthGrants
from heedful.population.alarms import Detection
from heedful.trust.doors import disclose_figures, for_purpose


@derivation(reads=(Agreements,), writes=GroupAgreements, by=("code",), needs=("detection", "public_health"), version=3)
def group_agreements(
    agreements: Frame[Consented[Held], Agreements], *, detection: Detection, public_health: PublicHealthGrants
) -> Frame[Aggregate, GroupAgreements]:
    """Bias, limits of agreement and drift of self-reports over people who agreed to public-health use of all days behind their own
    figure, by code, through the disclosure door."""
    return disclose_figures(agreed(agreements, public_health.grants), agreement_figures, detection.minimum_cell, GroupAgreements)


def agreed(agreements: Frame[Consented[Held], Agreements], grants: pl.DataFrame) -> Frame[Consented[PublicHealth], Agreements]:
    """Rows that public health may see under `grants`: of people of whom one grant covers the code's kind from the first day to the last.

    A person's figure cannot be cut in days, so who agreed to later days only is left out.
    """
    kind = pl.col("code").replace_strict({name: code.kind for name, code in CODES.items()}, return_dtype=pl.String)
    first, after = pl.col("since").cast(INSTANT), (pl.col("day") + pl.duration(days=1)).cast(INSTANT)
    whole = (
        agreements.data.with_columns(kind=kind)
        .join(grants.filter(pl.col("purpose") == "public_health"), on=["person", "kind"], how="inner")
        .filter(
            (pl.col("from_at").is_null() | (pl.col("from_at") <= first)) & (pl.col("until_at").is_null() | (pl.col("until_at") >= after))
        )
        .select(Agreements.key)
        .unique()
    )
    covered = agreements.data.join(whole, on=Agreements.key, how="semi")
    parts = [
        for_purpose(agreements.derive(Agreements, covered.filter(kind == name)), PublicHealth, grants, {name}).data
        for name in REPORTED_CODES
    ]
    nobody = for_purpose(agreements.derive(Agreements, Agreements.empty()), PublicHealth, grants, set())
    return nobody.derive(Agreements, pl.concat(parts))


DERIVATIONS: tuple[Derivation, ...] = (group_agreements,)
