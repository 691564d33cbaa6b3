"""Estimates through the disclosure door, and participants' bodies as counts of a region through the same door."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from heedful.core.derivations import Derivation, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Consented, Held, Public, PublicHealth
from heedful.core.schemas import (
    BodyDays,
    Claims,
    Counts,
    DeclaredPlaces,
    Estimates,
    Experiences,
    PeopleMentions,
    TextLabels,
    Voices,
    Worries,
)
from heedful.core.voices import VoiceChoice
from heedful.language.claim_matches import SiteClaims
from heedful.language.niche_posts import niche_posts
from heedful.language.worries import worries
from heedful.population.alarms import Detection
from heedful.population.body_estimates import body_estimates as modelled
from heedful.population.body_signals import KINDS, body_days, count_unusual
from heedful.population.body_signals import NAMES as BODY_NAMES
from heedful.population.estimates import Population, declared_places, week_of_people
from heedful.population.estimates import estimates as estimated
from heedful.population.left_out import gone_days
from heedful.population.opinion import said, signal_name, without
from heedful.sources.population_table import read_population
from heedful.trust.consent import EMPTY, covered
from heedful.trust.doors import disclose_beside, disclose_consented, disclose_figures, for_purpose

if TYPE_CHECKING:  # a site knows its derivations
    from heedful.loops.site import Site


@derivation(
    reads=(PeopleMentions, DeclaredPlaces, Claims, Worries, TextLabels, Experiences, Voices),
    writes=Estimates,
    by=("day",),
    lookahead=6,
    needs=("detection", "voices", "population"),
    version=1,
)
def estimates(
    people: Frame[Public, PeopleMentions],
    declared: Frame[Public, DeclaredPlaces],
    claims: Frame[Public, Claims],
    worried: Frame[Public, Worries],
    labels: Frame[Public, TextLabels],
    experiences: Frame[Public, Experiences],
    flagged: Frame[Public, Voices],
    *,
    detection: Detection,
    voices: VoiceChoice,
    population: Population,
) -> Frame[Aggregate, Estimates]:
    """People per 100,000 posters of a week by signal and declared place, as found and weighted, through the disclosure door; without the
    voices that the site leaves out."""
    gone = gone_days(flagged.data, voices.exclude)
    rows = without(said(people.data, claims.data, worried.data, labels.data, experiences.data), gone)
    weekly = people.derive(PeopleMentions, week_of_people(rows, without(declared.data, gone)))
    return disclose_beside(
        weekly, flagged, lambda found, _, minimum: estimated(found, population, minimum), detection.minimum_cell, Estimates
    )


@dataclass(frozen=True, eq=False)
class PublicHealthGrants:
    """Consents in force for public health: the resource `public_health`. When they change, what rests on them is computed again.

    grants: as `heedful.trust.consent.in_force`.
    """

    grants: pl.DataFrame = field(default_factory=lambda: EMPTY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "grants", self.grants.filter(pl.col("purpose") == "public_health"))

    @property
    def fingerprint(self) -> str:
        text = self.grants.unique().sort(*self.grants.columns).write_csv()
        return blake2b(text.encode(), digest_size=16).hexdigest() if self.grants.height else "none"


@derivation(reads=(BodyDays,), writes=Counts, by=("day",), needs=("detection", "public_health"), version=1)
def body_counts(
    days: Frame[Consented[Held], BodyDays], *, detection: Detection, public_health: PublicHealthGrants
) -> Frame[Aggregate, Counts]:
    """Participants with an unusual body signal by declared place and day, of those who agreed to public-health use of all that is behind
    it, on days that their consent covers, through the disclosure door."""
    return disclose_consented(agreed(days, public_health.grants), count_unusual, detection.minimum_cell)


@derivation(reads=(BodyDays,), writes=Estimates, by=("day",), lookahead=6, needs=("detection", "public_health", "population"), version=1)
def body_estimates(
    days: Frame[Consented[Held], BodyDays], *, detection: Detection, public_health: PublicHealthGrants, population: Population
) -> Frame[Aggregate, Estimates]:
    """Participants with an unusual body signal in a week per 100,000 who take part, of those who agreed to public-health use: as found, and
    modelled by place, age and sex for the population of small areas (MRP), through the disclosure door."""
    weeks = agreed(days, public_health.grants)
    return disclose_figures(weeks, lambda rows, minimum: modelled(rows, population, minimum), detection.minimum_cell, Estimates)


def agreed(days: Frame[Consented[Held], BodyDays], grants: pl.DataFrame) -> Frame[Consented[PublicHealth], BodyDays]:
    """Rows that public health may see under `grants`, signal by signal: the kinds behind it, at the day itself."""
    parts = []
    for signal, kinds in KINDS.items():
        mine = for_purpose(days.derive(BodyDays, days.data.filter(pl.col("signal") == signal)), PublicHealth, grants, set(kinds))
        rows = mine.data
        for kind in kinds:
            rows = rows.filter(covered(rows, grants, pl.lit(kind), pl.col("day").cast(pl.Datetime("us", "UTC"))))
        parts.append(rows)
    nobody = for_purpose(days.derive(BodyDays, BodyDays.empty()), PublicHealth, grants, set())
    return nobody.derive(BodyDays, pl.concat(parts))


def site_population(file: str) -> Population:
    """The population table that the settings name; empty if none."""
    return Population(read_population(Path(file))) if file else Population()


def signal_names(site: Site, signals: pl.Series) -> dict[str, str]:
    """What signals of opinion and of bodies are called, by signal; concepts keep the names that the vocabulary gives them."""
    known: SiteClaims = site.engine.resources["claims"]
    claims = dict(zip(known.ids.to_list(), known.claims["claim"].to_list(), strict=True))
    return BODY_NAMES | {signal: words for signal in signals.unique().to_list() if (words := signal_name(signal, claims)) != signal}


PUBLIC: tuple[Derivation, ...] = (declared_places, worries, niche_posts, estimates, body_counts, body_estimates)
PERSONAL: tuple[Derivation, ...] = (body_days,)
